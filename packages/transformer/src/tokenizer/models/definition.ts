import { z } from 'zod';
import { UserError } from '../../errors.ts';
import { quote } from '../../words.ts';

/** No vocabulary comes near; larger ones cannot be the place in a list. */
export const LARGEST_ID = 2 ** 31 - 1;

/** Tokens by id; ids may be missing. */
export type TokensById = readonly (string | undefined)[];

/** Ids of two tokens and of the one that they become, by rank. */
export interface Merges {
  readonly left: Uint32Array;
  readonly right: Uint32Array;
  readonly result: Uint32Array;
}

export interface BpeDefinition {
  readonly type: 'BPE';
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly tokens: TokensById;
  readonly merges: Merges;
  readonly unk_token: string | null;
  readonly continuing_subword_prefix: string;
  readonly end_of_word_suffix: string;
  readonly fuse_unk: boolean;
  readonly byte_fallback: boolean;
  readonly ignore_merges: boolean;
}

export interface UnigramDefinition {
  readonly type: 'Unigram';
  readonly vocabulary: ReadonlyMap<string, number>;
  /** By id. */
  readonly scores: readonly number[];
  readonly tokens: TokensById;
  readonly unk_id: number | null;
  readonly byte_fallback: boolean;
}

export interface WordPieceDefinition {
  readonly type: 'WordPiece';
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly tokens: TokensById;
  readonly unk_token: string;
  readonly continuing_subword_prefix: string;
  /** In code points. */
  readonly max_input_chars_per_word: number;
}

export interface WordLevelDefinition {
  readonly type: 'WordLevel';
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly tokens: TokensById;
  readonly unk_token: string;
}

/** The model of a tokenizer.json, checked: all that Rust's tokenizers 0.23 knows. */
export type ModelDefinition = BpeDefinition | UnigramDefinition | WordPieceDefinition | WordLevelDefinition;

const strict = {
  error: (issue: { code?: string | undefined; keys?: unknown }): string | undefined =>
    issue.code === 'unrecognized_keys' && Array.isArray(issue.keys)
      ? `${quote(String(issue.keys[0]))} is not an option of this model that is known here`
      : undefined,
};
// Not z.record, which drops a token called __proto__; the content is checked apart, since there may be millions.
const vocabulary = z.custom<Readonly<Record<string, unknown>>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must map tokens to ids',
);
const list = (of: string): z.ZodType<readonly unknown[]> =>
  z.custom<readonly unknown[]>(Array.isArray, `must be a list of ${of}`);
const optionalText = z.string().nullish();
const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);

const bpe = z.strictObject(
  {
    type: z.literal('BPE'),
    dropout: z
      .literal(0, 'is not supported: with dropout the same text gives other tokens every time')
      .nullish(),
    unk_token: optionalText,
    continuing_subword_prefix: z
      .string()
      .regex(/^[\0-\x7f]*$/, 'must be ASCII')
      .nullish(),
    end_of_word_suffix: optionalText,
    fuse_unk: flag,
    byte_fallback: flag,
    ignore_merges: flag,
    vocab: vocabulary,
    merges: list('merges'),
  },
  strict,
);
const unigram = z.strictObject(
  {
    type: z.literal('Unigram'),
    unk_id: z.int().nonnegative().nullish(),
    byte_fallback: flag,
    vocab: list('tokens with their scores'),
  },
  strict,
);
const wordPiece = z.strictObject(
  {
    type: z.literal('WordPiece'),
    unk_token: z.string(),
    continuing_subword_prefix: z.string(),
    max_input_chars_per_word: z.int().nonnegative(),
    vocab: vocabulary,
  },
  strict,
);
const wordLevel = z.strictObject(
  { type: z.literal('WordLevel'), unk_token: z.string(), vocab: vocabulary },
  strict,
);

/** The options of a model; what is in its lists is checked by `readModel`. */
export const modelOptions = z.discriminatedUnion(
  'type',
  [bpe, unigram, wordPiece, wordLevel],
  'must be BPE, WordPiece, WordLevel or Unigram',
);

/** Early tokenizer.json files do not say what their model is. */
export function withModelType(model: unknown): unknown {
  if (typeof model !== 'object' || model === null || Array.isArray(model) || Object.hasOwn(model, 'type'))
    return model;
  return { type: modelType(model), ...model };
}

function modelType(model: object): string {
  if (Object.hasOwn(model, 'merges')) return 'BPE';
  if ('vocab' in model && Array.isArray(model.vocab)) return 'Unigram';
  return Object.hasOwn(model, 'max_input_chars_per_word') ? 'WordPiece' : 'WordLevel';
}

/**
 * Checks what is in the lists of a model.
 *
 * @param exact whether scores are the numbers of the file, as in Python, or what Rust's JSON reader makes of them
 * @throws UserError naming the first token or merge that cannot be
 */
export function readModel(
  options: z.infer<typeof modelOptions>,
  file: string,
  exact: boolean,
): ModelDefinition {
  if (options.type === 'Unigram') return readUnigram(options, file, exact);
  const { vocabulary: ids, tokens } = readVocabulary(options.vocab, file);
  if (options.type !== 'BPE') {
    const { vocab: _, ...rest } = options;
    return { ...rest, vocabulary: ids, tokens };
  }
  const prefix = options.continuing_subword_prefix ?? '';
  return {
    type: 'BPE',
    vocabulary: ids,
    tokens,
    merges: readMerges(options.merges, { vocabulary: ids, prefix, file }),
    unk_token: options.unk_token ?? null,
    continuing_subword_prefix: prefix,
    end_of_word_suffix: options.end_of_word_suffix ?? '',
    fuse_unk: options.fuse_unk,
    byte_fallback: options.byte_fallback,
    ignore_merges: options.ignore_merges,
  };
}

