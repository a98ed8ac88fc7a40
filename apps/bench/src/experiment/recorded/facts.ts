import { UserError } from '@icl-gd/gpu-kernels/errors';
import type { ProbeShape } from '@icl-gd/metrics';
import { requireOnce, tensorName } from './layout.ts';
import { areTokens } from '../next-tokens.ts';
import type { Kind } from './names.ts';
import type { RecordedTensor } from './probe-folder.ts';
import type { TrainingStepRecord } from '../record.ts';

/** What stands beside h and m of a setting. Lists without numbers in names are in the order of the rows. */
export interface Facts {
  readonly queryLengths: Listed | undefined;
  readonly optionLogProbs: Listed | undefined;
  /** Ids of the likeliest tokens after the prompt. */
  readonly nextTokens: Listed | undefined;
  readonly gold: Listed | undefined;
  readonly training: readonly TrainingStepRecord[];
  readonly demonstrationsInContext: number | undefined;
  readonly inapplicableMetrics: readonly string[];
  /** Sizes that the metadata say. */
  readonly sizes: Readonly<Partial<ProbeShape>>;
}

/** One list of numbers an example: by the example's number, or by its place where names have no numbers. */
export interface Listed {
  readonly byNumber: boolean;
  readonly values: ReadonlyMap<number, readonly number[]>;
  /** Where it stands, for messages. */
  readonly where: string;
}

/**
 * Reads what is small.
 * @param tensors of one setting
 * @throws UserError for what is contradictory or no such number
 */
