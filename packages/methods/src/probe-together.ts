import {
  type EvaluationResult,
  type Model,
  evaluateInOnePass,
  evaluateTogether,
  specialToken,
} from '@icl-gd/transformer';
import { requireQueries } from './given.ts';
import {
  DivergedError,
  type LearnerResult,
  type Probe,
  type ProbeToken,
  type ProbeTokensOptions,
  type Query,
} from './learner.ts';
import { type QueryPlan, planQuery } from './probe-plan.ts';
import { cutIntoBatches, evaluateBatches, requireProbeTokens, toProbes } from './probe-queries.ts';

/** The models that results of learners probe, if that is all that they do. */
const MODELS = new WeakMap<LearnerResult, Model>();

/** Tells that a result's probes are those of a model behind BOS. @returns the result */
export function probedModel<Result extends LearnerResult>(result: Result, model: Model): Result {
  MODELS.set(result, model);
  return result;
}

/** An adapted model, and what it is asked. */
export interface ProbedCell {
  readonly adapted: LearnerResult;
  readonly queries: readonly Query[];
}

type Probes = ReadonlyMap<ProbeToken, Probe[]>;

/**
 * Probes several adapted models, each as its `probeTokens` would, bit for bit. Cells whose models share all but what was trained
 * are probed in the same passes, as many queries to a pass as the budget has room for; others follow one by one.
 * @param options progress is in queries of all cells
 * @returns what `probeTokens` gives for each cell, in their order; a cell that diverged has its error there, and leaves the others
 *   alone
 * @throws as `probeTokens`
 */
export async function probeTogether(
  cells: readonly ProbedCell[],
  options: ProbeTokensOptions,
): Promise<(Probes | DivergedError)[]> {
  for (const { queries } of cells) requireQueries(queries);
  requireProbeTokens(options);
  const { onProgress } = options;
  const total = cells.reduce((sum, { queries }) => sum + queries.length, 0);
  let before = 0;
  const tell = ({ finished }: { readonly finished: number }): void =>
    onProgress?.({ finished: before + finished, total });
  const own = onProgress ? { ...options, onProgress: tell } : options;
  const models = cells.map(({ adapted }) => MODELS.get(adapted));
  if (models.every((model) => model !== undefined) && evaluateInOnePass(models))
    return await probeInPasses(cells, models, options);
  const results: (Probes | DivergedError)[] = [];
  for (const { adapted, queries } of cells) {
    results.push(await adapted.probeTokens(queries, own).catch(diverged));
    before += queries.length;
  }
  return results;
}

/** What a query of a cell needs. */
interface CellPlan extends QueryPlan {
  readonly cell: number;
}

async function probeInPasses(
  cells: readonly ProbedCell[],
  models: readonly Model[],
  options: ProbeTokensOptions,
): Promise<(Probes | DivergedError)[]> {
  const { probeTokens, nextTokens, signal, onProgress, allocate } = options;
  const plans = cells.flatMap(({ queries }, cell): CellPlan[] => {
    const { config, name } = models[cell] as Model;
    const bos = specialToken(config, 'bosTokenId', name);
    return queries.map((query) => ({ ...planQuery(query, probeTokens, [bos], nextTokens), cell }));
  });
  const results = cells.map((): Map<ProbeToken, Probe[]> | DivergedError => {
    return new Map(probeTokens.map((token) => [token, []]));
  });
  const take = (plan: CellPlan, evaluated: readonly EvaluationResult[]): void => {
    const probes = results[plan.cell];
    if (!probes || probes instanceof DivergedError) return;
    try {
      const own = toProbes(plan, evaluated, models[plan.cell] as Model);
      for (const [i, token] of probeTokens.entries()) probes.get(token)?.push(own[i] as Probe);
    } catch (error) {
      results[plan.cell] = diverged(error);
    }
  };
  let finished = 0;
  await evaluateBatches(cutIntoBatches(plans, options), signal, {
    evaluate(batch) {
      const asked = [...new Set(batch.map(({ cell }) => cell))].map((cell) => ({
        model: models[cell] as Model,
        requests: batch.flatMap((plan) => (plan.cell === cell ? plan.requests : [])),
      }));
      return evaluateTogether(asked, { signal, allocate });
    },
    take(batch, byCell) {
      // Cells lie in a batch one after another.
      const evaluated = byCell.flat();
      let first = 0;
      for (const plan of batch) take(plan, evaluated.slice(first, (first += plan.requests.length)));
      finished += batch.length;
      onProgress?.({ finished, total: plans.length });
    },
  });
  return results;
}

/** An error that is of one cell alone. @throws every other */
function diverged(error: unknown): DivergedError {
  if (error instanceof DivergedError) return error;
  throw error;
}
