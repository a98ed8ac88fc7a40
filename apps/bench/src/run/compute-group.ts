import {
  type AdaptedModel,
  DivergedError,
  type Learner,
  type Probe,
  type ProbeOptions,
  gradientDescent,
  inContext,
  layerCausalGradientDescent,
  zeroShot,
} from '@icl-gd/methods';
import {
  type LayerScores,
  type ProbeShape,
  alpha,
  bootstrapLayerMeanInterval,
  exampleMeans,
  simAM,
  simAMDelta,
  simAMZeroShot,
  simAOU,
  simAOUNorm,
  simAOURandom,
} from '@icl-gd/metrics';
import { type Model, Pcg64 } from '@icl-gd/transformer';
import type { Group, Method } from '../plan/plan.ts';
import type { PreparedRun } from '../prompts/prepare-run.ts';
import type { GroupRecord, MethodRecord, PredictionRecord, ScoreRecord } from './record.ts';

const LEARNERS: Readonly<Record<Method, Learner>> = { GD: gradientDescent, LCGD: layerCausalGradientDescent };
const RESAMPLES = 1000;
const LEVEL = 0.95;
const BOOTSTRAP_STREAM = 1n;

/** Probes by setting: ZSL, ICL and the methods that finished. */
export type ProbesBySetting = ReadonlyMap<string, readonly Probe[]>;

export interface GroupResult {
  readonly record: GroupRecord;
  readonly probes: ProbesBySetting;
}

/** What a group is computed with besides its own settings. */
export interface GroupOptions extends ProbeOptions {
  readonly releasedNorms: boolean;
}

/** Told about work done: units are queries probed and demonstrations trained on. */
export type OnWork = (setting: string, units: number) => void;

/**
 * Computes one group: zero-shot and in-context probes once, then each method, then the metrics.
 * @throws DivergedError if the model itself, before any training, computes something that is not finite
 */
export async function computeGroup(
  model: Model,
  group: Group,
  prepared: PreparedRun,
  options: GroupOptions,
  onWork: OnWork,
): Promise<GroupResult> {
  const probes = new Map<string, readonly Probe[]>();
  const probe = async (
    setting: string,
    learner: Learner,
    demonstrations = prepared.fineTuningDemonstrations,
  ): Promise<AdaptedModel> => {
    const adapted = await learner.adapt(model, demonstrations, {
      learningRate: group.learningRate,
      releasedNorms: options.releasedNorms,
      onProgress: () => onWork(setting, 1),
    });
    try {
      let before = 0;
      const onProgress = (finished: number): void => {
        onWork(setting, finished - before);
        before = finished;
      };
      probes.set(setting, await adapted.probe(prepared.queries, { ...options, onProgress }));
    } finally {
      adapted.dispose();
    }
    return adapted;
  };
  await probe('ZSL', zeroShot);
  await probe('ICL', inContext, prepared.demonstrations.slice(0, prepared.context.demonstrations));
  const training = new Map<Method, AdaptedModel['training']>();
  const failures = new Map<Method, string>();
  for (const method of group.methods) {
    try {
      training.set(method, (await probe(method, LEARNERS[method])).training);
    } catch (error) {
      if (!(error instanceof DivergedError)) throw error;
      failures.set(method, error.message);
    }
  }
  return { record: toRecord(model, group, prepared, probes, training, failures), probes };
}

function toRecord(
  model: Model,
  group: Group,
  prepared: PreparedRun,
  probes: ProbesBySetting,
  training: ReadonlyMap<Method, AdaptedModel['training']>,
  failures: ReadonlyMap<Method, string>,
): GroupRecord {
  const shape: ProbeShape = model.config;
  const zsl = probes.get('ZSL') as readonly Probe[];
  const icl = probes.get('ICL') as readonly Probe[];
  const score = (scores: LayerScores): ScoreRecord => summarise(scores, group.seed);
  const uniform = new Pcg64(group.seed);
  const metrics: Record<string, ScoreRecord> = {
    simaou_random: score(simAOURandom(icl, zsl, () => uniform.random(), shape)),
    simam_zsl: score(simAMZeroShot(icl, zsl, shape)),
  };
  const [gd, lcgd] = [probes.get('GD'), probes.get('LCGD')];
  if (gd && lcgd) metrics['alpha'] = score(alpha(lcgd, gd, zsl, shape));
  const methods = group.methods.map((method): [Method, MethodRecord] => {
    const ft = probes.get(method);
    if (!ft) return [method, { status: 'diverged', message: failures.get(method) ?? 'diverged' }];
    return [
      method,
      {
        status: 'finished',
        metrics: {
          simaou: score(simAOU(icl, zsl, ft, shape)),
          simaou_norm: score(simAOUNorm(icl, zsl, ft, shape)),
          simam: score(simAM(icl, ft, shape)),
          simam_delta: score(simAMDelta(icl, zsl, ft, shape)),
        },
        predictions: predict(ft),
        training: (training.get(method) ?? []).map((step) => ({
          gradientNorms: [...step.gradientNorms],
          losses: [...step.losses],
          ...(step.releasedGradientNorms ? { releasedGradientNorms: [...step.releasedGradientNorms] } : {}),
        })),
      },
    ];
  });
  return {
    gold: [...prepared.gold],
    metrics,
    zeroShot: predict(zsl),
    inContext: predict(icl),
    methods: Object.fromEntries(methods),
  };
}

function summarise(scores: LayerScores, seed: number): ScoreRecord {
  // Its own stream: simaou_random draws from the plain seed.
  const random = new Pcg64((BigInt(seed) << 32n) | BOOTSTRAP_STREAM);
  return {
    values: [...scores.values],
    undefinedCounts: [...scores.undefinedCounts],
    examples: exampleMeans(scores),
    interval: bootstrapLayerMeanInterval(scores.perExample, {
      resamples: RESAMPLES,
      level: LEVEL,
      random: () => random.random(),
    }),
  };
}

/** The option with the largest mean log-probability, the first on a tie. */
export function predict(probes: readonly Probe[]): PredictionRecord[] {
  return probes.map(({ optionLogProbs }) => ({
    predicted: optionLogProbs.indexOf(Math.max(...optionLogProbs)),
    optionLogProbs: [...optionLogProbs],
  }));
}
