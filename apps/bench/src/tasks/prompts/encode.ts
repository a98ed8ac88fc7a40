import type { Demonstration, Query } from '@icl-gd/methods';
import { type Tokenizer, UserError } from '@icl-gd/transformer';
import type { Example } from '../example.ts';
import type { Task } from '../task.ts';
import { splitLines } from './split-lines.ts';
import { fillTemplate } from './template.ts';

/** The part of a tokenizer that making prompts needs. */
export type TokenEncoder = Pick<Tokenizer, 'encode'>;

/** Turns a task's examples into tokens. */
interface PromptEncoder {
  /** The filled template, with the label words as options in the order of the classes. */
  query(example: Example): Query;
  /** The filled template followed by the example's label word. */
  demonstration(example: Example): Demonstration;
}

/**
 * Encodes prompts of a task as the released code does: every line of the filled template separately, with EOS between the
 * lines, and the label word separately, with a space before it.
 *
 * @throws UserError if the tokenizer has no tokens for a label word
 */
export function createPromptEncoder(task: Task, tokenizer: TokenEncoder, eosTokenId: number): PromptEncoder {
  const options = task.labelWords.map((word) => {
    const tokens = tokenizer.encode(` ${word}`);
    if (tokens.length === 0)
      throw new UserError(`${task.id}: the model's tokenizer has no tokens for the label word '${word}'.`);
    return tokens;
  });
  const encodeQuery = (example: Example): number[] =>
    splitLines(fillTemplate(task, example.fields)).flatMap((line, index) => {
      const tokens = tokenizer.encode(line);
      return index === 0 ? tokens : [eosTokenId].concat(tokens);
    });
  return {
    query: (example) => ({ tokens: encodeQuery(example), options }),
    demonstration: (example) => ({ tokens: [...encodeQuery(example), ...options[example.label]!] }),
  };
}
