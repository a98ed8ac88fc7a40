import { type Gpu, acquireGpu } from '@icl-gd/gpu-kernels';
import { type AdaptOptions, DivergedError, type Learner } from '@icl-gd/methods';
import { accuracy } from '@icl-gd/metrics';
import {
  type Model,
  type ModelLocation,
  type ModelVariant,
  describeModel,
  loadModel,
  loadTokenizer,
  specialToken,
} from '@icl-gd/transformer';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import type { TokenEncoder } from '../tasks/prompts/encode.ts';
import type { PromptLimits } from '../tasks/prompts/context.ts';
import { demonstrationsFor, predict } from '../experiment/probe-setting.ts';
import type { Progress } from '../experiment/progress.ts';
import { doing } from '../terminal/heartbeat.ts';

/** What a study of accuracies alone needs of a model before it is loaded. */
export interface StudyInputs {
  readonly location: ModelLocation;
  readonly tokenizer: TokenEncoder;
  readonly limits: PromptLimits;
}

/** @throws UserError if the model's configuration or tokenizer does not fit */
export async function readStudyInputs(location: ModelLocation): Promise<StudyInputs> {
  doing({ text: 'reading model and data' });
  const { config } = await describeModel(location.directory, location.name);
  return {
    location,
    tokenizer: await loadTokenizer(location.directory),
    limits: {
      bosTokenId: specialToken(config, 'bosTokenId', location.directory),
      eosTokenId: specialToken(config, 'eosTokenId', location.directory),
      contextLength: config.contextLength,
    },
  };
}

/** Runs `work` once for each variant, loaded one at a time. */
export async function forEachVariant(
  { location }: StudyInputs,
  variants: readonly ModelVariant[],
  options: { readonly adapter: string; readonly initSeed: number },
  progress: Progress,
  work: (model: Model, variant: ModelVariant) => Promise<void>,
): Promise<void> {
  const gpu: Gpu = await acquireGpu({ adapter: options.adapter, log: (line) => progress.line(line) });
  try {
    for (const variant of variants) {
      doing({ text: `loading ${variant} weights` });
      using model = await loadModel(gpu, location.directory, {
        name: location.name,
        variant,
        seed: options.initSeed,
      });
      await work(model, variant);
    }
  } finally {
    progress.stop();
    gpu.dispose();
  }
}

/**
 * Share of right answers after a learner has taken in the demonstrations (in-context: those that fit), undefined where its
 * training diverged.
 */
export async function learnerAccuracy(
  model: Model,
  learner: Learner,
  prepared: PreparedRun,
  options: AdaptOptions & { readonly tokenBudget?: number } = {},
): Promise<number | undefined> {
  const { tokenBudget, ...adaptOptions } = options;
  try {
    const adapted = await learner.adapt(model, demonstrationsFor(learner, prepared), adaptOptions);
    try {
      const probes = await adapted.probe(prepared.queries, {
        probeToken: 'prompt',
        ...(tokenBudget === undefined ? {} : { tokenBudget }),
      });
      const predicted = predict(probes).map((prediction) => prediction.predicted);
      return accuracy(prepared.gold, predicted) as number;
    } finally {
      adapted.dispose();
    }
  } catch (error) {
    if (error instanceof DivergedError) return undefined;
    throw error;
  }
}
