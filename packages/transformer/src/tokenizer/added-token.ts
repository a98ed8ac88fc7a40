import { z } from 'zod';
import { UserError } from '../errors.ts';
import { LARGEST_ID, type ModelDefinition } from './models/definition.ts';
import { quote } from '../words.ts';

export const addedTokenOptions = z.strictObject({
  content: z
    .string()
    .min(1)
    .refine((text) => text.isWellFormed(), 'has half of a surrogate pair'),
  /** Not recognised inside a word. */
  single_word: z.boolean().default(false),
  /** Takes in the white space before it. */
  lstrip: z.boolean().default(false),
  /** Takes in the white space after it. */
  rstrip: z.boolean().default(false),
  /** Recognised in the normalized text, in its own normalized form; else in the text as it stands. */
  normalized: z.boolean().optional(),
  /** Not recognised in texts. */
  special: z.boolean().default(false),
});

const withId = addedTokenOptions.extend({
  id: z
    .int('a token id must be an integer')
    .nonnegative('a token id must not be negative')
    .max(LARGEST_ID, 'a token id must fit 32 bits'),
});

function filled<T extends { special: boolean; normalized?: boolean | undefined }>(token: T) {
  return { ...token, normalized: token.normalized ?? !token.special };
}

export const addedToken = withId.transform(filled);

/** A token of its own beside the model's vocabulary. */
export type AddedToken = z.infer<typeof addedToken>;

/** What is said of an added token beside its id. */
export type AddedTokenOptions = Omit<AddedToken, 'id'>;

/**
 * The ids that the Rust implementation gives to added tokens, whatever their definition says: that of the vocabulary if it
 * has the token, else the next one.
 */
export function assignedIds(
  added: readonly { readonly content: string }[],
  vocabulary: ReadonlyMap<string, number>,
  size = vocabulary.size,
): Map<string, number> {
  const ids = new Map<string, number>();
  let largest = -1;
  for (const { content } of added) {
    if (ids.has(content)) continue;
    const next = largest >= size || (size === 0 && largest >= 0) ? largest + 1 : size;
    const id = vocabulary.get(content) ?? next;
    ids.set(content, id);
    largest = Math.max(largest, id);
  }
  return ids;
}

/**
 * Special tokens never come out of a text, so that their ids are what the file says.
 *
 * @throws UserError if an ordinary added token has another id than the Rust implementation would give it
 */
export function checkAddedTokens(added: readonly AddedToken[], model: ModelDefinition, file: string): void {
  const size = model.type === 'Unigram' ? model.tokens.length : model.vocabulary.size;
  const ids = assignedIds(added, model.vocabulary, size);
  for (const { content, id, special } of added) {
    const given = ids.get(content)!;
    if (special || given === id) continue;
    throw new UserError(
      `${file}: the added token ${quote(content)} has the id ${id}, but the tokenizers library would give it ${given}; write that id, or add the tokens before it`,
    );
  }
}
