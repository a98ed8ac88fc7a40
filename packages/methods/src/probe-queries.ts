import {
  type BatchShape,
  type ContextPrefix,
  type EvaluationResult,
  type Model,
  specialToken,
} from '@icl-gd/transformer';
import { DivergedError, type Probe, type ProbeOptions, type Query } from './learner.ts';
import { type QueryPlan, planQuery } from './probe-plan.ts';

/** Enough rows to keep a device busy, few enough that activations of large models stay in the hundreds of megabytes. */
const DEFAULT_TOKEN_BUDGET = 2048;

/**
 * Probes queries in packed batches, behind a prefix if given, else after BOS.
 * @throws DivergedError if anything recorded is not finite
 */
export async function probeQueries(
  model: Model,
  queries: readonly Query[],
  options: ProbeOptions,
  prefix?: ContextPrefix,
): Promise<Probe[]> {
  const before = prefix ? [] : [specialToken(model.config, 'bosTokenId', model.name)];
  const plans = queries.map((query) => planQuery(query, options.probeToken, before));
  const probes: Probe[] = [];
  for (const batch of cutIntoBatches(plans, options.tokenBudget ?? DEFAULT_TOKEN_BUDGET)) {
    const results = await model.evaluate(
      batch.flatMap(({ requests }) => requests),
      prefix,
    );
    let first = 0;
    for (const plan of batch) {
      probes.push(toProbe(plan, results.slice(first, first + plan.requests.length), model));
      first += plan.requests.length;
    }
    options.onProgress?.(probes.length);
  }
  return probes;
}

/**
 * The packed batches that {@link probeQueries} will put before a model, for a memory plan.
 * @param behindPrefix whether a context comes before the queries, so that they need no BOS
 */
export function probeBatches(
  queries: readonly Query[],
  options: ProbeOptions,
  behindPrefix: boolean,
): BatchShape[] {
  // Any token may stand for BOS: only its place counts.
  const before = behindPrefix ? [] : [0];
  const plans = queries.map((query) => planQuery(query, options.probeToken, before));
  return cutIntoBatches(plans, options.tokenBudget ?? DEFAULT_TOKEN_BUDGET).map((batch) => {
    const requests = batch.flatMap((plan) => plan.requests);
    return {
      tokens: total(requests, ({ tokens }) => tokens.length),
      probes: batch.length,
      keys: total(requests, ({ probe }) => (probe ? probe.row - probe.firstKey + 1 : 0)),
      targets: total(requests, ({ logProbs }) => logProbs.length),
    };
  });
}

function total<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((sum, item) => sum + count(item), 0);
}

function cutIntoBatches(plans: readonly QueryPlan[], budget: number): QueryPlan[][] {
  const batches: QueryPlan[][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (const plan of plans) {
    const tokens = total(plan.requests, (request) => request.tokens.length);
    if (used + tokens > budget) {
      batches.push([]);
      used = 0;
    }
    batches.at(-1)?.push(plan);
    used += tokens;
  }
  return batches;
}

function toProbe(plan: QueryPlan, results: readonly EvaluationResult[], model: Model): Probe {
  const { attentionOutput, attentionScores } = results[0] as EvaluationResult;
  const optionLogProbs = plan.optionTokens.map((tokens) => {
    const logProb = total(tokens, ({ request, index }) => results[request]?.logProbs[index] as number);
    return logProb / tokens.length;
  });
  const finite = (values: ArrayLike<number>): boolean => Array.prototype.every.call(values, Number.isFinite);
  if (!finite(attentionOutput) || !finite(attentionScores) || !finite(optionLogProbs)) {
    throw new DivergedError(`${model.name}: what the model computes is no longer finite`);
  }
  const { layers, heads } = model.config;
  return {
    attentionOutput,
    attentionScores,
    queryLength: attentionScores.length / (layers * heads),
    optionLogProbs,
  };
}
