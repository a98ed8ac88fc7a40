import { UserError } from '@icl-gd/gpu-kernels/errors';
import type { ProbeArrays, ProbeShape } from '@icl-gd/metrics';
import { counted, listed } from '../../terminal/words.ts';
import type { TrainingStepRecord } from '../record.ts';
import { examplesToLayers, placesToRows } from './bare-numbers.ts';
import { type Facts, type Listed, readFacts, readRows } from './facts.ts';
import { type Located, locate, tensorName } from './layout.ts';
import type { Kind } from './names.ts';
import type { RecordedTensor } from './probe-folder.ts';
import { areOfOnePosition, locateOutputs, locateScores } from './transformer-lens.ts';

/** Probes of one setting that someone recorded: where they lie, and what was recorded beside them. */
export interface Recording {
  readonly setting: string;
  /** Numbers of the examples, in the order in which they are scored. */
  readonly examples: readonly number[];
  readonly shape: ProbeShape;
  /** Tokens of each example's query up to the probed one, in the same order. */
  readonly queryLengths: readonly number[];
  /** By example and option; absent where none were recorded. */
  readonly optionLogProbs: readonly (readonly number[])[] | undefined;
  /** Ids of the likeliest tokens after the prompt, by example; absent where none were recorded. */
  readonly nextTokens: readonly (readonly number[])[] | undefined;
  /** The right class by example; absent where none were recorded. */
  readonly gold: readonly number[] | undefined;
  readonly training: readonly TrainingStepRecord[];
  readonly demonstrationsInContext: number | undefined;
  readonly inapplicableMetrics: readonly string[];
  /** A file of it, for messages. */
  readonly path: string;
  /**
   * Reads h and m of every example, one after another.
   * @throws UserError for a number that is not finite
   */
  read(): Promise<ProbeArrays[]>;
}

/**
 * Puts the tensors of one setting together; of h and m nothing is read yet.
 *
 * @param zeroShot its recording, if there is one and it is not this
 * @throws UserError naming file and tensor for what is missing, damaged, contradictory or ambiguous
 */
export async function openRecording(
  setting: string,
  named: readonly RecordedTensor[],
  zeroShot: Pick<Recording, 'examples' | 'queryLengths'> | undefined,
): Promise<Recording> {
  const rows = await readRows(setting, named);
  const tensors = placesToRows(named, rows);
  const of = (kind: Kind): RecordedTensor[] => tensors.filter((tensor) => tensor.kind === kind);
  const facts = await readFacts(setting, tensors);
  const where = (tensors[0] as RecordedTensor).file.path;
  const m = locateOne(of('m'), of('hook_attn_scores'), {
    missing: `${where}: of ${setting} there is no m (attention_logits, m, or blocks.<layer>.attn.hook_attn_scores)`,
    locate: (own) => locate(own, 2),
    locateHooks: (own) =>
      locateScores(
        own,
        (tensor, keys) => queryLengthOf(setting, tensor, keys, { facts, rows, zeroShot }),
        areOfOnePosition(of('hook_attn_out')),
      ),
  });
  const h = locateOne(of('h'), of('hook_attn_out'), {
    missing: `${where}: of ${setting} there is no h (attention_output, h, or blocks.<layer>.hook_attn_out)`,
    locate: (own) => locate(examplesToLayers(own, m), 1),
    locateHooks: locateOutputs,
  });
  const shape = shapeOf(h, m);
  for (const [size, value] of Object.entries(facts.sizes))
    if (shape[size as keyof ProbeShape] !== value)
      throw new UserError(
        `${where}: the metadata say ${size} ${value}, the tensors have ${shape[size as keyof ProbeShape]}`,
      );
  const examples = orderOf(setting, h, m, { ...facts, rows });
  const inOrder = ({ ids }: Located): number[] =>
    examples.map((example, place) => (ids ? ids.indexOf(example) : place));
  const places = { h: inOrder(h), m: inOrder(m) };
  const stored = places.m.map((place) => (m.shapes[place] as [number, number])[1]);
  const queryLengths = lengthsOf(m, examples, stored, facts.queryLengths);
  const isStack = m.ids === undefined && examples.length > 1;
  const listOf = (own: Listed | undefined) => own && inOrderOf(own, examples);
  return {
    ...{ setting, examples, shape, queryLengths, path: where, training: facts.training },
    optionLogProbs: listOf(facts.optionLogProbs),
    nextTokens: listOf(facts.nextTokens),
    gold: listOf(facts.gold)?.map((own) => own[0] as number),
    demonstrationsInContext: facts.demonstrationsInContext,
    inapplicableMetrics: facts.inapplicableMetrics,
    async read() {
      const probes: ProbeArrays[] = [];
      for (const [i, example] of examples.entries()) {
        const attentionOutput = await readParts(h, places.h[i] as number);
        requireFinite(attentionOutput, h, places.h[i] as number, example);
        const padded = await readParts(m, places.m[i] as number);
        const width = stored[i] as number;
        const span =
          isStack && !facts.queryLengths
            ? spanWithin(padded, width)
            : spanOf(padded, queryLengths[i] as number, width, () => tensorName(m.first));
        const attentionScores = cutTo(padded, span, width);
        requireFinite(attentionScores, m, places.m[i] as number, example);
        probes.push({ attentionOutput, attentionScores });
      }
      return probes;
    },
  };
}

