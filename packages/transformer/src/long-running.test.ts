import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { withChangedParameters } from './change-parameters.ts';
import { writeSafetensors } from './checkpoint/write-safetensors.ts';
import { nextTokenTargets } from './decoder/targets.ts';
import { FineTuning } from './fine-tuning.ts';
import type { LongRunning, Progress } from './long-running.ts';
import { type Model, loadModel } from './model.ts';
import { readModelConfig } from './model-config.ts';
import { writeModel, writeNewModel } from './new-model.ts';
import { initialiseForPretraining } from './pretraining/initialise.ts';
import { Pretraining } from './pretraining/pretraining.ts';
import { writeRandomCheckpoint } from './random-checkpoint.ts';

const REASON = new Error('enough');
const MODEL = join(import.meta.dirname, '../../../tests/fixtures/own-text-gpt2/model');
const SEQUENCE = [0, 5, 6, 7];
const REQUESTS = [{ tokens: SEQUENCE, probes: [{ row: 3, firstKey: 0 }], logProbs: [] }];
const JSON_OF_MODEL = {
  ...{
    model_type: 'gpt_neox',
    num_hidden_layers: 1,
    hidden_size: 16,
    num_attention_heads: 2,
    rotary_pct: 0.5,
  },
  ...{ intermediate_size: 8, max_position_embeddings: 16, vocab_size: 11, bos_token_id: 0, eos_token_id: 1 },
};
const CONFIG = readModelConfig(JSON_OF_MODEL, 'test');
const OPTIMIZER = { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.1, maxGradientNorm: 1 };
const SEQUENCES = [
  [0, 2, 3],
  [0, 4, 5, 6],
];

const gpu = useGpu();
const folder = mkdtempSync(join(tmpdir(), 'icl-gd-long-'));
const file = (name: string): string => join(folder, name);
let model: Model;
beforeAll(async () => {
  model = await loadModel(gpu(), MODEL, { name: 'tiny' });
});
afterAll(() => {
  model.dispose();
  rmSync(folder, { recursive: true, force: true });
});

function pretraining(): Pretraining {
  const values = initialiseForPretraining(CONFIG, 3, { mimetic: 0.5, previousTokenScore: 4 });
  const tensors = new Map([...values].map(([name, data]) => [`parameter.${name}`, data]));
  return new Pretraining(gpu(), CONFIG, OPTIMIZER, tensors);
}

async function steps(options: LongRunning): Promise<void> {
  using tuning = new FineTuning(model, {
    ...{ objective: 'output', group: 'attention.kv', learningRate: 0.01, steps: 2 },
  });
  await tuning.steps(SEQUENCES, options);
}

/** What takes long, how many callbacks it makes, and the total that they name. */
const LONG: Record<string, { run(options: LongRunning): Promise<unknown>; calls: number; total: number }> = {
  'FineTuning.steps': { run: steps, calls: 2, total: 2 },
  'Pretraining.step': {
    async run(options) {
      using training = pretraining();
      const batches = SEQUENCES.map((own) => ({ sequences: [own], targets: nextTokenTargets([own]) }));
      await training.step(batches, 0.01, options);
    },
    calls: 2,
    total: 2,
  },
  'Pretraining.tensors': {
    async run(options) {
      using training = pretraining();
      await training.tensors(options);
    },
    calls: initialiseForPretraining(CONFIG, 0, { mimetic: 0, previousTokenScore: 0 }).size,
    total: initialiseForPretraining(CONFIG, 0, { mimetic: 0, previousTokenScore: 0 }).size,
  },
  withChangedParameters: {
    async run(options) {
      (await withChangedParameters(model, 'attention.kv', (_, values) => values, options)).dispose();
    },
    calls: 4 * 2,
    total: 4 * 2,
  },
  writeSafetensors: {
    run: (options) =>
      writeSafetensors(
        file('own.safetensors'),
        [{ name: 'x', shape: [2], data: Float32Array.of(1, 2), dtype: 'float32' }],
        {},
        options,
      ),
    calls: 2,
    total: 80 + 2 * 4,
  },
  writeModel: {
    run: (options) =>
      writeModel(
        file('model'),
        JSON_OF_MODEL,
        initialiseForPretraining(CONFIG, 0, { mimetic: 0, previousTokenScore: 0 }),
        options,
      ),
    calls: 0,
    total: 0,
  },
  writeNewModel: {
    run: (options) => writeNewModel(file('new'), JSON_OF_MODEL, 1, options),
    calls: 0,
    total: 0,
  },
  writeRandomCheckpoint: {
    run: (options) =>
      writeRandomCheckpoint(file('random'), JSON_OF_MODEL, { seed: 1, dtype: 'float16', ...options }),
    calls: 0,
    total: 0,
  },
};

