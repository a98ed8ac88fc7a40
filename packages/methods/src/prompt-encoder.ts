import { type Tokenizer, UserError } from '@icl-gd/transformer';
import type { Demonstration, Query } from './learner.ts';
import { splitLines } from './split-lines.ts';

/** Where a prompt comes from. */
export interface PromptPlace {
  /** Put between the lines of a prompt of several. */
  readonly eosTokenId: number | null | undefined;
  /** What the prompt or its task is called, at the start of messages. */
  readonly name: string;
}

/**
 * Turns prompts into queries with the same label words as options, as the code released with arXiv 2311.07772v4 does: every
 * line of the prompt is encoded separately (empty lines are left out), with EOS between the lines. A label word follows the
 * last line after a space; its tokens are those that the last line with the word has beyond the last line alone. With
 * byte-level tokenizers these are the tokens of the word with its space; a tokenizer that puts a space before every text
 * (SentencePiece) would give it two where the word is encoded by itself.
 *
 * The function throws a UserError if the tokenizer has no tokens for a label word, gives two of them the same, or joins a
 * label word with the end of the prompt, so that the prompt's tokens would depend on the label; also for a prompt of several
 * lines without an EOS token. What was encoded is kept: most prompts of a task end in the same line.
 */
export function promptEncoder(
  tokenizer: Pick<Tokenizer, 'encode'>,
  labelWords: readonly string[],
): (prompt: string, place: PromptPlace) => Query {
  const known = new Map<string, Query>();
  return (prompt, { eosTokenId, name }) => {
    const lines = splitLines(prompt);
    const before = lines
      .slice(0, -1)
      .flatMap((line) => [...tokenizer.encode(line), separator(eosTokenId, name)]);
    const line = lines.at(-1) ?? '';
    const end = known.get(line) ?? encodeLastLine(tokenizer, line, labelWords, name);
    known.set(line, end);
    return { tokens: [...before, ...end.tokens], options: end.options };
  };
}

/** A prompt with one of its options as the answer. */
export function withAnswer({ tokens, options }: Query, answer: number): Demonstration {
  const option = options[answer] as readonly number[];
  return { tokens: [...tokens, ...option], answerLength: option.length };
}

function separator(eosTokenId: PromptPlace['eosTokenId'], name: string): number {
  if (eosTokenId !== undefined && eosTokenId !== null) return eosTokenId;
  throw new UserError(
    `${name}: the prompt has several lines, and EOS is put between them; give eosTokenId (of a model: model.config.eosTokenId)`,
    'invalid-text',
  );
}

/** The end of a prompt: its last line alone, and what each label word adds to it. */
function encodeLastLine(
  tokenizer: Pick<Tokenizer, 'encode'>,
  line: string,
  labelWords: readonly string[],
  name: string,
): Query {
  const tokens = tokenizer.encode(line);
  const options = labelWords.map((word) => {
    const joint = tokenizer.encode(`${line} ${word}`);
    if (!tokens.every((token, i) => token === joint[i]))
      throw new UserError(
        `${name}: the model's tokenizer joins the label word '${word}' with the end of the prompt '${ending(line)}'; end the prompt with a word or mark`,
        'invalid-text',
      );
    if (joint.length === tokens.length)
      throw new UserError(
        `${name}: the model's tokenizer has no tokens for the label word '${word}'.`,
        'invalid-text',
      );
    return joint.slice(tokens.length);
  });
  requireDistinct(options, labelWords, name);
  return { tokens, options };
}

function requireDistinct(
  options: readonly (readonly number[])[],
  labelWords: readonly string[],
  name: string,
): void {
  const words = new Map<string, string>();
  for (const [i, option] of options.entries()) {
    const word = labelWords[i] as string;
    const other = words.get(option.join());
    if (other !== undefined)
      throw new UserError(
        `${name}: the model's tokenizer gives the label words '${other}' and '${word}' the same tokens; the classes could not be told apart`,
        'invalid-text',
      );
    words.set(option.join(), word);
  }
}

function ending(line: string): string {
  return line.length <= 24 ? line : `…${line.slice(-24)}`;
}
