import { Form } from './page/form.ts';
import { byId } from './page/elements.ts';
import { toCsv } from './page/csv.ts';
import { download } from './page/download.ts';
import { readyMadeTasks } from './page/ready-made.ts';
import { Results } from './page/results.ts';
import { Status } from './page/status.ts';
import { withoutWebGpu } from './page/without-webgpu.ts';
import { Computation } from './worker/client.ts';
import type { Answer } from './worker/messages.ts';

const status = new Status();
const run = byId('run', HTMLButtonElement);
const cancel = byId('cancel', HTMLButtonElement);
const save = byId('download', HTMLButtonElement);
const large = byId('large', HTMLDialogElement);
const computation = new Computation(hear);
let results: Results | undefined;

const reason = withoutWebGpu();
if (reason !== undefined) {
  byId('unsupported', HTMLElement).textContent = reason;
  run.disabled = true;
}

try {
  const form = new Form(await readyMadeTasks());
  byId('form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    start(form);
  });
} catch (error) {
  status.refuse(`The page is not complete: ${(error as Error).message}`);
}
cancel.addEventListener('click', () => {
  status.say('Stopping …');
  computation.cancel();
});
save.addEventListener('click', () => {
  if (results) download('icl-gd.csv', toCsv(results.told));
});
large.addEventListener('close', () => {
  if (large.returnValue === 'proceed') computation.proceed();
  else computation.cancel();
});

function start(form: Form): void {
  if (run.disabled) return;
  try {
    const { model, experiment } = form.read();
    status.start();
    results = new Results(experiment);
    setRunning(true);
    // Read by now, and the results need its place.
    byId('about', HTMLDetailsElement).open = false;
    computation.run(model, experiment);
  } catch (error) {
    status.refuse((error as Error).message);
  }
}

function setRunning(running: boolean): void {
  run.disabled = running;
  cancel.disabled = !running;
  save.disabled = running || !results || results.empty;
  // Whoever pressed one button with the keyboard is on the other now.
  if (document.activeElement === document.body || document.activeElement === (running ? run : cancel))
    (running ? cancel : run).focus();
}

function hear(answer: Answer): void {
  switch (answer.kind) {
    case 'event':
      if (answer.event.kind === 'progress') {
        const { doing, finished, total } = answer.event;
        status.say(doing, finished, total, `${finished} of ${total}`);
      } else results?.take(answer.event);
      break;
    case 'model':
      results?.model(answer.model);
      break;
    case 'loading':
      status.say(
        'Reading the model',
        answer.finished,
        answer.total,
        `${megabytes(answer.finished)} of ${megabytes(answer.total)}`,
      );
      break;
    case 'large':
      byId('large-text', HTMLElement).textContent =
        `${answer.name} has ${megabytes(answer.bytes)} to read, and needs up to twice that in the memory of the graphics card.`;
      large.returnValue = 'cancel';
      large.showModal();
      break;
    case 'note':
      status.note(answer.text);
      break;
    case 'finished':
      results?.finish();
      setRunning(false);
      status.end('Finished.');
      break;
    case 'cancelled':
      setRunning(false);
      status.end('Cancelled.');
      break;
    case 'failed':
      setRunning(false);
      status.fail(answer.message);
  }
}

function megabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
