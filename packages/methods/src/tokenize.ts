import { type Tokenizer, UserError, refuseMisspelt } from '@icl-gd/transformer';
import type { Demonstration, Query } from './learner.ts';
import { promptEncoder, withAnswer } from './prompt-encoder.ts';

/** An example with its answer, in words. */
export interface LabelledText {
  /** Up to what stands before the answer, without white space at its end: `Review: a dull film . Sentiment:`. */
  readonly prompt: string;
  /** The answer, without the space before it: `Negative`. One of the options, where there are any for all. */
  readonly label: string;
}

/** A question with its own answers. */
export interface QueryText {
  /** As {@link LabelledText.prompt}. */
  readonly prompt: string;
  /** Instead of the options for all. */
  readonly options?: readonly string[];
}

/** What {@link tokenize} takes. */
export interface Texts {
  readonly demonstrations?: readonly LabelledText[];
  readonly queries?: readonly (string | QueryText)[];
  /** Answer options of all queries, in the order of the classes, each without the space before it. */
  readonly options?: readonly string[];
  /** Put between the lines of prompts of several lines, which need it: `model.config.eosTokenId`. */
  readonly eosTokenId?: number | null;
}

/** What {@link tokenize} gives, in the order of the texts. */
export interface TokenizedTexts {
  readonly demonstrations: readonly Demonstration[];
  readonly queries: readonly Query[];
}

/**
 * Texts to what learners take, exactly as the tasks of `icl-gd` are encoded: one space stands between prompt and answer, each
 * line of a prompt is encoded on its own with EOS between the lines, no BOS or EOS is put around (the learners do that), and
 * special tokens in a text stay text.
 * @throws UserError (`invalid-text`) naming the text: a prompt, label or option that is empty or has white space where
 *   the space of the answer comes; a label that is not among the options; a query without options; a prompt of several
 *   lines without `eosTokenId`; options that have the same tokens or none, or join the end of the prompt; a part that
 *   the tokenizer does not know and has no unknown token for
 */
export function tokenize(tokenizer: Pick<Tokenizer, 'encode'>, texts: Texts): TokenizedTexts {
  requireTexts(tokenizer, texts);
  const { demonstrations = [], queries = [], options, eosTokenId } = texts;
  if (options !== undefined) requireOptions(options, 'options');
  const encoders = new Map<string, ReturnType<typeof promptEncoder>>();
  const encode = (prompt: string, words: readonly string[], name: string): Query => {
    requirePrompt(prompt, name);
    const key = JSON.stringify(words);
    const encoder = encoders.get(key) ?? promptEncoder(tokenizer, words);
    encoders.set(key, encoder);
    return encoder(prompt, { eosTokenId, name });
  };
  return {
    demonstrations: demonstrations.map((demonstration, i) => {
      const { prompt, label } = requireObject(demonstration, `demonstrations[${i}]`);
      const name = `demonstrations[${i}]`;
      requireWord(label, `${name}.label`);
      const words = options ?? [label];
      const answer = words.indexOf(label);
      if (answer < 0)
        throw new UserError(
          `${name}: the label ${JSON.stringify(label)} is not among the options ${words.map((word) => JSON.stringify(word)).join(', ')}`,
          'invalid-text',
        );
      const encoded = encode(prompt, words, name);
      return withAnswer(encoded, answer);
    }),
    queries: queries.map((query, i) => {
      const name = `queries[${i}]`;
      const { prompt, options: own } =
        typeof query === 'string' ? { prompt: query } : requireObject(query, name);
      if (own !== undefined) requireOptions(own, `${name}.options`);
      const words = own ?? options;
      if (words === undefined)
        throw new UserError(
          `${name} has no options; give options for all queries, or for this one`,
          'invalid-text',
        );
      return encode(prompt, words, name);
    }),
  };
}

const KNOWN_TEXTS: Required<{ [name in keyof Texts]: true }> = {
  ...{ demonstrations: true, queries: true, options: true, eosTokenId: true },
};

/** What types do not hold in JavaScript. @throws RangeError, UserError */
function requireTexts(tokenizer: Pick<Tokenizer, 'encode'>, texts: Texts): void {
  if (typeof tokenizer?.encode !== 'function')
    throw new RangeError('tokenize needs a tokenizer first, as `await loadTokenizer(…)` gives');
  if (typeof texts !== 'object' || texts === null || Array.isArray(texts))
    throw new UserError('tokenize takes { demonstrations, queries, options }', 'invalid-text');
  refuseMisspelt('tokenize', texts, KNOWN_TEXTS);
  const { demonstrations = [], queries = [] } = texts;
  for (const [name, list] of Object.entries({ demonstrations, queries }))
    if (!Array.isArray(list)) throw new UserError(`${name} is no list`, 'invalid-text');
}

function requireObject<T>(value: T, name: string): T {
  if (typeof value === 'object' && value !== null) return value;
  throw new UserError(`${name} is ${String(value)}, not an object with a prompt`, 'invalid-text');
}

function requireOptions(options: readonly string[], name: string): void {
  if (!Array.isArray(options)) throw new UserError(`${name} is no list of answers`, 'invalid-text');
  if (options.length === 0)
    throw new UserError(`${name} is empty; give the answers that are compared`, 'invalid-text');
  for (const [i, option] of options.entries()) {
    requireWord(option, `${name}[${i}]`);
    const first = options.indexOf(option);
    if (first < i)
      throw new UserError(
        `${name}[${i}] is ${JSON.stringify(option)}, as ${name}[${first}] is; leave one out`,
        'invalid-text',
      );
  }
}

function requireWord(word: string, name: string): void {
  requireText(word, name);
  if (word.trim() !== word)
    throw new UserError(
      `${name} begins or ends with white space: ${JSON.stringify(word)}; give the answer alone, a space is put before it`,
      'invalid-text',
    );
}

function requirePrompt(prompt: string, name: string): void {
  requireText(prompt, `${name}: the prompt`);
  if (prompt.trimEnd() !== prompt)
    throw new UserError(
      `${name}: the prompt ends in white space: ${JSON.stringify(prompt.slice(-24))}; leave it out, a space is put before the answer`,
      'invalid-text',
    );
}

function requireText(text: string, name: string): void {
  // From JavaScript or a file anything may come.
  if (typeof text !== 'string') throw new UserError(`${name} is ${String(text)}, not a text`, 'invalid-text');
  if (text.trim() === '') throw new UserError(`${name} is empty`, 'invalid-text');
}
