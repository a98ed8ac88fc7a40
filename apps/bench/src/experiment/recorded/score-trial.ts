import { type MetricCatalogue, type Predictions, type ProbeShape, builtInMetrics } from '@icl-gd/metrics';
import { learners } from '@icl-gd/methods';
import { predict } from '../probe-setting.ts';
import type { FinishedSetting } from '../record.ts';
import { type ScoresByMetric, drawsOf, pairsAmong, score, toScoreRecords } from '../scores.ts';
import type { MethodResult, TrialResult } from '../trial-result.ts';
import { Lacking } from './lacking.ts';
import { HeldProbes, openTrial } from './open-trial.ts';
import type { RecordedTrial } from './recorded-trials.ts';
import type { Recording } from './recording.ts';

export interface ScoredTrial {
  readonly result: TrialResult;
  /** Of h and m. */
  readonly shape: ProbeShape;
  /** A line for each thing that was not recorded: what could not be computed without it. */
  readonly lacking: readonly string[];
}

const [ZSL, ICL] = ['ZSL', 'ICL'];

/**
 * Computes every metric of the catalogue that the recordings of a trial allow, with the functions, draws and order of a run.
 * Zero-shot, in-context and one learner, or the two of a pair, are in memory at a time.
 *
 * @param onSetting told what is about to be read and scored
 * @param catalogue what is computed
 * @throws UserError for a recording that is damaged, ambiguous, or of other examples than the others
 */
export async function scoreRecordedTrial(
  trial: RecordedTrial,
  onSetting: (setting: string) => void,
  catalogue: MetricCatalogue = builtInMetrics,
): Promise<ScoredTrial> {
  const recordings = await openTrial(trial);
  const probes = new HeldProbes(recordings);
  const lacking = new Lacking();
  const [first] = recordings.values() as IterableIterator<Recording>;
  const { shape, examples } = first as Recording;
  const probesOf = (setting: string) => ({ value: probes.get(setting), name: `${setting} recording` });
  const methodIds = [...recordings.keys()].filter((id) => id !== ZSL && id !== ICL);
  const predictions = new RecordedPredictions(recordings, lacking, catalogue);
  const finished = (setting: string, metrics: ScoresByMetric): FinishedSetting => ({
    status: 'finished',
    predictions: predict(predicting(recordings.get(setting))),
    metrics: toScoreRecords(metrics, trial.seed),
    training: [...(recordings.get(setting)?.training ?? [])],
  });

  onSetting(ICL);
  await probes.hold([ZSL, ICL]);
  const baseline = score(catalogue, 'baseline', (metric) =>
    lacking.unless(metric.id, () =>
      metric.score(Lacking.asked({ zsl: probesOf(ZSL), icl: probesOf(ICL) }), shape, drawsOf(trial.seed)),
    ),
  );
  const absent = predictions.absent('baseline');
  const methods: MethodResult[] = [];
  for (const id of methodIds) {
    onSetting(id);
    await probes.hold([ZSL, ICL, id]);
    const inapplicable = inapplicableTo(id, recordings.get(id) as Recording);
    const scores = score(catalogue, 'learner', (metric) =>
      inapplicable.includes(metric.id)
        ? undefined
        : lacking.unless(`${metric.id} of ${id}`, () =>
            metric.score(Lacking.asked({ zsl: probesOf(ZSL), icl: probesOf(ICL), ft: probesOf(id) }), shape),
          ),
    );
    methods.push({
      id,
      ...(trial.withoutRate.has(id) ? { learningRate: null } : {}),
      inapplicableMetrics: [...inapplicable, ...predictions.absent('learner', id, inapplicable)],
      record: finished(id, scores),
    });
  }
  const pairs = new Map<string, ScoresByMetric>();
  for (const pair of pairsAmong(methodIds, catalogue)) {
    onSetting(pair.join(' and '));
    await probes.hold([ZSL, ...pair]);
    const [one, other] = pair;
    const scores = score(catalogue, 'pair', (metric) =>
      `${metric.learners}` === `${pair}`
        ? lacking.unless(metric.id, () =>
            metric.score(
              Lacking.asked({ zsl: probesOf(ZSL), first: probesOf(one), second: probesOf(other) }),
              shape,
            ),
          )
        : undefined,
    );
    pairs.set(`${pair}`, scores);
  }
  notePairs(methodIds, catalogue, lacking);
  return {
    shape,
    result: {
      trial,
      prepared: {
        gold: predictions.gold ?? [],
        validationRows: examples,
        context: { demonstrations: recordings.get(ICL)?.demonstrationsInContext },
      },
      baselines: {
        zeroShot: finished(ZSL, new Map()),
        inContext: finished(ICL, trial.repeatsBaselines ? new Map() : baseline),
      },
      absentMetrics: trial.repeatsBaselines ? catalogue.predictionMetrics.map(({ id }) => id) : absent,
      methods,
      pairs: Object.assign(
        {},
        ...[...pairs.values()].map((own) => toScoreRecords(own, trial.seed)),
      ) as TrialResult['pairs'],
      noise: [],
      metrics: catalogue,
    },
    lacking: lacking.lines(),
  };
}