function locateOne(
  tensors: readonly RecordedTensor[],
  hooks: readonly RecordedTensor[],
  options: {
    readonly missing: string;
    readonly locate: (tensors: readonly RecordedTensor[]) => Located;
    readonly locateHooks: (tensors: readonly RecordedTensor[]) => Located;
  },
): Located {
  const [plain] = tensors;
  const [hook] = hooks;
  if (plain && hook)
    throw new UserError(
      `${tensorName(hook)} and ${tensorName(plain)} are the same of ${plain.setting}: which of them counts?`,
    );
  if (!plain && !hook) throw new UserError(options.missing);
  return plain ? options.locate(tensors) : options.locateHooks(hooks);
}

/** Sizes that h and m of all examples have in common. */
function shapeOf(h: Located, m: Located): ProbeShape {
  const same = ({ shapes, parts }: Located, what: string): number => {
    const sizes = shapes.map(([size]) => size as number);
    const other = sizes.findIndex((size) => size !== sizes[0]);
    if (other < 0) return sizes[0] as number;
    const [part] = parts[other] as Located['parts'][number];
    throw new UserError(`${tensorName(part!.tensor)} has ${what} ${sizes[other]}, others have ${sizes[0]}`);
  };
  if (h.layers !== m.layers)
    throw new UserError(
      `${tensorName(m.first)} has ${counted(m.layers, 'layer')}, ${JSON.stringify(h.first.info.name)} has ${h.layers}`,
    );
  return { layers: h.layers, heads: same(m, 'heads'), dModel: same(h, 'd_model') };
}

/** The rows that are said, else the numbers in names from the smallest, else 0, 1, … */
function orderOf(
  setting: string,
  h: Located,
  m: Located,
  {
    rows,
    queryLengths,
    optionLogProbs,
    nextTokens,
    gold,
  }: Facts & { readonly rows: readonly number[] | undefined },
): number[] {
  const lists = [queryLengths, optionLogProbs, nextTokens, gold].flatMap((own) =>
    own
      ? [{ where: own.where, ids: own.byNumber ? [...own.values.keys()] : undefined, count: own.values.size }]
      : [],
  );
  const all = [
    ...[h, m].map(({ first, ids, parts }) => ({ where: tensorName(first), ids, count: parts.length })),
    ...lists,
  ];
  const numbered = all.find(({ ids }) => ids);
  const count = rows?.length ?? (numbered ?? all[0])?.count ?? 0;
  const order =
    rows ?? numbered?.ids?.toSorted((a, b) => a - b) ?? Array.from({ length: count }, (_, i) => i);
  if (new Set(order).size !== order.length)
    throw new UserError(`${tensorName(h.first)}: validation_rows name a row twice`);
  for (const { where, ids, count: own } of all) {
    if (own !== count)
      throw new UserError(`${where} is of ${counted(own, 'example')}, others of ${setting} are of ${count}`);
    const strange = ids?.find((id) => !order.includes(id));
    if (strange !== undefined)
      throw new UserError(
        `${where} is of example ${strange}, which others of ${setting} lack (${listed(order.map(String), 4)})`,
      );
    if (!ids && !rows && order.some((id, place) => id !== place))
      throw new UserError(
        `${where} is a list of all examples, but others have numbers ${listed(order.map(String), 4)} in their names: say the order of the list as validation_rows`,
      );
  }
  return [...order];
}

function inOrderOf({ byNumber, values }: Listed, examples: readonly number[]): (readonly number[])[] {
  return examples.map((example, place) => values.get(byNumber ? example : place) as readonly number[]);
}

