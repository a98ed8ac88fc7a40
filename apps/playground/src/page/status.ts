import { byId } from './elements.ts';

/** Progress, notes and errors. Only what changes rarely is announced; the numbers are in the bar. */
export class Status {
  readonly #doing = byId('doing', HTMLElement);
  readonly #count = byId('count', HTMLElement);
  readonly #bar = byId('bar', HTMLProgressElement);
  readonly #notes = byId('notes', HTMLElement);
  readonly #error = byId('error', HTMLElement);
  #announced = '';

  /** A new run. */
  start(): void {
    this.#notes.replaceChildren();
    this.#error.textContent = '';
    this.#bar.hidden = false;
    this.#bar.removeAttribute('value');
    this.say('Opening the device and the model …');
    // On a narrow page it is below the form.
    this.#bar.scrollIntoView({ block: 'nearest' });
  }

  /** What is being done, announced where it differs from before; how far it is. */
  say(doing: string, finished?: number, total?: number, count = ''): void {
    if (doing !== this.#announced) this.#doing.textContent = doing;
    this.#announced = doing;
    this.#count.textContent = count;
    if (finished === undefined || total === undefined) return;
    this.#bar.max = Math.max(total, 1);
    this.#bar.value = finished;
  }

  note(text: string): void {
    const item = document.createElement('p');
    item.textContent = text;
    this.#notes.append(item);
  }

  /** The last word on a run. */
  end(text: string): void {
    this.#bar.hidden = true;
    this.say(text);
  }

  fail(message: string): void {
    this.end('Stopped.');
    this.refuse(message);
  }

  /** Says what is wrong before anything has begun. */
  refuse(message: string): void {
    this.#error.textContent = message;
    this.#error.scrollIntoView({ block: 'nearest' });
  }
}