/** What predictions are made of, as far as it was recorded. */
function predicting(own: Recording | undefined): Parameters<typeof predict>[0] {
  return (own?.optionLogProbs ?? []).map((optionLogProbs, i) => {
    const ids = own?.nextTokens?.[i];
    return { optionLogProbs, ...(ids ? { nextTokens: { ids } } : {}) };
  });
}

/** Which numbers of right answers can be had. */
class RecordedPredictions {
  readonly gold: readonly number[] | undefined;
  readonly #recordings: ReadonlyMap<string, Recording>;
  readonly #lacking: Lacking;
  readonly #catalogue: MetricCatalogue;

  constructor(recordings: ReadonlyMap<string, Recording>, lacking: Lacking, catalogue: MetricCatalogue) {
    this.gold = [...recordings.values()].find((own) => own.gold)?.gold;
    this.#recordings = recordings;
    this.#lacking = lacking;
    this.#catalogue = catalogue;
  }

  /** Ids of metrics of classes that something is lacking for. */
  absent(of: 'baseline' | 'learner', learner?: string, inapplicable: readonly string[] = []): string[] {
    const predictions = Lacking.asked({
      gold: { value: this.gold, name: 'right classes (gold)' },
      zsl: this.#of(ZSL),
      icl: this.#of(ICL),
      ft: learner === undefined ? { value: [], name: '' } : this.#of(learner),
    }) satisfies Predictions;
    return this.#catalogue.predictionMetrics.flatMap((metric) => {
      if (metric.of !== of || inapplicable.includes(metric.id)) return [];
      const name = learner === undefined ? metric.id : `${metric.id} of ${learner}`;
      const scored = this.#lacking.unless(name, () => ({ score: metric.score(predictions) }));
      return scored ? [] : [metric.id];
    });
  }

  #of(setting: string): { readonly value: readonly number[] | undefined; readonly name: string } {
    const recording = this.#recordings.get(setting);
    const logProbs = recording?.optionLogProbs;
    return {
      value:
        logProbs &&
        predict(logProbs.map((optionLogProbs) => ({ optionLogProbs }))).map(({ predicted }) => predicted),
      name: recording ? `option_log_probs of ${setting}` : `${setting} recording`,
    };
  }
}

function inapplicableTo(id: string, { inapplicableMetrics }: Recording): string[] {
  const known = learners.find((own) => own.id === id.replace(/\[.*$/s, ''));
  return [...new Set([...inapplicableMetrics, ...(known?.inapplicableMetrics ?? [])])];
}

/** Metrics of two learners of which one was recorded. */
function notePairs(ids: readonly string[], { layerMetrics }: MetricCatalogue, lacking: Lacking): void {
  for (const metric of layerMetrics) {
    if (metric.of !== 'pair') continue;
    const missing = metric.learners.filter((id) => !ids.includes(id));
    if (missing.length === 1) lacking.add(`${missing[0]} recording`, metric.id);
  }
}
