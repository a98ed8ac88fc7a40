import {
  type ContextPrefix,
  type EvaluationBatch,
  type EvaluationResult,
  type Model,
  type RowProbe,
  requireOneOf,
  specialToken,
} from '@icl-gd/transformer';
import {
  type BatchOptions,
  DivergedError,
  type LearnerResult,
  type Probe,
  type ProbeToken,
  type ProbeTokensOptions,
  type Query,
} from './learner.ts';
import { requireQueries } from './given.ts';
import { type QueryPlan, planQuery } from './probe-plan.ts';

/** Tokens in a pass: enough rows to keep a device busy, few enough that activations of large models stay in the hundreds of megabytes. */
export const DEFAULT_TOKEN_BUDGET = 2048;

const PROBE_TOKENS: readonly ProbeToken[] = ['prompt', 'label'];

/** The probing half of a {@link LearnerResult}. */
export type Probing = Pick<LearnerResult, 'probe' | 'probeTokens'>;

/** Where queries stand. */
export interface Placement {
  /** By how much all their positions are shifted, that of BOS too; 0 if absent. */
  readonly positionOffset?: number;
}

/**
 * The probing half of a {@link LearnerResult}: queries in packed batches, behind a prefix if given, else after BOS.
 * Both functions throw DivergedError if anything recorded is not finite.
 */
export function probesOf(
  model: Model,
  prefix?: ContextPrefix,
  { positionOffset = 0 }: Placement = {},
): Probing {
  return probing((queries, options) => probeTokens(model, queries, options, { prefix, positionOffset }));
}

/**
 * Both functions, made of one that need not check what it is given.
 * @throws RangeError, when probing, for queries or options that are none
 */
export function probing(probeTokens: Probing['probeTokens']): Probing {
  const checked: Probing['probeTokens'] = async (queries, options) => {
    requireQueries(queries);
    requireProbeTokens(options);
    return await probeTokens(queries, options);
  };
  return {
    probeTokens: checked,
    async probe(queries, { probeToken, ...options }) {
      const probes = await checked(queries, { ...options, probeTokens: [probeToken] });
      return probes.get(probeToken) as Probe[];
    },
  };
}

/** @throws RangeError for options that are none */
export function requireProbeTokens({ probeTokens, nextTokens = 0 }: ProbeTokensOptions): void {
  if (!Array.isArray(probeTokens))
    throw new RangeError(`probeTokens is ${typeof probeTokens}, not a list of ${PROBE_TOKENS.join(', ')}`);
  for (const probeToken of probeTokens) requireOneOf('probeToken', probeToken as ProbeToken, PROBE_TOKENS);
  if (!Number.isInteger(nextTokens) || nextTokens < 0)
    throw new RangeError(`nextTokens is ${nextTokens}, not a whole number from 0`);
}

async function probeTokens(
  model: Model,
  queries: readonly Query[],
  options: ProbeTokensOptions,
  { prefix, positionOffset }: { readonly prefix: ContextPrefix | undefined; readonly positionOffset: number },
): Promise<ReadonlyMap<ProbeToken, Probe[]>> {
  const { nextTokens, probeTokens: tokens, signal, onProgress, allocate } = options;
  const before = prefix ? [] : [specialToken(model.config, 'bosTokenId', model.name)];
  const plans = queries.map((query) => planQuery(query, tokens, before, nextTokens));
  const probes = new Map(tokens.map((probeToken) => [probeToken, [] as Probe[]]));
  let finished = 0;
  await evaluateBatches(cutIntoBatches(plans, options), signal, {
    evaluate: (batch) => model.evaluate(requestsOf(batch), prefix, { signal, positionOffset, allocate }),
    take(batch, results) {
      let first = 0;
      for (const plan of batch) {
        const own = toProbes(plan, results.slice(first, first + plan.requests.length), model);
        for (const [i, probeToken] of tokens.entries()) probes.get(probeToken)?.push(own[i] as Probe);
        first += plan.requests.length;
      }
      finished += batch.length;
      onProgress?.({ finished, total: queries.length });
    },
  });
  return probes;
}