describe.each(Object.entries(LONG))('%s', (_, { run, calls, total }) => {
  test('tells how far it is, up to the end', async () => {
    const onProgress = vi.fn<(done: Progress) => void>();
    await run({ onProgress });
    const told = onProgress.mock.calls.map(([done]) => done);
    const last = told.at(-1) as Progress;
    expect(last.finished).toBe(last.total);
    expect(told.every((done, i) => done.finished > (told[i - 1]?.finished ?? 0))).toBe(true);
    if (calls === 0) return;
    expect(told).toHaveLength(calls);
    expect(last.total).toBe(total);
  });

  test('stops where it is aborted, with the reason, and leaves nothing behind', async () => {
    const live = gpu().pool.live;
    rmSync(folder, { recursive: true, force: true });
    const controller = new AbortController();
    const onProgress = vi.fn<(done: Progress) => void>(() => controller.abort(REASON));
    await expect(run({ onProgress, signal: controller.signal })).rejects.toBe(REASON);
    expect(onProgress).toHaveBeenCalledTimes(1);
    expect(gpu().pool.live).toEqual(live);
    const left = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }) : [];
    expect(left.filter((name) => /safetensors|tmp/.test(name))).toEqual([]);
    await run({});
  });

  test('an error of the callback ends it as one of its own would', async () => {
    const live = gpu().pool.live;
    const onProgress = (): never => {
      throw REASON;
    };
    await expect(run({ onProgress })).rejects.toBe(REASON);
    expect(gpu().pool.live).toEqual(live);
  });

  test('does nothing where the signal is aborted already', async () => {
    rmSync(folder, { recursive: true, force: true });
    const onProgress = vi.fn<(done: Progress) => void>();
    const dispatch = vi.spyOn(gpu(), 'dispatch');
    await expect(run({ onProgress, signal: AbortSignal.abort(REASON) })).rejects.toBe(REASON);
    expect(onProgress).not.toHaveBeenCalled();
    expect(dispatch).not.toHaveBeenCalled();
    expect(existsSync(folder)).toBe(false);
    dispatch.mockRestore();
    await run({});
  });
});

test('an older file stays where writing a new one is aborted', async () => {
  const path = file('kept.safetensors');
  const write = (value: number, options: LongRunning = {}): Promise<void> =>
    writeSafetensors(
      path,
      [{ name: 'x', shape: [1], data: Float32Array.of(value), dtype: 'float32' }],
      {},
      options,
    );
  await write(1);
  const before = readFileSync(path);
  const controller = new AbortController();
  const stopped = write(2, { signal: controller.signal, onProgress: () => controller.abort(REASON) });
  await expect(stopped).rejects.toBe(REASON);
  expect(readFileSync(path)).toEqual(before);
});

