import type { LabelledText } from '../experiment/experiment.ts';
import { html } from './elements.ts';

/** A list of texts with their answers that can be changed. */
export class ExamplesEditor {
  readonly #list: HTMLElement;
  readonly #count: HTMLElement;
  readonly #noun: string;
  readonly #add: HTMLButtonElement;
  #labelWords: readonly string[] = [];

  /**
   * @param parent takes the list
   * @param count shows how many there are
   * @param noun what an entry is: `demonstration`
   */
  constructor(parent: HTMLElement, count: HTMLElement, noun: string) {
    this.#noun = noun;
    this.#count = count;
    this.#list = html('ol', { class: 'examples' });
    this.#add = html(
      'button',
      { type: 'button', class: 'quiet', onclick: () => this.#addEmpty() },
      `Add a ${noun}`,
    );
    parent.append(this.#list, this.#add);
  }

  get examples(): LabelledText[] {
    return this.#rows().map(({ text, answer }) => ({ text: text.value.trim(), label: answer.selectedIndex }));
  }

  /** Shows other examples. */
  show(examples: readonly LabelledText[], labelWords: readonly string[]): void {
    this.#labelWords = labelWords;
    this.#list.replaceChildren(...examples.map((example) => this.#row(example)));
    this.#number();
  }

  /** Other answers; each example keeps the place of its own among them, and one that has none now waits for a choice. */
  relabel(labelWords: readonly string[]): void {
    this.#labelWords = labelWords;
    for (const { answer } of this.#rows()) {
      answer.replaceChildren(...this.#options());
      answer.selectedIndex = placeOf(answer, labelWords.length);
    }
  }

  #rows(): { text: HTMLInputElement; answer: HTMLSelectElement; remove: HTMLButtonElement }[] {
    return [...this.#list.children].map((row) => ({
      text: row.querySelector('input') as HTMLInputElement,
      answer: row.querySelector('select') as HTMLSelectElement,
      remove: row.querySelector('button') as HTMLButtonElement,
    }));
  }

  #options(): HTMLOptionElement[] {
    return this.#labelWords.map((word) => html('option', {}, word));
  }

  #row({ text, label }: LabelledText): HTMLLIElement {
    const answer = html('select', { required: true, 'data-label': label }, ...this.#options());
    answer.addEventListener('change', () => (answer.dataset['label'] = String(answer.selectedIndex)));
    answer.selectedIndex = placeOf(answer, this.#labelWords.length);
    const row = html(
      'li',
      {},
      html('input', { type: 'text', value: text, required: true, autocomplete: 'off', spellcheck: 'false' }),
      answer,
      html('button', { type: 'button', class: 'quiet remove', onclick: () => this.#remove(row) }, '✕'),
    );
    return row;
  }

  #addEmpty(): void {
    this.#list.append(this.#row({ text: '', label: 0 }));
    this.#number();
    this.#rows().at(-1)?.text.focus();
  }

  #remove(row: HTMLLIElement): void {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    this.#number();
    // The keyboard goes on from where it was.
    (next?.querySelector('button') ?? this.#add).focus();
  }

  #number(): void {
    const rows = this.#rows();
    for (const [i, { text, answer, remove }] of rows.entries()) {
      const name = `${this.#noun} ${i + 1}`;
      text.setAttribute('aria-label', `Text of ${name}`);
      answer.setAttribute('aria-label', `Answer of ${name}`);
      remove.setAttribute('aria-label', `Remove ${name}`);
    }
    this.#count.textContent = String(rows.length);
  }
}

/** Where the chosen answer stands among so many; −1 where it does not. */
function placeOf(answer: HTMLSelectElement, count: number): number {
  const label = Number(answer.dataset['label']);
  return label < count ? label : -1;
}
