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
import { type LayerScores, bootstrapLayerMeanInterval, exampleMeans } from '@icl-gd/metrics';
import { type Model, Pcg64 } from '@icl-gd/transformer';
import type { Group, Method } from './plan.ts';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import { measureNoiseFloor } from './noise-floor.ts';
import type { GroupRecord, MethodRecord, NoiseRecord, PredictionRecord, ScoreRecord } from './record.ts';
import { type Scores, scoreProbes } from './scores.ts';

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
  /** Also measure how much of each score is rounding. */
  readonly noiseFloor: boolean;
}

/** Told about work done: units are queries probed and demonstrations trained on. */
export type OnWork = (setting: string, units: number) => void;

/** Probes of all settings, and what was seen on the way to them. */
interface Probed {
  readonly probes: ProbesBySetting;
  readonly training: ReadonlyMap<Method, AdaptedModel['training']>;
  readonly failures: ReadonlyMap<Method, string>;
}

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
  const probed = await probeSettings(model, group, prepared, options, onWork);
  const score = (probes: ProbesBySetting): Scores => scoreProbes(probes, model.config, group);
  const scores = score(probed.probes);
  const noiseFloor = options.noiseFloor
    ? await measureNoiseFloor(model, probed.probes, scores, score, async (own, halfWeights) => {
        const again = { ...options, releasedNorms: false, halfWeights };
        return (await probeSettings(own, group, prepared, again, onWork)).probes;
      })
    : undefined;
  return { record: toRecord(group, prepared, probed, scores, noiseFloor), probes: probed.probes };
}

async function probeSettings(
  model: Model,
  group: Group,
  prepared: PreparedRun,
  options: Omit<GroupOptions, 'noiseFloor'> & { readonly halfWeights?: boolean },
  onWork: OnWork,
): Promise<Probed> {
  const probes = new Map<string, readonly Probe[]>();
  const probe = async (
    setting: string,
    learner: Learner,
    demonstrations = prepared.fineTuningDemonstrations,
  ): Promise<AdaptedModel> => {
    const adapted = await learner.adapt(model, demonstrations, {
      learningRate: group.learningRate,
      releasedNorms: options.releasedNorms,
      halfWeights: options.halfWeights ?? false,
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
  return { probes, training, failures };
}

function toRecord(
  group: Group,
  prepared: PreparedRun,
  { probes, training, failures }: Probed,
  scores: Scores,
  noiseFloor: NoiseRecord[] | undefined,
): GroupRecord {
  const metricsOf = (wanted: Method | '-'): Record<string, ScoreRecord> =>
    Object.fromEntries(
      scores.flatMap(({ method, metric, scores: own }) =>
        method === wanted ? [[metric, summarise(own, group.seed)]] : [],
      ),
    );
  const methods = group.methods.map((method): [Method, MethodRecord] => {
    const ft = probes.get(method);
    if (!ft) return [method, { status: 'diverged', message: failures.get(method) ?? 'diverged' }];
    return [
      method,
      {
        status: 'finished',
        metrics: metricsOf(method),
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
    metrics: metricsOf('-'),
    zeroShot: predict(probes.get('ZSL') ?? []),
    inContext: predict(probes.get('ICL') ?? []),
    methods: Object.fromEntries(methods),
    ...(noiseFloor ? { noiseFloor } : {}),
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
