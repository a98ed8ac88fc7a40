import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { fineTune, predictions, runInContext, runZeroShot } from '@icl-gd/methods';
import { similarity } from '@icl-gd/metrics';
import { type Model, loadModel, loadTokenizer } from '@icl-gd/transformer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nothingTold, take } from '../page/told.ts';
import type { Experiment, ExperimentEvent } from './experiment.ts';
import { runExperiment } from './run-experiment.ts';
import { type EncodedTexts, encodeTexts } from './texts.ts';

const MODEL = join(import.meta.dirname, '../../../bench/models/tiny');
const EXPERIMENT: Experiment = {
  template: 'Article: {text} Topic:',
  labelWords: ['Zinu', 'Guban', 'Nure'],
  demonstrations: [
    { text: 'taser mobien bubeic zibe le', label: 1 },
    { text: 'se dateic klul', label: 2 },
  ],
  queries: ['gubeic zibe', 'se rovur', 'von klul', 'run zin', 'gugi bu', 'mobien le', 'dateic'].map(
    (text) => ({
      text,
      label: 0,
    }),
  ),
  learners: ['GD', 'LCGD'],
  learningRate: 0.05,
  seed: 3,
};

const gpu = useGpu();
let model: Model;
let texts: EncodedTexts;
beforeAll(async () => {
  model = await loadModel(gpu(), MODEL);
  texts = encodeTexts(EXPERIMENT, await loadTokenizer(MODEL), model.config);
});
afterAll(() => model.dispose());

async function run(
  experiment = EXPERIMENT,
  signal = new AbortController().signal,
): Promise<ExperimentEvent[]> {
  const events: ExperimentEvent[] = [];
  await runExperiment(model, experiment, texts, (event) => events.push(event), signal);
  return events;
}

test('what is told is what methods and metrics give one by one', async () => {
  const told = nothingTold(EXPERIMENT);
  for (const event of await run()) take(told, event);
  const { demonstrations, queries } = texts;
  const options = { probeToken: 'label' } as const;
  const zsl = await runZeroShot(model, queries, options);
  const icl = await runInContext(model, demonstrations, queries, options);
  expect([...told.outcomes.keys()]).toEqual(['ZSL', 'ICL', 'GD', 'LCGD']);
  for (const method of ['GD', 'LCGD'] as const) {
    using tuned = await fineTune(model, demonstrations, { method, learningRate: EXPERIMENT.learningRate });
    const ft = await tuned.probe(queries, options);
    const scores = similarity({ zsl, icl, ft }, model.config);
    const curves = told.curves.get(method) ?? [];
    for (const [metric, { values }] of Object.entries(scores))
      expect(curves.find((curve) => curve.metric === metric)?.values).toEqual(values);
    const outcomes = told.outcomes.get(method) ?? [];
    expect(outcomes.map(({ query }) => query)).toEqual(queries.map((_, i) => i));
    expect(outcomes.map(({ predicted }) => predicted)).toEqual(predictions(ft));
    expect(outcomes.map(({ logProbs }) => logProbs)).toEqual(ft.map((probe) => probe.optionLogProbs));
    const cosine = scores.simaou.perExample[2]?.[5];
    expect(outcomes[5]?.updateCosines[2]).toBe((cosine?.sum ?? NaN) / (cosine?.count ?? NaN));
    expect(told.training.get(method)).toEqual(tuned.training);
  }
  const metrics = [...told.curves].flatMap(([setting, curves]) =>
    curves.map(({ metric }) => `${setting} ${metric}`),
  );
  expect(metrics).toContain('ICL simaou_random');
  expect(metrics.filter((metric) => metric.endsWith(' alpha'))).toEqual(['LCGD alpha']);
});

test('the size of an update is its length in units of the zero-shot output’s', async () => {
  const told = nothingTold(EXPERIMENT);
  for (const event of await run({ ...EXPERIMENT, learners: [] })) take(told, event);
  const [zsl, icl] = [
    await runZeroShot(model, texts.queries, { probeToken: 'label' }),
    await runInContext(model, texts.demonstrations, texts.queries, { probeToken: 'label' }),
  ];
  const { dModel, layers } = model.config;
  const row = (values: Float32Array | undefined) => [...(values ?? [])].slice((layers - 1) * dModel);
  const before = row(zsl[6]?.attentionOutput);
  const after = row(icl[6]?.attentionOutput);
  const size = Math.hypot(...after.map((value, i) => value - (before[i] ?? NaN))) / Math.hypot(...before);
  expect(told.outcomes.get('ICL')?.[6]?.updateSizes.at(-1)).toBeCloseTo(size, 12);
  expect(told.outcomes.get('ZSL')?.[6]?.updateSizes).toEqual([]);
});

test('progress only grows, up to everything; results come before it is all done', async () => {
  const events = await run();
  const progress = events.flatMap((event) => (event.kind === 'progress' ? [event] : []));
  const finished = progress.map((event) => event.finished);
  expect(finished).toEqual(finished.toSorted((a, b) => a - b));
  expect(finished.at(-1)).toBe(4 * texts.queries.length + 2 * texts.demonstrations.length);
  expect(new Set(progress.map(({ total }) => total))).toEqual(new Set([finished.at(-1)]));
  const kinds = events.map(({ kind }) => kind);
  expect(kinds.indexOf('outcomes')).toBeLessThan(kinds.indexOf('training'));
  expect(events.filter(({ kind }) => kind === 'training')).toHaveLength(4);
});

test.each(['outcomes', 'training'] as const)(
  'an abort at %s stops with its reason, and leaves nothing behind',
  async (kind) => {
    const live = gpu().pool.live;
    const stop = new AbortController();
    const reason = new Error('enough');
    const running = runExperiment(
      model,
      EXPERIMENT,
      texts,
      (event) => {
        if (event.kind === kind) stop.abort(reason);
      },
      stop.signal,
    );
    await expect(running).rejects.toBe(reason);
    expect(gpu().pool.live).toEqual(live);
  },
);
