import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expectClose, useGpu } from '@icl-gd/gpu-kernels/testing';
import {
  type LearnerSetting,
  type Probe,
  inContext,
  inapplicableMetricsOf,
  learnerSetting,
  learners,
  needsOf,
  settingId,
  takesRate,
  zeroShot,
} from '@icl-gd/methods';
import { layerMetrics } from '@icl-gd/metrics';
import { type Model, loadModel, loadTokenizer, specialToken } from '@icl-gd/transformer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDataset } from '../apps/bench/src/tasks/dataset.ts';
import { type PreparedRun, prepareRun } from '../apps/bench/src/tasks/prompts/prepare-run.ts';
import { findTask } from '../apps/bench/src/tasks/tasks.ts';
import { type Fixture, fixtures, readJson } from './golden.ts';

/** float32 against the float64 of an independent implementation, by layer. */
const METRIC = { absolute: 5e-4, relative: 0 };

type ByLayer = Readonly<Record<string, readonly number[]>>;

interface Controls {
  readonly settings: Readonly<Record<string, { readonly metrics: ByLayer; readonly accuracy: number }>>;
  readonly tangent: Readonly<Record<string, ByLayer>>;
}

/** `GD[batch=full,steps=3]` as a setting; undefined for what is no learner with options of its own. */
function settingOf(id: string): LearnerSetting | undefined {
  const [, name, inside] = /^([A-Z]+)(?:\[(.*)\])?$/.exec(id) ?? [];
  const learner = learners.find((known) => known.id === name);
  const typed = (inside?.split(',') ?? []).map((entry) => entry.split('=') as [string, string?]);
  if (
    !learner ||
    typed.some(([option]) => !(option in (learner.options?.shape ?? {})) || option === 'labels')
  )
    return undefined;
  return learnerSetting(
    learner,
    Object.fromEntries(typed.map(([option, value]) => [option, value ?? 'true'])),
  );
}

const gpu = useGpu();
const controlled = fixtures().filter(({ golden }) => existsSync(join(golden, 'controls.json')));

describe.each(controlled)('$name', (fixture: Fixture) => {
  const { run } = fixture;
  const golden = readJson(join(fixture.golden, 'controls.json')) as Controls;
  const probeToken = run.probe as 'label' | 'prompt';
  let model: Model;
  let prepared: PreparedRun;
  let icl: Probe[];
  let zsl: Probe[];

  beforeAll(async () => {
    const task = findTask(run.dataset);
    model = await loadModel(gpu(), fixture.model);
    const limits = {
      bosTokenId: specialToken(model.config, 'bosTokenId', run.dataset),
      eosTokenId: specialToken(model.config, 'eosTokenId', run.dataset),
      contextLength: model.config.contextLength,
    };
    const dataset = await readDataset(fixture.data, task);
    const selection = { shots: run.k, seed: run.seed, permutation: run.permutation, examples: run.examples };
    prepared = prepareRun(task, dataset, await loadTokenizer(fixture.model), limits, selection);
    icl = await probesOfSetting({ learner: inContext, options: {} });
    zsl = await probesOfSetting({ learner: zeroShot, options: {} });
  });
  afterAll(() => model.dispose());

  async function probesOfSetting(setting: LearnerSetting): Promise<Probe[]> {
    const demonstrations = {
      none: [],
      all: prepared.fineTuningDemonstrations,
      context: prepared.demonstrations.slice(0, prepared.context.demonstrations),
    }[needsOf(setting)];
    const adapted = await setting.learner.adapt(model, demonstrations, {
      learnerOptions: setting.options,
      ...(takesRate(setting) ? { learningRate: run.lr } : {}),
    });
    const probes = await adapted.probe(prepared.queries, { probeToken });
    adapted.dispose();
    return probes;
  }

  const wanted = [
    ...Object.entries(golden.settings).map(([id, { metrics }]) => [id, metrics] as const),
    ...Object.entries(golden.tangent),
  ].flatMap(([id, metrics]) => {
    const setting = settingOf(id);
    return setting && setting.learner !== inContext ? [{ id, setting, metrics }] : [];
  });

  it.each(wanted)(
    '$id has the metrics of an independent implementation',
    async ({ id, setting, metrics }) => {
      expect(settingId(setting)).toBe(id);
      const ft = await probesOfSetting(setting);
      const { layers, heads, dModel } = model.config;
      const missing = inapplicableMetricsOf(setting);
      let compared = 0;
      for (const metric of layerMetrics) {
        const expected = metrics[metric.id];
        if (metric.of !== 'learner' || !expected) continue;
        expect(missing).not.toContain(metric.id);
        const { values } = metric.score({ icl, zsl, ft }, { layers, heads, dModel });
        expectClose(
          values.map((value) => value ?? Number.NaN),
          expected,
          METRIC,
        );
        compared++;
      }
      expect(compared).toBeGreaterThan(0);
    },
  );
});
