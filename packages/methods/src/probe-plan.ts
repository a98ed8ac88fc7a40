import type { EvaluationRequest } from '@icl-gd/transformer';
import type { ProbeToken, Query } from './learner.ts';

/** Sequences that answer one query, and where in their results the answer lies. */
export interface QueryPlan {
  /** The first one is probed, once for each probe token in their order. */
  readonly requests: readonly EvaluationRequest[];
  /** For each option, for each of its tokens: which request and which of its log-probabilities. */
  readonly optionTokens: readonly (readonly { readonly request: number; readonly index: number }[])[];
  /** Which request gives the likeliest tokens after the prompt, if they are wanted: all that it gives of them. */
  readonly topRequest: number;
}

/**
 * Plans the fewest sequences for a query: causal attention makes every prefix of a sequence as good as the sequence
 * itself, so single-token options need one sequence, longer ones share all that is a prefix of another.
 * For the same reason several probe tokens are rows of one sequence.
 * @param before tokens fed before the query in the same sequence (BOS without a prefix, else none)
 * @param nextTokens how many of the likeliest tokens after the prompt are wanted; 0 for none
 */
export function planQuery(
  query: Query,
  probeTokens: readonly ProbeToken[],
  before: readonly number[],
  nextTokens = 0,
): QueryPlan {
  const start = [...before, ...query.tokens];
  const withLabel = [...start, ...(query.options[0] ?? [])];
  const probed = probeTokens.includes('label') ? withLabel : start;
  const wanted = query.options.map((option) => [...start, ...option.slice(0, -1)]);
  const sequences: (readonly number[])[] = [];
  for (const sequence of [probed, ...wanted].sort((a, b) => b.length - a.length)) {
    if (sequences.some((other) => isPrefix(sequence, other))) continue;
    if (isPrefix(probed, sequence)) sequences.unshift(sequence);
    else sequences.push(sequence);
  }
  const logProbs: { row: number; token: number }[][] = sequences.map(() => []);
  const optionTokens = query.options.map((option, o) =>
    option.map((token, i) => {
      const request = sequences.findIndex((sequence) => isPrefix(wanted[o] as readonly number[], sequence));
      const list = logProbs[request] as { row: number; token: number }[];
      return { request, index: list.push({ row: start.length - 1 + i, token }) - 1 };
    }),
  );
  const probes = probeTokens.map((probeToken) => ({
    row: (probeToken === 'label' ? withLabel : start).length - 1,
    firstKey: before.length,
  }));
  // Where the options' first tokens are looked up, the logits after the prompt are there already.
  const topRequest = optionTokens[0]?.[0]?.request ?? 0;
  const top = [{ row: start.length - 1, k: nextTokens }];
  const requests = sequences.map((tokens, i) => ({
    tokens,
    probes: i === 0 ? probes : [],
    logProbs: logProbs[i] as { row: number; token: number }[],
    ...(nextTokens > 0 && i === topRequest ? { top } : {}),
  }));
  return { requests, optionTokens, topRequest };
}

function isPrefix(short: readonly number[], long: readonly number[]): boolean {
  return short.every((token, i) => token === long[i]);
}
