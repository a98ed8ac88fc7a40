import { BUNDLED_MODEL } from '../bundled-model.ts';
import type { Experiment } from '../experiment/experiment.ts';
import type { ModelChoice } from '../worker/messages.ts';
import { byId, html } from './elements.ts';
import { ExamplesEditor } from './examples-editor.ts';
import { drawDemonstrations, takeQueries } from './ready-made.ts';
import type { ReadyMadeTask } from './ready-made-task.ts';

/** What the user has chosen. */
export interface Chosen {
  readonly model: ModelChoice;
  readonly experiment: Experiment;
}

/** Of a model directory, what a model and its tokenizer are read from. */
const MODEL_FILES = /\.(json|txt|model|safetensors|bin|jinja)$/;

const input = (id: string): HTMLInputElement => byId(id, HTMLInputElement);

/** The form: model, task, texts, learners. */
export class Form {
  readonly #tasks: readonly ReadyMadeTask[];
  readonly #task = byId('task', HTMLSelectElement);
  readonly #demonstrations = new ExamplesEditor(
    byId('demonstrations', HTMLElement),
    byId('demonstration-count', HTMLElement),
    'demonstration',
  );
  readonly #queries = new ExamplesEditor(
    byId('queries', HTMLElement),
    byId('query-count', HTMLElement),
    'query',
  );

  constructor(tasks: readonly ReadyMadeTask[]) {
    this.#tasks = tasks;
    this.#task.replaceChildren(...tasks.map(({ id, title }) => html('option', { value: id }, title)));
    this.#task.addEventListener('change', () => {
      this.#takeTask();
      this.#adviseTask();
    });
    // Inside of a closed list the browser could not show what is lacking.
    byId('form', HTMLFormElement).addEventListener(
      'invalid',
      ({ target }) => {
        const list = target instanceof Element && target.closest('details');
        if (list) list.open = true;
      },
      true,
    );
    for (const id of ['shots', 'query-limit', 'seed'])
      input(id).addEventListener('change', () => this.#draw());
    input('answers').addEventListener('change', () => {
      for (const editor of [this.#demonstrations, this.#queries]) editor.relabel(this.#labelWords());
    });
    for (const radio of document.querySelectorAll<HTMLInputElement>('input[name="model"]'))
      radio.addEventListener('change', () => this.#showModel());
    this.#takeTask();
    this.#showModel();
  }

  /**
   * What is to be run.
   * @throws Error with a sentence for the user if something is lacking
   */
  read(): Chosen {
    const chosen = [...document.querySelectorAll<HTMLInputElement>('input[name="learner"]:checked')];
    if (chosen.length === 0) throw new Error('Choose a way of training: GD, LCGD or both.');
    return {
      model: this.#model(),
      experiment: {
        template: input('template').value,
        labelWords: this.#labelWords(),
        demonstrations: this.#demonstrations.examples,
        queries: this.#queries.examples,
        learners: chosen.map(({ value }) => value),
        learningRate: input('learning-rate').valueAsNumber,
        seed: input('seed').valueAsNumber,
      },
    };
  }

  #model(): ModelChoice {
    const kind = document.querySelector<HTMLInputElement>('input[name="model"]:checked')?.value;
    if (kind === 'hub') {
      const id = input('hub-id').value.trim();
      if (!/^[\w.-]+\/[\w.-]+(@[\w./-]+)?$|^[\w.-]+$/.test(id))
        throw new Error('Give the model’s id on the hub, as in EleutherAI/pythia-70m.');
      return { kind: 'hub', id };
    }
    if (kind === 'files') {
      const files = [...(input('model-files').files ?? [])];
      if (files.length === 0) throw new Error('Choose the folder of the model, with config.json in it.');
      return {
        kind: 'files',
        name: files[0]?.webkitRelativePath.split('/')[0] || 'model',
        files: Object.fromEntries(
          files
            .map(
              (file) => [file.webkitRelativePath.split('/').slice(1).join('/') || file.name, file] as const,
            )
            .filter(([name]) => MODEL_FILES.test(name) && !name.includes('/')),
        ),
      };
    }
    const { folder, files } = BUNDLED_MODEL;
    return { kind: 'folder', url: new URL(folder, document.baseURI).href, files };
  }

  /** Only the fields of the chosen kind of model take part. */
  #showModel(): void {
    for (const radio of document.querySelectorAll<HTMLInputElement>('input[name="model"]')) {
      const fields = document.getElementById(`fields-${radio.value}`);
      if (fields) fields.hidden = !radio.checked;
    }
    input('hub-id').required = input('model-hub').checked;
    this.#adviseTask();
  }

  /** A model that does not know the language of the texts computes, but to no end. */
  #adviseTask(): void {
    const kind = document.querySelector<HTMLInputElement>('input[name="model"]:checked')?.value;
    const invented = this.#chosenTask()?.invented ?? false;
    let advice = '';
    if (kind === 'bundled' && !invented)
      advice = 'The small model does not know English: choose another model.';
    if (kind === 'hub' && invented)
      advice = 'Models of the hub do not know this language: choose an English task.';
    byId('task-hint', HTMLElement).textContent = advice;
  }

  #labelWords(): string[] {
    return input('answers')
      .value.split(',')
      .map((word) => word.trim())
      .filter((word) => word !== '');
  }

  #takeTask(): void {
    const task = this.#chosenTask();
    if (!task) return;
    input('template').value = task.template;
    input('answers').value = task.labelWords.join(', ');
    input('learning-rate').value = String(task.learningRate);
    this.#draw();
  }

  #chosenTask(): ReadyMadeTask | undefined {
    return this.#tasks.find(({ id }) => id === this.#task.value);
  }

  #draw(): void {
    const task = this.#chosenTask();
    const [shots, queries, seed] = ['shots', 'query-limit', 'seed'].map((id) => input(id));
    if (!task || !shots?.validity.valid || !queries?.validity.valid || !seed?.validity.valid) return;
    this.#demonstrations.show(
      drawDemonstrations(task, shots.valueAsNumber, seed.valueAsNumber),
      this.#labelWords(),
    );
    this.#queries.show(takeQueries(task, queries.valueAsNumber), this.#labelWords());
  }
}
