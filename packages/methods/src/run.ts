import { type Model, refuseMisspelt } from '@icl-gd/transformer';
import { guarded } from './adapted-model.ts';
import { requireDemonstrations, requireModel, requireProbing } from './given.ts';
import type {
  AdaptOptions,
  AdaptedModel,
  Demonstration,
  Learner,
  LearnerOptions,
  Probe,
  ProbeOptions,
  ProbeToken,
  ProbeTokensOptions,
  Query,
} from './learner.ts';
import { gradientDescent, layerCausalGradientDescent } from './learners/gradient-descent.ts';
import { inContext } from './learners/in-context.ts';
import { zeroShot } from './learners/zero-shot.ts';

/** How queries are probed; at the last token of the prompt (`prompt`) if nothing is said. Progress is in queries. */
export type RunOptions = Partial<ProbeOptions>;
/** Both probe tokens from the same forward passes. */
export type RunTokensOptions = ProbeTokensOptions;

/**
 * Probes the model as it is, each query after BOS (ZSL).
 * @returns one probe a query, in their order; with `probeTokens` such a list for each
 * @throws the signal's reason if it is aborted; DivergedError if anything recorded is not finite; UserError for a model
 *   without BOS, or if the device has no room; RangeError for a query that does not fit the model
 */
export function runZeroShot(
  model: Model,
  queries: readonly Query[],
  options: RunTokensOptions,
): Promise<ReadonlyMap<ProbeToken, Probe[]>>;
export function runZeroShot(model: Model, queries: readonly Query[], options?: RunOptions): Promise<Probe[]>;
export function runZeroShot(
  model: Model,
  queries: readonly Query[],
  options: RunOptions | RunTokensOptions = {},
): Promise<Probe[] | ReadonlyMap<ProbeToken, Probe[]>> {
  return run(zeroShot, model, [], queries, options);
}

/**
 * Probes the model with the demonstrations before each query (ICL). All of them must fit the context with the query.
 * @returns one probe a query, in their order; with `probeTokens` such a list for each
 * @throws as {@link runZeroShot}, RangeError also for demonstrations that do not fit
 */
export function runInContext(
  model: Model,
  demonstrations: readonly Demonstration[],
  queries: readonly Query[],
  options: RunTokensOptions,
): Promise<ReadonlyMap<ProbeToken, Probe[]>>;
export function runInContext(
  model: Model,
  demonstrations: readonly Demonstration[],
  queries: readonly Query[],
  options?: RunOptions,
): Promise<Probe[]>;
export function runInContext(
  model: Model,
  demonstrations: readonly Demonstration[],
  queries: readonly Query[],
  options: RunOptions | RunTokensOptions = {},
): Promise<Probe[] | ReadonlyMap<ProbeToken, Probe[]>> {
  return run(inContext, model, demonstrations, queries, options);
}

const KNOWN_ADAPT_OPTIONS: Required<{ [name in keyof FineTuneOptions]: true }> = {
  ...{ method: true, learningRate: true, releasedNorms: true, halfWeights: true, learnerOptions: true },
  ...{ seed: true, signal: true, onProgress: true, onStep: true },
};

async function run(
  learner: typeof zeroShot,
  model: Model,
  demonstrations: readonly Demonstration[],
  queries: readonly Query[],
  options: RunOptions | RunTokensOptions,
): Promise<Probe[] | ReadonlyMap<ProbeToken, Probe[]>> {
  requireProbing(options);
  requireModel(model, 'probing');
  requireDemonstrations(demonstrations);
  const { signal } = options;
  using adapted = await learner.adapt(model, demonstrations, { signal });
  return await ('probeTokens' in options
    ? adapted.probeTokens(queries, options)
    : adapted.probe(queries, options));
}

/** How {@link fineTune} trains. Progress is in demonstrations taken in. */
export interface FineTuneOptions<
  Options extends LearnerOptions = LearnerOptions,
> extends AdaptOptions<Options> {
  /** `GD` if absent; or any other learner, built in or one's own. */
  readonly method?: 'GD' | 'LCGD' | Learner<Options>;
}

/**
 * Lets a learner take in the demonstrations, by gradient descent if nothing else is said: one SGD step a demonstration, on key
 * and value projections alone, unless `learnerOptions` say otherwise. The model is not changed, and must outlive the result.
 * @returns to be disposed by the caller, or by `using`
 * @throws the signal's reason if it is aborted; DivergedError if training stops being finite; RangeError if GD or LCGD are
 *   given no learning rate, or the demonstrations do not fit the model; UserError if the device has no room
 */
export async function fineTune<Options extends LearnerOptions = LearnerOptions>(
  model: Model,
  demonstrations: readonly Demonstration[],
  { method = 'GD', ...options }: FineTuneOptions<Options> = {},
): Promise<AdaptedModel> {
  refuseMisspelt('fineTune', options, KNOWN_ADAPT_OPTIONS);
  requireModel(model, 'fineTune');
  requireDemonstrations(demonstrations);
  const { signal } = options;
  signal?.throwIfAborted();
  const result = await learnerOf(method).adapt(model, demonstrations, options);
  if (signal?.aborted) result.dispose();
  signal?.throwIfAborted();
  return guarded(result, model.name);
}

function learnerOf<Options extends LearnerOptions>(
  method: NonNullable<FineTuneOptions<Options>['method']>,
): Learner<Options> {
  if (typeof method === 'object' && typeof method?.adapt === 'function') return method;
  if (method !== 'GD' && method !== 'LCGD')
    throw new RangeError(`no method is called ${String(method)}: GD, LCGD, or a learner`);
  // They check the options that they are given, whatever the type says.
  return (method === 'GD' ? gradientDescent : layerCausalGradientDescent) as unknown as Learner<Options>;
}