/** What is stored, less what fills it up. */
function lengthsOf(
  m: Located,
  examples: readonly number[],
  stored: readonly number[],
  said: Listed | undefined,
): readonly number[] {
  if (!said) return stored;
  const lengths = inOrderOf(said, examples).map(([length]) => length as number);
  const wrong = lengths.findIndex((length, i) => length < 1 || length > (stored[i] as number));
  if (wrong >= 0)
    throw new UserError(
      `${said.where}: example ${examples[wrong]} has a query of ${lengths[wrong]} tokens, but m of ${JSON.stringify(m.first.info.name)} has ${stored[wrong]}`,
    );
  return lengths;
}

/** Tokens of the query, where a cache has keys of all tokens before it too. */
function queryLengthOf(
  setting: string,
  tensor: RecordedTensor,
  keys: number,
  {
    facts,
    rows,
    zeroShot,
  }: {
    readonly facts: Facts;
    readonly rows: readonly number[] | undefined;
    readonly zeroShot: Pick<Recording, 'examples' | 'queryLengths'> | undefined;
  },
): number {
  const { example = 0 } = tensor;
  const place = rows?.indexOf(example) ?? example;
  const said = facts.queryLengths?.values.get(facts.queryLengths.byNumber ? example : place)?.[0];
  if (said !== undefined) return said;
  // BOS and the query.
  if (setting === 'ZSL') return keys - 1;
  const length = zeroShot?.queryLengths[zeroShot.examples.indexOf(example)];
  if (length !== undefined) return length;
  throw new UserError(
    `${tensorName(tensor)} has ${keys} keys, and nothing says how many of them are the query's: neither query_length nor a ZSL recording of example ${example}`,
  );
}

async function readParts({ parts }: Located, place: number): Promise<Float32Array> {
  const own = parts[place] as Located['parts'][number];
  const read: Float32Array[] = [];
  for (const { tensor, runs } of own) read.push(await tensor.file.read(tensor.info.name, runs));
  if (read.length === 1) return read[0] as Float32Array;
  const values = new Float32Array(read.reduce((total, { length }) => total + length, 0));
  let done = 0;
  for (const part of read) {
    values.set(part, done);
    done += part.length;
  }
  return values;
}

/** Keys of a row of m that are the query's; what stands before or after them fills it up. */
interface Span {
  readonly first: number;
  readonly length: number;
}

/** What lies between keys at which every head of every layer has NaN, infinity, or what a mask puts in their place. */
function spanWithin(values: Float32Array, stored: number): Span {
  const isFilling = (key: number): boolean => {
    for (let at = key; at < values.length; at += stored)
      if (values[at] === 0 || !isPadding(values[at] as number)) return false;
    return true;
  };
  let [first, end] = [0, stored];
  while (end > 1 && isFilling(end - 1)) end--;
  while (first < end - 1 && isFilling(first)) first++;
  return { first, length: end - first };
}

/**
 * Where a query of known length stands in a stack that is as long as the longest: at the start of each row, or at its end.
 * @throws UserError if the rest is more than what fills it up
 */
function spanOf(values: Float32Array, length: number, stored: number, where: () => string): Span {
  const strange = (first: number, count: number): number | undefined => {
    for (let row = 0; row < values.length; row += stored)
      for (let at = row + first; at < row + first + count; at++)
        if (!isPadding(values[at] as number)) return values[at];
    return undefined;
  };
  const rest = stored - length;
  const after = strange(length, rest);
  if (after === undefined) return { first: 0, length };
  if (strange(0, rest) === undefined) return { first: rest, length };
  throw new UserError(
    `${where()} has ${after} after the ${length} tokens of a query: it is filled up with 0, NaN or -inf, at the end or at the beginning`,
  );
}

function cutTo(values: Float32Array, { first, length }: Span, stored: number): Float32Array {
  if (length === stored) return values;
  const rows = values.length / stored;
  const cut = new Float32Array(rows * length);
  for (let row = 0; row < rows; row++)
    cut.set(values.subarray(row * stored + first, row * stored + first + length), row * length);
  return cut;
}

/** Also what a mask puts in place of -inf. */
function isPadding(value: number): boolean {
  return value === 0 || !Number.isFinite(value) || value <= -1e4;
}

function requireFinite(values: Float32Array, { parts }: Located, place: number, example: number): void {
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  const own = parts[place] as Located['parts'][number];
  let before = 0;
  const part = own.find(({ runs }) => (before += runs.reduce((total, [, count]) => total + count, 0)) > bad);
  const { tensor } = part ?? own[0]!;
  throw new UserError(
    `${tensorName(tensor)} is ${values[bad]} in example ${example}: h and m must be finite`,
  );
}