function checkToken(token: string, file: string): void {
  if (token.isWellFormed()) return;
  throw new UserError(`${file}: token ${quote(token)} has half of a surrogate pair, which is no character`);
}

function readVocabulary(
  vocab: Readonly<Record<string, unknown>>,
  file: string,
): { vocabulary: Map<string, number>; tokens: (string | undefined)[] } {
  const vocabulary = new Map<string, number>();
  const tokens: (string | undefined)[] = [];
  for (const token of Object.keys(vocab)) {
    checkToken(token, file);
    const id = vocab[token];
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id > LARGEST_ID) {
      throw new UserError(`${file}: token ${quote(token)} has the id ${quote(id)}, not a whole number`);
    }
    const other = tokens[id];
    if (other !== undefined)
      throw new UserError(`${file}: tokens ${quote(other)} and ${quote(token)} share the id ${id}`);
    tokens[id] = token;
    vocabulary.set(token, id);
  }
  return { vocabulary, tokens };
}

function readMerges(
  merges: readonly unknown[],
  {
    vocabulary: ids,
    prefix,
    file,
  }: { vocabulary: ReadonlyMap<string, number>; prefix: string; file: string },
): Merges {
  const length = merges.length;
  const [left, right, result] = [new Uint32Array(length), new Uint32Array(length), new Uint32Array(length)];
  let rank = 0;
  for (let i = 0; i < length; i++) {
    const merge = merges[i];
    if (typeof merge === 'string' && merge.startsWith('#version')) continue;
    const pair = pairOf(merge);
    if (pair === undefined) {
      const text = typeof merge === 'string' ? `, ${quote(merge)},` : '';
      throw new UserError(`${file}: merge ${i}${text} is not two tokens with a space between`);
    }
    const whole = pair[0] + (prefix === '' ? pair[1] : pair[1].slice(prefix.length));
    const found = [ids.get(pair[0]), ids.get(pair[1]), ids.get(whole)];
    const missing = [...pair, whole].find((_, place) => found[place] === undefined);
    if (missing !== undefined) {
      throw new UserError(
        `${file}: merge ${i}, ${quote(pair.join(' '))}, needs the token ${quote(missing)}, which the vocabulary lacks`,
      );
    }
    if (!pair[1].startsWith(prefix)) {
      throw new UserError(
        `${file}: merge ${i}, ${quote(pair.join(' '))}, goes on with a token that lacks the prefix ${quote(prefix)}`,
      );
    }
    [left[rank], right[rank], result[rank]] = found as [number, number, number];
    rank++;
  }
  return {
    left: left.subarray(0, rank),
    right: right.subarray(0, rank),
    result: result.subarray(0, rank),
  };
}

function pairOf(merge: unknown): readonly [string, string] | undefined {
  if (typeof merge === 'string') {
    const space = merge.indexOf(' ');
    if (space === -1 || merge.includes(' ', space + 1)) return undefined;
    return [merge.slice(0, space), merge.slice(space + 1)];
  }
  if (!Array.isArray(merge) || merge.length !== 2) return undefined;
  const [left, right]: readonly unknown[] = merge;
  return typeof left === 'string' && typeof right === 'string' ? [left, right] : undefined;
}

/**
 * The number that Rust's JSON reader makes of the shortest text of a number: its digits, rounded, times or divided by a
 * power of ten, rounded again. It may be the next one, and decides where two segmentations have the same score but for that.
 */
function parsedByRust(value: number): number {
  const [mantissa = '', exponent = '0'] = String(Math.abs(value)).split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const power = Number(exponent) - fraction.length;
  const digits = Number(whole + fraction);
  const result = power < 0 ? digits / Number(`1e${-power}`) : digits * Number(`1e${power}`);
  return value < 0 ? -result : result;
}

function readUnigram(options: z.infer<typeof unigram>, file: string, exact: boolean): UnigramDefinition {
  const tokens: string[] = [];
  const scores: number[] = [];
  const ids = new Map<string, number>();
  for (const [id, entry] of options.vocab.entries()) {
    const [token, score]: readonly unknown[] = Array.isArray(entry) && entry.length === 2 ? entry : [];
    if (typeof token !== 'string' || typeof score !== 'number' || !Number.isFinite(score)) {
      throw new UserError(`${file}: entry ${id} of the vocabulary is not a token with its score`);
    }
    checkToken(token, file);
    tokens.push(token);
    scores.push(exact ? score : parsedByRust(score));
    // Of a token that is there twice the last counts.
    ids.set(token, id);
  }
  const unknown = options.unk_id ?? null;
  if (unknown !== null && unknown >= tokens.length) {
    throw new UserError(`${file}: unk_id is ${unknown}, but the vocabulary has ${tokens.length} tokens`);
  }
  return {
    type: 'Unigram',
    vocabulary: ids,
    scores,
    tokens,
    unk_id: unknown,
    byte_fallback: options.byte_fallback,
  };
}