/** Evaluates batches in their order: the device has the next to work on while the host looks at what came of one. */
export async function evaluateBatches<Batch, Results>(
  batches: readonly Batch[],
  signal: AbortSignal | undefined,
  work: {
    readonly evaluate: (batch: Batch) => Promise<Results>;
    readonly take: (batch: Batch, results: Results) => void;
  },
): Promise<void> {
  signal?.throwIfAborted();
  let takeEarlier: (() => Promise<void>) | undefined;
  for (const batch of batches) {
    const results = work.evaluate(batch);
    // Where it is not waited for, an earlier one has failed.
    results.catch(() => {});
    await takeEarlier?.();
    takeEarlier = async () => {
      const evaluated = await results;
      signal?.throwIfAborted();
      work.take(batch, evaluated);
    };
  }
  await takeEarlier?.();
}

/**
 * The packed batches that `probe` and `probeTokens` will put before a model, for a memory plan.
 * @param behindPrefix whether a context comes before the queries, so that they need no BOS
 */
export function probeBatches(
  queries: readonly Query[],
  options: ProbeTokensOptions,
  behindPrefix: boolean,
): EvaluationBatch[] {
  // Any token may stand for BOS: only its place counts.
  const before = behindPrefix ? [] : [0];
  const plans = queries.map((query) => planQuery(query, options.probeTokens, before, options.nextTokens));
  return cutIntoBatches(plans, options).map(requestsOf);
}

/** The queries in the groups that are put before a model together, behind BOS. */
export function queryBatches(queries: readonly Query[], options: ProbeTokensOptions): Query[][] {
  let first = 0;
  return cutIntoBatches(
    queries.map((query) => planQuery(query, options.probeTokens, [0])),
    options,
  ).map(({ length }) => queries.slice(first, (first += length)));
}

function requestsOf(batch: readonly QueryPlan[]): EvaluationBatch {
  return batch.flatMap(({ requests }) => requests);
}

function total<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((sum, item) => sum + count(item), 0);
}

/** In their order; as many to a batch as the budget has room for, one at least. */
export function cutIntoBatches<Plan extends Pick<QueryPlan, 'requests'>>(
  plans: readonly Plan[],
  { tokenBudget = DEFAULT_TOKEN_BUDGET }: BatchOptions,
): Plan[][] {
  if (!(tokenBudget >= 0)) throw new RangeError(`tokenBudget is ${tokenBudget}, not a number of tokens`);
  const batches: Plan[][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (const plan of plans) {
    const tokens = total(plan.requests, (request) => request.tokens.length);
    if (used + tokens > tokenBudget) {
      batches.push([]);
      used = 0;
    }
    batches.at(-1)?.push(plan);
    used += tokens;
  }
  return batches;
}

/**
 * One probe a probe token, in their order.
 * @throws DivergedError
 */
export function toProbes(plan: QueryPlan, results: readonly EvaluationResult[], model: Model): Probe[] {
  const { layers, heads } = model.config;
  const optionLogProbs = plan.optionTokens.map((tokens) => {
    const logProb = total(tokens, ({ request, index }) => results[request]?.logProbs[index] as number);
    return logProb / tokens.length;
  });
  const recorded = (results[0] as EvaluationResult).probes;
  const nextTokens = results[plan.topRequest]?.top?.[0];
  if (
    !recorded.every(allFinite) ||
    ![...optionLogProbs, ...(nextTokens?.logProbs ?? [])].every(Number.isFinite)
  )
    throw new DivergedError(`${model.name}: what the model computes is no longer finite`);
  return recorded.map((probe) => ({
    ...probe,
    queryLength: probe.attentionScores.length / (layers * heads),
    optionLogProbs,
    ...(nextTokens ? { nextTokens } : {}),
  }));
}

function allFinite({ attentionOutput, attentionScores }: RowProbe): boolean {
  return areFinite(attentionOutput) && areFinite(attentionScores);
}

/** One sum tells, faster than a call for each: ∞ − ∞ and NaN − NaN are NaN. */
function areFinite(values: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) - (values[i] as number);
  return sum === 0;
}
