import { layerMetrics, metrics } from '@icl-gd/metrics';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import {
  type DatasetSize,
  type MeasuredCell,
  type MeasuredNoise,
  type MeasuredRun,
  NO_METHOD,
} from './measured.ts';
import { readOptionalTable, readTable } from './read-table.ts';

const CELL_TEXT = ['variant', 'dataset', 'method'] as const;
const CELL_NUMBERS = ['seed', 'permutation', 'learning_rate'] as const;

type CellRow = {
  readonly text: Readonly<Record<(typeof CELL_TEXT)[number], string>>;
  readonly number: Readonly<Record<(typeof CELL_NUMBERS)[number], number | null>>;
};

/** A {@link MeasuredCell} that is being filled. */
interface Draft {
  readonly key: Pick<
    MeasuredCell,
    'variant' | 'dataset' | 'method' | 'seed' | 'permutation' | 'learningRate'
  >;
  readonly layers: Map<string, (number | null)[]>;
  readonly examples: Map<string, number[]>;
  readonly numbers: Map<string, number | null>;
  readonly exampleRows: number[];
  readonly gradientNorms: number[][];
  readonly releasedGradientNorms: number[][];
}

/**
 * Reads a run back from its tables.
 * @throws UserError if the folder does not hold the files of a finished run, naming file, line and column
 */
export async function readRun(folder: string): Promise<MeasuredRun> {
  const drafts = new Map<string, Draft>();
  let model = '';
  const draftOf = ({ text, number }: CellRow): Draft => {
    const { variant, dataset, method } = text;
    const key = {
      ...{ variant, dataset, method, seed: number.seed ?? 0, permutation: number.permutation ?? 0 },
      learningRate: number.learning_rate ?? 0,
    };
    const id = JSON.stringify(key);
    let draft = drafts.get(id);
    if (!draft) drafts.set(id, (draft = emptyDraft(key)));
    return draft;
  };
  for await (const row of readTable(folder, 'summary.csv', {
    text: ['model', ...CELL_TEXT, 'metric'],
    number: [...CELL_NUMBERS, 'value'],
  })) {
    model = row.text.model;
    requireRange(row.text.metric, row.number.value, () => row.place('value'));
    draftOf(row).numbers.set(row.text.metric, row.number.value);
  }
  const sizes = await readSizes(folder);
  await readSteps(folder, draftOf);
  for await (const row of readTable(folder, 'layerwise.csv', {
    text: [...CELL_TEXT, 'metric'],
    number: [...CELL_NUMBERS, 'layer', 'value'],
  })) {
    requireRange(row.text.metric, row.number.value, () => row.place('value'));
    append(draftOf(row).layers, row.text.metric, row.number.value);
  }
  const ids = layerMetrics.map(({ id }) => id);
  for await (const row of readTable(folder, 'examples.csv', {
    text: CELL_TEXT,
    number: [...CELL_NUMBERS, 'example', ...ids] as string[],
  })) {
    const draft = draftOf(row as CellRow);
    draft.exampleRows.push(row.number['example'] ?? 0);
    for (const metric of draft.layers.keys()) {
      const value = row.number[metric] ?? null;
      requireRange(metric, value, () => row.place(metric));
      append(draft.examples, metric, value ?? Number.NaN);
    }
  }
  const cells = [...drafts.values()].map(finish);
  return {
    model,
    cells,
    variants: [...new Set(cells.map(({ variant }) => variant))],
    methods: [...new Set(cells.map(({ method }) => method))].filter((method) => method !== NO_METHOD),
    sizes,
    noise: await readNoise(folder),
  };
}

async function readSizes(folder: string): Promise<Map<string, DatasetSize>> {
  const sizes = new Map<string, DatasetSize>();
  for await (const { text, number } of readTable(folder, 'table3.csv', {
    text: ['dataset'],
    number: ['train', 'validation', 'average_tokens'],
  }))
    sizes.set(text.dataset, {
      train: number.train ?? 0,
      validation: number.validation ?? 0,
      averageTokens: number.average_tokens ?? 0,
    });
  return sizes;
}

async function readSteps(folder: string, draftOf: (row: CellRow) => Draft): Promise<void> {
  const columns = { text: CELL_TEXT, number: [...CELL_NUMBERS, 'step', 'layer', 'gradient_norm'] } as const;
  const put = (
    steps: number[][],
    { step, layer, gradient_norm: norm }: Record<'step' | 'layer' | 'gradient_norm', number | null>,
  ): void => {
    (steps[step ?? 0] ??= [])[layer ?? 0] = norm ?? Number.NaN;
  };
  for await (const row of readTable(folder, 'training.csv', columns))
    put(draftOf(row).gradientNorms, row.number);
  for await (const row of readOptionalTable(folder, 'training_released.csv', columns))
    put(draftOf(row).releasedGradientNorms, row.number);
}

async function readNoise(folder: string): Promise<MeasuredNoise[]> {
  const noise: MeasuredNoise[] = [];
  for await (const { text, number } of readOptionalTable(folder, 'noise_floor.csv', {
    text: [...CELL_TEXT, 'metric', 'perturbation'],
    number: ['learning_rate', 'value', 'example_change'],
  }))
    noise.push({
      ...text,
      learningRate: number.learning_rate ?? 0,
      value: number.value,
      exampleChange: number.example_change,
    });
  return noise;
}

function emptyDraft(key: Draft['key']): Draft {
  return {
    key,
    layers: new Map(),
    examples: new Map(),
    numbers: new Map(),
    exampleRows: [],
    gradientNorms: [],
    releasedGradientNorms: [],
  };
}

function finish({ key, layers, examples, ...draft }: Draft): MeasuredCell {
  const scores = [...layers].map(
    ([metric, own]) =>
      [metric, { layers: own, examples: Float64Array.from(examples.get(metric) ?? []) }] as const,
  );
  return { ...key, ...draft, scores: new Map(scores) };
}

function append<T>(lists: Map<string, T[]>, name: string, value: T): void {
  const list = lists.get(name);
  if (list) list.push(value);
  else lists.set(name, [value]);
}

const RANGES = new Map(metrics.map(({ id, range }) => [id, range]));

/** @throws UserError for a value that the metric cannot have */
function requireRange(metric: string, value: number | null, place: () => string): void {
  const [least, most] = RANGES.get(metric) ?? [null, null];
  if (value === null || (value >= (least ?? -Infinity) && value <= (most ?? Infinity))) return;
  throw new UserError(`${place()} ${value}: ${metric} lies between ${least ?? '-∞'} and ${most ?? '∞'}`);
}
