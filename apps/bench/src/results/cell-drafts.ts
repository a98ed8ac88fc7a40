import { UserError } from '@icl-gd/gpu-kernels/errors';
import { IndexedList } from './indexed-list.ts';
import type { CellKey } from './cell-key.ts';
import { type MeasuredCell, NO_METHOD } from './measured.ts';
import { type TableRow, number, text, whole } from './read-table.ts';

/** Empty for methods that take none; in tables of earlier versions they have the run's. */
export const rateOrNull = (field: string): number | null => (field === '' ? null : number(field));

/** Columns that say which cell a row is of. */
export const CELL = {
  ...{ variant: text, dataset: text, method: text },
  ...{ seed: whole, permutation: whole, learning_rate: rateOrNull },
};
export type CellRow = Pick<TableRow<typeof CELL>, 'values' | 'place'>;

/** A {@link MeasuredCell} that is being filled. */
export class CellDraft {
  readonly #key: CellKey;
  readonly numbers = new Map<string, number | null>();
  readonly layers = new Map<string, IndexedList<number | null>>();
  /** By metric, where the run wrote it. */
  readonly definedShares = new Map<string, IndexedList<number | null>>();
  /** By metric; NaN where undefined. */
  readonly examples = new Map<string, number[]>();
  readonly exampleRows: number[] = [];
  readonly gradientNorms = new IndexedList<IndexedList<number>>('step');
  readonly releasedGradientNorms = new IndexedList<IndexedList<number>>('step');

  constructor(key: CellKey) {
    this.#key = key;
  }

  get method(): string {
    return this.#key.method;
  }

  get takesRate(): boolean {
    return this.#key.learningRate !== null;
  }

  /**
   * The cell, once every row has been read.
   * @param examples that the trial counts, if it does
   * @throws UserError if something is left out
   */
  finish(examples: number | null | undefined): MeasuredCell {
    const wanted = this.layers.size === 0 ? 0 : (examples ?? this.exampleRows.length);
    if (this.exampleRows.length !== wanted) {
      throw new UserError(
        `examples.csv has ${this.exampleRows.length} rows of ${this.#name()}; by summary.csv and layerwise.csv they are ${wanted}`,
      );
    }
    const scores = [...this.layers].map(([metric, layers]) => {
      const examples = Float64Array.from(this.examples.get(metric) ?? []);
      const shares = this.definedShares.get(metric)?.complete();
      return [
        metric,
        { layers: layers.complete(), ...(shares ? { definedShares: shares } : {}), examples },
      ] as const;
    });
    return {
      ...this.#key,
      scores: new Map(scores),
      numbers: this.numbers,
      exampleRows: this.exampleRows,
      gradientNorms: this.#byStep('training.csv', this.gradientNorms),
      releasedGradientNorms: this.#byStep('training_released.csv', this.releasedGradientNorms),
    };
  }

  #byStep(file: string, steps: IndexedList<IndexedList<number>>): (readonly number[])[] {
    const norms = steps.complete().map((layers) => layers.complete());
    const layers = norms[0]?.length;
    const other = norms.findIndex(({ length }) => length !== layers);
    if (other < 0) return norms;
    throw new UserError(
      `${file}: of ${this.#name()}, step 0 has ${layers} layers and step ${other} has ${norms[other]?.length}`,
    );
  }

  #name(): string {
    const { variant, dataset, method, seed, permutation } = this.#key;
    return `variant ${variant}, dataset ${dataset}, method ${method}, seed ${seed}, permutation ${permutation}`;
  }
}

/** Cells of a run that is being read, by trial, and by method and rate: a trial may have a method at several. */
export class CellDrafts {
  readonly #trials = new Map<string, Map<string, CellDraft>>();

  /**
   * The row's cell, new if need be, as the last of its trial.
   * @throws UserError if the rate is missing that its method has
   */
  moveLast({ values, place }: CellRow): CellDraft {
    const id = trialOf(values);
    const { variant, dataset, method, seed, permutation, learning_rate: learningRate } = values;
    let trial = this.#trials.get(id);
    if (!trial) this.#trials.set(id, (trial = new Map()));
    const own = methodOf(values);
    let draft = trial.get(own);
    if (!draft) {
      if (learningRate === null && method === NO_METHOD)
        throw new UserError(`${place('learning_rate')} is empty`);
      const takesRate = learningRate !== null;
      if ([...trial.values()].some((other) => other.method === method && other.takesRate !== takesRate))
        throw new UserError(
          `${place('learning_rate')} is empty in some rows of ${method}, and a rate in others`,
        );
      draft = new CellDraft({ variant, dataset, method, seed, permutation, learningRate });
    }
    trial.delete(own);
    trial.set(own, draft);
    return draft;
  }

  hasTrial({ values }: CellRow): boolean {
    return this.#trials.has(trialOf(values));
  }

  /** @throws UserError if summary.csv does not have the row's cell */
  of({ values, place }: CellRow): CellDraft {
    const draft = this.#trials.get(trialOf(values))?.get(methodOf(values));
    if (draft) return draft;
    const { variant, dataset, method, seed, permutation, learning_rate: rate } = values;
    throw new UserError(
      `${place('method')} ${method}: summary.csv has no such cell (variant ${variant}, dataset ${dataset}, seed ${seed}, permutation ${permutation}, learning rate ${rate})`,
    );
  }

  /** @throws UserError if something is left out */
  finish(): MeasuredCell[] {
    return [...this.#trials.values()].flatMap((trial) => {
      const counts = [...trial.values()].flatMap((draft) =>
        draft.method === NO_METHOD ? [draft.numbers.get('examples')] : [],
      );
      return [...trial.values()].map((draft) => draft.finish(counts[0]));
    });
  }
}

type KeyOfRow = CellRow['values'];

function trialOf({ variant, dataset, seed, permutation }: KeyOfRow): string {
  return JSON.stringify([variant, dataset, seed, permutation]);
}

function methodOf({ method, learning_rate: rate }: KeyOfRow): string {
  return JSON.stringify([method, rate]);
}