test('an aborted step of pretraining changes no weight', async () => {
  using training = pretraining();
  const before = await training.tensors();
  const batch = { sequences: SEQUENCES, targets: nextTokenTargets(SEQUENCES) };
  const controller = new AbortController();
  const options = { signal: controller.signal, onProgress: () => controller.abort(REASON) };
  await expect(training.step([batch], 0.01, options)).rejects.toBe(REASON);
  expect(await training.tensors()).toEqual(before);
  expect(training.taken).toBe(0);
  const after = await training.step([batch], 0.01);
  using fresh = pretraining();
  expect(after).toEqual(await fresh.step([batch], 0.01));
});

test.each<[string, (signal: AbortSignal) => Promise<unknown>]>([
  ['evaluate', (signal) => model.evaluate(REQUESTS, undefined, { signal })],
  ['evaluate without requests', (signal) => model.evaluate([], undefined, { signal })],
  ['nextTokenLogits', (signal) => model.nextTokenLogits(SEQUENCE, { signal })],
])('%s is aborted before it begins, and while it waits for the device', async (_, run) => {
  const live = gpu().pool.live;
  await expect(run(AbortSignal.abort(REASON))).rejects.toBe(REASON);
  const controller = new AbortController();
  const waiting = run(controller.signal);
  controller.abort(REASON);
  if (_ === 'evaluate without requests') await expect(waiting).resolves.toEqual([]);
  else await expect(waiting).rejects.toBe(REASON);
  expect(gpu().pool.live).toEqual(live);
  expect(await model.nextTokenLogits(SEQUENCE)).toHaveLength(model.config.vocabSize);
});

describe('what owns memory', () => {
  test('is disposed twice like once', async () => {
    const live = gpu().pool.live;
    const own = await loadModel(gpu(), MODEL);
    const prefix = own.prefix(SEQUENCE);
    const training = pretraining();
    const tuning = new FineTuning(own, {
      ...{ objective: 'layerwise', group: 'attention.kv', learningRate: 0.01, steps: 1, releasedNorms: true },
    });
    tuning.step(SEQUENCE);
    for (const owner of [tuning, training, prefix, own]) {
      owner[Symbol.dispose]();
      owner[Symbol.dispose]();
    }
    expect(gpu().pool.live).toEqual(live);
  });

  test('gives its result away once', async () => {
    const live = gpu().pool.live;
    const tuning = new FineTuning(model, {
      ...{ objective: 'output', group: 'attention.kv', learningRate: 0.01, steps: 1 },
    });
    tuning.step(SEQUENCE);
    const { model: tuned } = await tuning.finish();
    tuning.dispose();
    expect(await tuned.nextTokenLogits(SEQUENCE)).toHaveLength(model.config.vocabSize);
    await expect(tuning.finish()).rejects.toThrow('a fine-tuning of tiny that is finished or disposed');
    tuned.dispose();
    expect(gpu().pool.live).toEqual(live);
  });

  test('says so where it is used after it was disposed', async () => {
    const own = await loadModel(gpu(), MODEL, { name: 'own' });
    const prefix = own.prefix(SEQUENCE);
    prefix.dispose();
    await expect(own.evaluate(REQUESTS, prefix)).rejects.toThrow(
      new RangeError('a prefix of own that was disposed'),
    );
    own.dispose();
    const gone = new RangeError('model own was disposed');
    await expect(own.evaluate(REQUESTS)).rejects.toThrow(gone);
    await expect(own.nextTokenLogits(SEQUENCE)).rejects.toThrow(gone);
    expect(() => own.prefix(SEQUENCE)).toThrow(gone);
    const training = pretraining();
    training.dispose();
    const disposed = new RangeError('a pretraining that was disposed');
    await expect(training.step([], 0.1)).rejects.toThrow(disposed);
    await expect(training.tensors()).rejects.toThrow(disposed);
    const tuning = new FineTuning(model, {
      ...{ objective: 'output', group: 'attention.kv', learningRate: 0.01, steps: 1 },
    });
    tuning.dispose();
    expect(() => tuning.step(SEQUENCE)).toThrow(
      new RangeError('a fine-tuning of tiny that is finished or disposed'),
    );
  });
});
