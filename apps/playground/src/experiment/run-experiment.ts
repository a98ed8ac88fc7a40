import { type Probe, fineTune, learners } from '@icl-gd/methods';
import { type LayerMetric, type LayerScores, layerMetrics, simAOU } from '@icl-gd/metrics';
import { type Model, Pcg64 } from '@icl-gd/transformer';
import {
  type Curve,
  type Experiment,
  type ExperimentEvent,
  IN_CONTEXT,
  type QueryOutcome,
  ZERO_SHOT,
} from './experiment.ts';
import type { EncodedTexts } from './texts.ts';

/** So many queries are computed before their results are told. No number depends on it. */
const BATCH = 6;
/** Where h and m are recorded: at the answer, as in the paper's experiment. */
const PROBED = 'label';

type Tell = (event: ExperimentEvent) => void;
type ProbesOf = Map<string, Probe[]>;

/**
 * Zero-shot, in-context and each learner on the same queries, telling of everything as soon as it is there.
 * @throws the signal's reason where it is aborted; DivergedError if a learner leaves the finite numbers; UserError if the
 *   device has no room
 */
export async function runExperiment(
  model: Model,
  { learners: chosen, learningRate, seed }: Pick<Experiment, 'learners' | 'learningRate' | 'seed'>,
  texts: EncodedTexts,
  tell: Tell,
  signal: AbortSignal,
): Promise<void> {
  const settings = learners.filter(({ id }) => id === ZERO_SHOT || id === IN_CONTEXT || chosen.includes(id));
  const { demonstrations, queries } = texts;
  const trained = settings.filter(({ objective }) => objective !== undefined).length;
  const total = settings.length * queries.length + trained * demonstrations.length;
  let finished = 0;
  const probes: ProbesOf = new Map();
  for (const learner of settings) {
    const progress = (doing: string, within: number): void =>
      tell({ kind: 'progress', doing: `${learner.label}: ${doing}`, finished: finished + within, total });
    if (learner.objective) progress('training', 0);
    else if (learner.id === IN_CONTEXT) progress('demonstrations', 0);
    using adapted = await fineTune(model, demonstrations, {
      method: learner,
      learningRate,
      signal,
      onProgress: (done) => {
        if (learner.objective) progress('training', done.finished);
      },
      onStep: (step, place) => tell({ kind: 'training', learner: learner.id, place, step }),
    });
    if (learner.objective) finished += demonstrations.length;
    const own: Probe[] = [];
    probes.set(learner.id, own);
    progress('queries', 0);
    for (let first = 0; first < queries.length; first += BATCH) {
      const batch = queries.slice(first, first + BATCH);
      own.push(...(await adapted.probe(batch, { probeToken: PROBED, signal })));
      finished += batch.length;
      tell({ kind: 'outcomes', setting: learner.id, outcomes: outcomes(model, probes, learner.id, first) });
      progress('queries', 0);
    }
    tell({ kind: 'curves', setting: learner.id, curves: curvesOf(model, probes, learner.id, seed) });
  }
}

/** What came out for the queries from `first` on. */
function outcomes({ config }: Model, probes: ProbesOf, setting: string, first: number): QueryOutcome[] {
  const [zsl = [], icl = [], ft = []] = [ZERO_SHOT, IN_CONTEXT, setting].map((id) =>
    probes.get(id)?.slice(first, first + BATCH),
  );
  const { layers, dModel } = config;
  const cosines =
    setting === ZERO_SHOT || setting === IN_CONTEXT ? [] : simAOU(icl, zsl, ft, config).perExample;
  return ft.map(({ optionLogProbs, attentionOutput }, i) => {
    const base = zsl[i]?.attentionOutput ?? attentionOutput;
    const size = (layer: number): number => {
      let [update, norm] = [0, 0];
      for (let at = layer * dModel; at < (layer + 1) * dModel; at++) {
        const before = base[at] ?? NaN;
        update += ((attentionOutput[at] ?? NaN) - before) ** 2;
        norm += before ** 2;
      }
      return Math.sqrt(update / norm);
    };
    return {
      query: first + i,
      logProbs: optionLogProbs,
      predicted: optionLogProbs.indexOf(Math.max(...optionLogProbs)),
      updateSizes: setting === ZERO_SHOT ? [] : Array.from({ length: layers }, (_, layer) => size(layer)),
      updateCosines: cosines.map((examples) => {
        const { sum = 0, count = 0 } = examples[i] ?? {};
        return count === 0 ? null : sum / count;
      }),
    };
  });
}

/** Metrics that can be computed now and could not before this setting. */
function curvesOf({ config }: Model, probes: ProbesOf, setting: string, seed: number): Curve[] {
  const [zsl, icl, ft] = [ZERO_SHOT, IN_CONTEXT, setting].map((id) => probes.get(id));
  if (!zsl || !icl || !ft) return [];
  const random = new Pcg64(seed);
  const score = (metric: LayerMetric): LayerScores | undefined => {
    if (metric.of === 'baseline')
      return setting === IN_CONTEXT ? metric.score({ icl, zsl }, config, () => random.random()) : undefined;
    if (metric.of === 'learner')
      return setting === IN_CONTEXT ? undefined : metric.score({ icl, zsl, ft }, config);
    const [first, second] = metric.learners.map((id) => probes.get(id));
    if (!first || !second || !metric.learners.includes(setting)) return undefined;
    return metric.score({ first, second, zsl }, config);
  };
  return layerMetrics.flatMap((metric) => {
    const scores = score(metric);
    return scores
      ? [{ metric: metric.id, label: metric.label, range: metric.range, values: scores.values }]
      : [];
  });
}
