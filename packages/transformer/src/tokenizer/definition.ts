import { z } from 'zod';
import { UserError } from '../errors.ts';
import { type AddedToken, addedToken, checkAddedTokens } from './added-token.ts';
import { type ModelDefinition, modelOptions, readModel, withModelType } from './models/definition.ts';
import { shown } from '../words.ts';

// Rust reads no JSON that is nested deeper.
const DEEPEST = 127;
// Up to a million entries, which are checked one by one, without recursion.
const LISTS = new Set(['vocab', 'merges']);

const component = z.looseObject({ type: z.string() });
const definition = z.looseObject({
  added_tokens: z.array(addedToken).nullish(),
  normalizer: component.nullable().default(null),
  pre_tokenizer: component.nullable().default(null),
  decoder: component.nullable().default(null),
  model: modelOptions,
});

/** A tokenizer.json that has been checked. */
export interface TokenizerDefinition {
  readonly added_tokens: readonly AddedToken[];
  readonly normalizer: { readonly type: string; readonly [option: string]: unknown } | null;
  readonly pre_tokenizer: { readonly type: string; readonly [option: string]: unknown } | null;
  readonly decoder: { readonly type: string; readonly [option: string]: unknown } | null;
  readonly model: ModelDefinition;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Whether a JSON value is nested deeper than so many levels; no recursion, which a hostile file would exhaust. */
function isDeeper(value: unknown, levels: number): boolean {
  let level = [value].filter(isObject);
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > levels) return true;
    const next: object[] = [];
    for (const outer of level) {
      for (const [name, inner] of Object.entries(outer))
        if (isObject(inner) && !LISTS.has(name)) next.push(inner);
    }
    level = next;
  }
  return false;
}

/** @throws UserError if the content is nested deeper than any tokenizer is */
export function checkDepth(json: unknown, file: string): void {
  if (!isDeeper(json, DEEPEST)) return;
  throw new UserError(
    `${file}: no usable tokenizer: its content is nested deeper than ${DEEPEST} levels, which no tokenizer is`,
  );
}

/**
 * Checks the content of a tokenizer.json.
 *
 * @param exactScores whether Python reads the scores of a Unigram model, not Rust
 * @throws UserError naming the file and what in it is missing, of the wrong kind, contradictory or not supported
 */
export function parseDefinition(json: unknown, file: string, exactScores = false): TokenizerDefinition {
  checkDepth(json, file);
  const whole = isObject(json) && 'model' in json ? { ...json, model: withModelType(json.model) } : json;
  const parsed = definition.safeParse(whole);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const place = shown(issue.path.join('.'), 60) || 'its content';
    throw new UserError(`${file}: no usable tokenizer: ${place}: ${issue.message}`);
  }
  const { model: options, pre_tokenizer, normalizer, decoder, added_tokens: added } = parsed.data;
  const model = readModel(options, file, exactScores);
  checkAddedTokens(added ?? [], model, file);
  return { added_tokens: added ?? [], normalizer, pre_tokenizer, decoder, model };
}
