import { z } from 'zod';
import { UserError } from '../errors.ts';

const tokenId = z.int('a token id must be an integer').nonnegative('a token id must not be negative');
// Not z.record, which drops a token called __proto__.
const vocabulary = z.custom<Readonly<Record<string, number>>>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'must map tokens to ids',
);
const addedToken = z.looseObject({
  id: tokenId,
  content: z.string().min(1),
  special: z.boolean().optional(),
});
const component = z.looseObject({ type: z.string() });
const bpe = z.looseObject({
  type: z.literal('BPE'),
  unk_token: z.string().nullish(),
  continuing_subword_prefix: z.literal('', 'a prefix of continuing sub-words is not supported').nullish(),
  vocab: vocabulary,
  merges: z.array(z.union([z.string().transform((pair) => pair.split(' ')), z.array(z.string())])),
});
const wordModel = z.looseObject({
  type: z.enum(['WordPiece', 'WordLevel']),
  unk_token: z.string(),
  vocab: vocabulary,
});
const unigram = z.looseObject({
  type: z.literal('Unigram'),
  unk_id: tokenId,
  vocab: z.array(z.tuple([z.string(), z.number()])),
});
const definition = z.looseObject({
  added_tokens: z.array(addedToken).default([]),
  normalizer: component.nullable().default(null),
  pre_tokenizer: component.nullable().default(null),
  decoder: component.nullable().default(null),
  model: z.discriminatedUnion(
    'type',
    [bpe, wordModel, unigram],
    'must be BPE, WordPiece, WordLevel or Unigram',
  ),
});

/** A tokenizer.json whose shape has been checked. */
export type TokenizerDefinition = z.infer<typeof definition>;

/** Early tokenizer.json files do not say what their model is. */
function modelType(model: object): string {
  if ('merges' in model) return 'BPE';
  if ('vocab' in model && Array.isArray(model.vocab)) return 'Unigram';
  return 'max_input_chars_per_word' in model ? 'WordPiece' : 'WordLevel';
}

function withModelType(json: unknown): unknown {
  if (typeof json !== 'object' || json === null || !('model' in json)) return json;
  const { model } = json;
  if (typeof model !== 'object' || model === null || 'type' in model) return json;
  return { ...json, model: { type: modelType(model), ...model } };
}

function checkIds(vocab: Readonly<Record<string, number>>, file: string): void {
  const tokens = new Map<number, string>();
  for (const [token, id] of Object.entries(vocab)) {
    if (!Number.isSafeInteger(id) || id < 0) {
      throw new UserError(
        `${file}: token ${JSON.stringify(token)} has the id ${JSON.stringify(id)}, not a whole number`,
      );
    }
    const other = tokens.get(id);
    if (other !== undefined) {
      throw new UserError(
        `${file}: tokens ${JSON.stringify(other)} and ${JSON.stringify(token)} share the id ${id}`,
      );
    }
    tokens.set(id, token);
  }
}

function checkMerges({ vocab, merges }: z.infer<typeof bpe>, file: string): void {
  for (const [i, pair] of merges.entries()) {
    if (pair.length !== 2) {
      throw new UserError(
        `${file}: merge ${i}, ${JSON.stringify(pair.join(' '))}, is not two tokens with a space between`,
      );
    }
    const unknown = [...pair, pair.join('')].find((token) => !Object.hasOwn(vocab, token));
    if (unknown !== undefined) {
      throw new UserError(
        `${file}: merge ${i}, ${JSON.stringify(pair.join(' '))}, needs the token ${JSON.stringify(unknown)}, which the vocabulary lacks`,
      );
    }
  }
}

/**
 * Checks the content of a tokenizer.json.
 *
 * @throws UserError naming the file and what in it is missing, of the wrong kind, contradictory or not supported
 */
export function parseDefinition(json: unknown, file: string): TokenizerDefinition {
  const parsed = definition.safeParse(withModelType(json));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new UserError(
      `${file}: no usable tokenizer: ${issue.path.join('.') || 'its content'}: ${issue.message}`,
    );
  }
  const { model } = parsed.data;
  if (model.type !== 'Unigram') checkIds(model.vocab, file);
  if (model.type === 'BPE') checkMerges(model, file);
  return parsed.data;
}
