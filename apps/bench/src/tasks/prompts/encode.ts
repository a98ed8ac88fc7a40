import { type Demonstration, type Query, promptEncoder, withAnswer } from '@icl-gd/methods';
import type { Tokenizer } from '@icl-gd/transformer';
import type { Example } from '../example.ts';
import type { Task } from '../task.ts';
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

const encoders = new WeakMap<Task, WeakMap<TokenEncoder, ReturnType<typeof promptEncoder>>>();

/**
 * Encodes prompts of a task as the released code does, see `promptEncoder` of methods.
 *
 * A query or demonstration throws a UserError naming the task if its label words cannot be told apart by the tokenizer.
 */
export function createPromptEncoder(task: Task, tokenizer: TokenEncoder, eosTokenId: number): PromptEncoder {
  const encode = sharedEncoder(task, tokenizer);
  const query = (example: Example): Query =>
    encode(fillTemplate(task, example.fields), { eosTokenId, name: task.id });
  return {
    query,
    demonstration: (example) => withAnswer(query(example), example.label),
  };
}

/** Selections of the same task share what was encoded: seeds evaluate the same examples. */
function sharedEncoder(task: Task, tokenizer: TokenEncoder): ReturnType<typeof promptEncoder> {
  const ofTask = encoders.get(task) ?? new WeakMap<TokenEncoder, ReturnType<typeof promptEncoder>>();
  const shared = ofTask.get(tokenizer) ?? promptEncoder(tokenizer, task.labelWords);
  encoders.set(task, ofTask.set(tokenizer, shared));
  return shared;
}
