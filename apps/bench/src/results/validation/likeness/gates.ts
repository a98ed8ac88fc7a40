import type { GateRow } from '../../development/measured-development.ts';

export type GateOutcome = GateRow['outcome'];

/** From the worst on: of several learners the worst counts. */
const ORDER: readonly GateOutcome[] = ['nothing was learned', 'undecided', 'not measured', 'learned'];

/** Whether a cell can speak about likeness to ICL: whether ICL and the learner beat zero-shot on development data. */
export class Gates {
  readonly rows: readonly GateRow[];
  readonly #outcomes: ReadonlyMap<string, GateOutcome>;

  constructor(rows: readonly GateRow[] = []) {
    this.rows = rows;
    this.#outcomes = new Map(rows.map(({ dataset, method, outcome }) => [keyOf(dataset, method), outcome]));
  }

  /** Of a comparison of learners. A direction has no rate: it stands where the learner at its published rate does. */
  of(dataset: string, ...methods: readonly string[]): GateOutcome {
    const own = methods.map(
      (method) => this.#outcomes.get(keyOf(dataset, published(method))) ?? 'not measured',
    );
    return ORDER.find((outcome) => own.includes(outcome)) ?? 'not measured';
  }
}

function keyOf(dataset: string, method: string): string {
  return JSON.stringify([dataset, method]);
}

function published(method: string): string {
  return method.replace(/\[tangent\]$/, '').replace(/,tangent(?=[\],])|(?<=\[)tangent,/, '');
}
