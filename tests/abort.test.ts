import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunRequest, experiment, findTask, runExperiment, writeResults } from '@icl-gd/bench';
import { gradientDescent, layerCausalGradientDescent, learnerSetting } from '@icl-gd/methods';
import { resolveModel } from '@icl-gd/transformer';
import { afterAll, expect, it } from 'vitest';
import { type Fixture, fixtures } from './golden.ts';

const REASON = new Error('enough');
const { model, data, run } = fixtures().find(({ name }) => name === 'own-text-gpt2') as Fixture;
const folder = mkdtempSync(join(tmpdir(), 'icl-gd-abort-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function requestTo(out: string): Promise<RunRequest> {
  return {
    model: await resolveModel(model),
    data,
    settings: {
      datasets: [findTask(run.dataset)],
      methods: [gradientDescent, layerCausalGradientDescent].map((learner) => learnerSetting(learner)),
      ...{ variants: ['trained'], seeds: [run.seed], shots: run.k, examples: 4, learningRate: run.lr },
      ...{
        probe: 'prompt',
        dtype: 'float32',
        releasedNorms: false,
        noiseFloor: false,
        initSeed: 0,
        controls: [],
      },
    },
    adapter: process.env['ICL_GD_ADAPTER'] ?? 'auto',
    ...{ out, saveProbes: false, discardProbes: false, fresh: false },
  };
}

/** Told what a run is doing; nothing is printed. */
const watched = (advance: (units: number, doing: string) => void) => ({
  start: () => {},
  advance,
  line: (line: string) => void lines.push(line),
  stop: () => {},
});
let lines: string[] = [];

it('a run that is aborted keeps what was finished, and goes on from it to the same tables', async () => {
  const [stopped, whole] = [join(folder, 'stopped'), join(folder, 'whole')];
  const request = await requestTo(stopped);
  const controller = new AbortController();
  const inTraining = watched((_, doing) => {
    if (doing.endsWith('GD')) controller.abort(REASON);
  });
  await expect(runExperiment({ ...request, signal: controller.signal }, inTraining)).rejects.toBe(REASON);
  const kept = readdirSync(join(stopped, 'records')).filter((name) => name.endsWith('.json'));
  expect(kept.map((name) => /(ZSL|ICL|GD|LCGD)-prompt/.exec(name)?.[1]).toSorted()).toEqual(['ICL', 'ZSL']);
  lines = [];
  await writeResults(
    stopped,
    await runExperiment(
      request,
      watched(() => {}),
    ),
  );
  expect(lines.join('\n')).toContain('2 taken from records');
  await writeResults(
    whole,
    await runExperiment(
      { ...request, out: whole },
      watched(() => {}),
    ),
  );
  for (const file of ['layerwise.csv', 'predictions.csv', 'training.csv'])
    expect(readFileSync(join(stopped, file), 'utf8')).toBe(readFileSync(join(whole, file), 'utf8'));
});

it('a run whose signal is aborted already writes nothing', async () => {
  const out = join(folder, 'never');
  const request = { ...(await requestTo(out)), signal: AbortSignal.abort(REASON) };
  await expect(
    runExperiment(
      request,
      watched(() => {}),
    ),
  ).rejects.toBe(REASON);
  expect(readdirSync(folder)).not.toContain('never');
});

it('an experiment takes a signal, and refuses a misspelt option', async () => {
  const out = join(folder, 'experiment');
  const controller = new AbortController();
  const options = { model, data, out, examples: 2, learningRate: 0.01, signal: controller.signal };
  const seen: string[] = [];
  const progress = (_done: number, _total: number, doing: string): void => {
    seen.push(doing);
    controller.abort(REASON);
  };
  const adapter = process.env['ICL_GD_ADAPTER'] ?? 'auto';
  const running = experiment({ ...options, adapter, datasets: [run.dataset] }, { progress });
  await expect(running).rejects.toBe(REASON);
  expect(seen).toHaveLength(1);
  const misspelt = { model, out, learningrate: 0.01 };
  await expect(experiment(misspelt)).rejects.toThrow(
    'unknown option learningrate; did you mean learningRate?',
  );
});
