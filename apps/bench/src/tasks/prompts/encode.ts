import type { Demonstration, Query } from '@icl-gd/methods';
import { type Tokenizer, UserError } from '@icl-gd/transformer';
import type { Example } from '../example.ts';
import type { Task } from '../task.ts';
import { splitLines } from './split-lines.ts';
import { fillTemplate } from './template.ts';

/** The part of a tokenizer that making prompts needs; `decode` and `specialTokens` serve warnings alone. */
export type TokenEncoder = Pick<Tokenizer, 'encode'> & Partial<Pick<Tokenizer, 'decode' | 'specialTokens'>>;

/** Turns a task's examples into tokens. */
interface PromptEncoder {
  /** The filled template, with the label words as options in the order of the classes. */
  query(example: Example): Query;
  /** The filled template followed by the example's label word. */
  demonstration(example: Example): Demonstration;
}

/** The end of a prompt: its last line alone, and what each label word adds to it. */
type LastLine = Query;

const encoders = new WeakMap<Task, WeakMap<TokenEncoder, ReturnType<typeof lastLines>>>();

/**
 * Encodes prompts of a task as the released code does: every line of the filled template separately, with EOS between the
 * lines. A label word follows the last line after a space; its tokens are those that the last line with the word has beyond
 * the last line alone. With byte-level tokenizers these are the tokens of the word with its space; a tokenizer that puts a
 * space before every text (SentencePiece) would give it two where the word is encoded by itself.
 *
 * A query or demonstration throws a UserError if the tokenizer has no tokens for a label word, gives two of them the same, or
 * joins a label word with the end of the prompt, so that the prompt's tokens would depend on the label.
 */
export function createPromptEncoder(task: Task, tokenizer: TokenEncoder, eosTokenId: number): PromptEncoder {
  const last = sharedLastLines(task, tokenizer);
  const parts = (example: Example): { before: number[]; end: LastLine } => {
    const lines = splitLines(fillTemplate(task, example.fields));
    const before = lines.slice(0, -1).flatMap((line) => [...tokenizer.encode(line), eosTokenId]);
    return { before, end: last(lines.at(-1) ?? '') };
  };
  return {
    query: (example) => {
      const { before, end } = parts(example);
      return { tokens: [...before, ...end.tokens], options: end.options };
    },
    demonstration: (example) => {
      const { before, end } = parts(example);
      return { tokens: [...before, ...end.tokens, ...end.options[example.label]!] };
    },
  };
}

/** Selections of the same task share what was encoded: seeds evaluate the same examples. */
function sharedLastLines(task: Task, tokenizer: TokenEncoder): ReturnType<typeof lastLines> {
  const ofTask = encoders.get(task) ?? new WeakMap<TokenEncoder, ReturnType<typeof lastLines>>();
  const shared = ofTask.get(tokenizer) ?? lastLines(task, tokenizer);
  encoders.set(task, ofTask.set(tokenizer, shared));
  return shared;
}

function lastLines(task: Task, tokenizer: TokenEncoder): (line: string) => LastLine {
  const known = new Map<string, LastLine>();
  return (line) => {
    const found = known.get(line) ?? encodeLastLine(task, tokenizer, line);
    known.set(line, found);
    return found;
  };
}

function encodeLastLine(task: Task, tokenizer: TokenEncoder, line: string): LastLine {
  const tokens = tokenizer.encode(line);
  const options = task.labelWords.map((word) => {
    const joint = tokenizer.encode(`${line} ${word}`);
    if (!tokens.every((token, i) => token === joint[i]))
      throw new UserError(
        `${task.id}: the model's tokenizer joins the label word '${word}' with the end of the prompt '${ending(line)}'; end the template with a word or mark`,
      );
    if (joint.length === tokens.length)
      throw new UserError(`${task.id}: the model's tokenizer has no tokens for the label word '${word}'.`);
    return joint.slice(tokens.length);
  });
  requireDistinct(task, options);
  return { tokens, options };
}

function requireDistinct(task: Task, options: readonly (readonly number[])[]): void {
  const words = new Map<string, string>();
  for (const [i, option] of options.entries()) {
    const word = task.labelWords[i] as string;
    const other = words.get(option.join());
    if (other !== undefined)
      throw new UserError(
        `${task.id}: the model's tokenizer gives the label words '${other}' and '${word}' the same tokens; the classes could not be told apart`,
      );
    words.set(option.join(), word);
  }
}

function ending(line: string): string {
  return line.length <= 24 ? line : `…${line.slice(-24)}`;
}