export async function readFacts(setting: string, tensors: readonly RecordedTensor[]): Promise<Facts> {
  const of = (kind: Kind): RecordedTensor[] => tensors.filter((tensor) => tensor.kind === kind);
  const said = metadataOf(setting, tensors);
  const sizes = (
    [
      ['layers', 'layers'],
      ['heads', 'heads'],
      ['d_model', 'dModel'],
    ] as const
  ).flatMap(([key, name]) => {
    const value = wholeNumbers(said(key))?.values.get(0)?.[0];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    queryLengths: (await readListed(of('query length'), 0, said('query_lengths'))) ?? lengthsByFile(tensors),
    optionLogProbs: await readListed(of('log-probabilities'), 1, undefined),
    nextTokens: await readTokens(of('next tokens')),
    gold: await readListed(of('gold'), 0, said('gold')),
    training: await readTraining(of('loss'), of('gradient norm')),
    demonstrationsInContext: wholeNumbers(said('demonstrations_in_context'))?.values.get(0)?.[0],
    inapplicableMetrics: said('inapplicable_metrics')?.text.split(',') ?? [],
    sizes: Object.fromEntries(sizes),
  };
}

/**
 * Rows of the evaluated split, where they are said.
 * @throws UserError as {@link readFacts}
 */
export async function readRows(
  setting: string,
  tensors: readonly RecordedTensor[],
): Promise<readonly number[] | undefined> {
  const said = metadataOf(setting, tensors)('validation_rows');
  const rows = await readListed(
    tensors.filter(({ kind }) => kind === 'rows'),
    0,
    said,
  );
  return rows && [...rows.values.values()].flat();
}

interface Said {
  readonly text: string;
  readonly where: string;
}

/** What the files of a setting say under a key: the same, if several say it. */
function metadataOf(setting: string, tensors: readonly RecordedTensor[]): (key: string) => Said | undefined {
  const files = [...new Set(tensors.map(({ file }) => file))];
  return (key) => {
    const saying = files.filter(({ metadata }) => (metadata[key] ?? '') !== '');
    const [first] = saying;
    if (!first) return undefined;
    const text = first.metadata[key] as string;
    const other = saying.find(({ metadata }) => metadata[key] !== text);
    if (other)
      throw new UserError(
        `${other.path} and ${first.path} have different ${key} for ${setting} in their metadata`,
      );
    return { text, where: `${first.path}: ${key} of the metadata` };
  };
}

function wholeNumbers(said: Said | undefined): Listed | undefined {
  if (!said) return undefined;
  const values = said.text
    .replaceAll(/[[\]\s]/g, '')
    .split(',')
    .map(Number);
  requireWhole(values, said.where);
  return { byNumber: false, values: new Map(values.map((value, i) => [i, [value]])), where: said.where };
}

/** `query_length` of files that hold one example each. */
function lengthsByFile(tensors: readonly RecordedTensor[]): Listed | undefined {
  const values = new Map<number, readonly number[]>();
  let byNumber = true;
  let where = '';
  for (const { file, example } of tensors) {
    const text = file.metadata['query_length'];
    if (text === undefined) continue;
    where = `${file.path}: query_length of the metadata`;
    if (example === undefined) byNumber = false;
    requireWhole([Number(text)], where);
    values.set(example ?? 0, [Number(text)]);
  }
  return values.size === 0 ? undefined : { byNumber, values, where };
}

/**
 * @param extents of one example's: 0 for a number, 1 for a list
 * @param said by the metadata, where no tensor does
 */
async function readListed(
  tensors: readonly RecordedTensor[],
  extents: 0 | 1,
  said: Said | undefined,
): Promise<Listed | undefined> {
  const [first] = tensors;
  if (!first) return wholeNumbers(said);
  requireOnce(tensors);
  const where = tensorName(first);
  const values = new Map<number, readonly number[]>();
  const byNumber = tensors.every(({ example }) => example !== undefined);
  if (!byNumber && tensors.length > 1)
    throw new UserError(`${where}: only some of its kind have the number of an example in their names`);
  for (const tensor of tensors) {
    const numbers = [...(await elements(tensor))];
    if (extents === 0) requireWhole(numbers, tensorName(tensor));
    else requireFinite(numbers, tensorName(tensor));
    if (tensor.example !== undefined) values.set(tensor.example, numbers);
    else {
      const { shape } = tensor.info;
      const width = extents === 0 ? 1 : (shape.at(-1) ?? 1);
      if (shape.filter((extent) => extent !== 1).length > extents + 1)
        throw new UserError(
          `${tensorName(tensor)} has shape [${shape.join(', ')}], where ${extents === 0 ? '[examples]' : '[examples, options]'} is wanted`,
        );
      for (let i = 0; i * width < numbers.length; i++)
        values.set(i, numbers.slice(i * width, (i + 1) * width));
    }
  }
  return { byNumber, values, where };
}

/** @throws UserError as {@link readFacts}, and for what is no token's id */
async function readTokens(tensors: readonly RecordedTensor[]): Promise<Listed | undefined> {
  const tokens = await readListed(tensors, 1, undefined);
  const bad = [...(tokens?.values.values() ?? [])].find((own) => !areTokens(own));
  if (bad)
    throw new UserError(
      `${tokens?.where} has ${bad.slice(0, 10)}…, where ids of tokens are wanted, each once`,
    );
  return tokens;
}

async function readTraining(
  losses: readonly RecordedTensor[],
  norms: readonly RecordedTensor[],
): Promise<TrainingStepRecord[]> {
  const [loss, norm] = [losses[0], norms[0]];
  if (!loss && !norm) return [];
  const some = (loss ?? norm) as RecordedTensor;
  if (!loss || !norm || losses.length > 1 || norms.length > 1)
    throw new UserError(
      `${tensorName(some)}: training_loss and training_gradient_norm go together, one of each, [steps, layers]`,
    );
  const [steps, layers] = loss.info.shape;
  if (loss.info.shape.length !== 2 || `${loss.info.shape}` !== `${norm.info.shape}`)
    throw new UserError(
      `${tensorName(loss)} has shape [${loss.info.shape.join(', ')}], training_gradient_norm [${norm.info.shape.join(', ')}]: both are [steps, layers]`,
    );
  const [ownLosses, ownNorms] = [await elements(loss), await elements(norm)];
  requireFinite(ownLosses, tensorName(loss));
  requireFinite(ownNorms, tensorName(norm));
  const of = (values: Float64Array, step: number): number[] => [
    ...values.subarray(step * (layers as number), (step + 1) * (layers as number)),
  ];
  return Array.from({ length: steps as number }, (_, step) => ({
    losses: of(ownLosses, step),
    gradientNorms: of(ownNorms, step),
  }));
}

function requireWhole(values: ArrayLike<number>, where: string): void {
  const bad = Array.from(values).find((value) => !Number.isSafeInteger(value) || value < 0);
  if (bad !== undefined) throw new UserError(`${where} has ${bad}, where whole numbers from 0 are wanted`);
}

function requireFinite(values: ArrayLike<number>, where: string): void {
  for (let i = 0; i < values.length; i++)
    if (!Number.isFinite(values[i])) throw new UserError(`${where} is ${values[i]} at element ${i}`);
}

function elements({ file, info }: RecordedTensor): Promise<Float64Array> {
  return file.readNumbers(info.name);
}
