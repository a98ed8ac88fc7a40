import { type Model, refuseMisspelt } from '@icl-gd/transformer';
import type { Demonstration, ProbeOptions, ProbeTokensOptions, Query } from './learner.ts';

/**
 * Checks what types do not hold in JavaScript: texts where tokens are wanted, a promise where a model is.
 * @throws RangeError naming the place
 */
export function requireModel(model: Model, what: string): void {
  if (typeof model?.evaluate !== 'function')
    throw new RangeError(`${what} needs a Model first, as \`await loadModel(gpu, …)\` gives`);
}

const KNOWN_OPTIONS: Required<{ [name in keyof (ProbeOptions & ProbeTokensOptions)]: true }> = {
  ...{
    probeToken: true,
    probeTokens: true,
    tokenBudget: true,
    nextTokens: true,
    allocate: true,
    signal: true,
    onProgress: true,
  },
};

/** As {@link requireModel}, of the options of probing. */
export function requireProbing(options: object): void {
  if (typeof options !== 'object') throw new RangeError(`probing takes options, not a ${typeof options}`);
  refuseMisspelt('probing', options, KNOWN_OPTIONS);
}

/** As {@link requireModel}, of demonstrations. */
export function requireDemonstrations(demonstrations: readonly Demonstration[]): void {
  for (const [i, demonstration] of requireList(demonstrations, 'demonstrations').entries())
    requireDemonstration(demonstration as Demonstration | undefined, `demonstrations[${i}]`);
}

function requireDemonstration(demonstration: Demonstration | undefined, place: string): void {
  const { tokens, answerLength } = demonstration ?? {};
  requireTokens(tokens, `${place}.tokens`);
  if (answerLength === undefined) return;
  const { length } = tokens as readonly number[];
  if (!Number.isInteger(answerLength) || answerLength < 1 || answerLength > length)
    throw new RangeError(`${place}.answerLength is ${String(answerLength)}, and it has ${length} tokens`);
}

/** As {@link requireModel}, of queries. */
export function requireQueries(queries: readonly Query[]): void {
  for (const [i, query] of requireList(queries, 'queries').entries()) {
    const { tokens, options } = (query ?? {}) as Partial<Query>;
    requireTokens(tokens, `queries[${i}].tokens`);
    for (const [o, option] of requireList(options, `queries[${i}].options`).entries())
      requireTokens(option, `queries[${i}].options[${o}]`);
  }
}

function requireList(value: unknown, place: string): readonly unknown[] {
  if (!Array.isArray(value))
    throw new RangeError(`${place} is ${typeof value}, not a list; \`tokenize\` makes it`);
  return value as unknown[];
}

function requireTokens(value: unknown, place: string): void {
  if (!Array.isArray(value) && !ArrayBuffer.isView(value))
    throw new RangeError(`${place} is ${typeof value}, not a list of token ids; \`tokenize\` makes it`);
}
