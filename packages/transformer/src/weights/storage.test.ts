import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Checkpoint } from '../checkpoint/checkpoint.ts';
import { writeSafetensors } from '../checkpoint/write-safetensors.ts';
import type { Objective } from '../decoder/loss-gradient.ts';
import { FineTuning } from '../fine-tuning.ts';
import { type Model, loadModel } from '../model.ts';
import { writeNewModel } from '../new-model.ts';
import { parameterSpecs } from '../parameters.ts';
import { TINY_MODELS } from '../testing/tiny-models.ts';
import { type WeightDtype, storageDType } from './storage.ts';

const TOKENS = [0, 5, 17, 5, 36, 2, 9, 11, 30, 4, 5];

const gpu = useGpu();

/** Everything that a run records of a model, and of the model after two steps of each objective. */
async function measure(model: Model): Promise<number[]> {
  const last = TOKENS.length - 1;
  const logProbs = [1, 5, 36].map((token) => ({ row: last, token }));
  const request = { tokens: TOKENS, probes: [{ row: last, firstKey: 0 }], logProbs };
  const numbers: number[] = [...(await model.nextTokenLogits(TOKENS))];
  const probe = async (probed: Model): Promise<void> => {
    const [result] = await probed.evaluate([request]);
    const [recorded] = result?.probes ?? [];
    numbers.push(
      ...(recorded?.attentionOutput ?? []),
      ...(recorded?.attentionScores ?? []),
      ...(result?.logProbs ?? []),
    );
  };
  await probe(model);
  for (const objective of ['output', 'layerwise'] satisfies Objective[]) {
    const tuning = new FineTuning(model, {
      objective,
      learningRate: 0.1,
      group: 'attention.kv',
      steps: 2,
      releasedNorms: true,
    });
    tuning.step(TOKENS);
    tuning.step(TOKENS.toReversed());
    const { model: tuned, steps } = await tuning.finish();
    for (const { losses, gradientNorms, releasedGradientNorms } of steps)
      numbers.push(...losses, ...gradientNorms, ...(releasedGradientNorms ?? []));
    await probe(tuned);
    tuned.dispose();
  }
  return numbers;
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  expect(a.length).toBe(b.length);
  return Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number)) / Math.max(1, Math.abs(value))));
}

describe.each(Object.keys(TINY_MODELS))('%s', (name) => {
  const directory = mkdtempSync(join(tmpdir(), 'icl-gd-storage-'));
  const rounded = join(directory, 'rounded');
  beforeAll(async () => {
    await writeNewModel(directory, TINY_MODELS[name] ?? {}, 3);
    await writeNewModel(rounded, TINY_MODELS[name] ?? {}, 3);
    await using checkpoint = await Checkpoint.open(directory);
    const tensors = [];
    for (const [tensor, { shape }] of checkpoint.tensors)
      tensors.push({ name: tensor, shape, dtype: 'float16' as const, data: await checkpoint.read(tensor) });
    await writeSafetensors(join(rounded, 'model.safetensors'), tensors);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  async function load(from: string, dtype: WeightDtype): Promise<number[]> {
    using model = await loadModel(gpu(), from, { dtype });
    return await measure(model);
  }

  it('float16-storage gives what float32 gives with rounded weights', async () => {
    const full = await load(rounded, 'float32');
    expect(largestDifference(await load(rounded, 'float16-storage'), full)).toBeLessThan(1e-6);
    // Of weights that are not rounded yet something is lost, but little.
    const lost = largestDifference(
      await load(directory, 'float16-storage'),
      await load(directory, 'float32'),
    );
    expect(lost).toBeGreaterThan(1e-6);
    expect(lost).toBeLessThan(0.05);
  });

  it('rounds the large matrices and keeps the rest, in half the bytes', async () => {
    const before = gpu().pool.live.bytes;
    using full = await loadModel(gpu(), directory);
    const fullBytes = gpu().pool.live.bytes - before;
    using halved = await loadModel(gpu(), directory, { dtype: 'float16-storage' });
    let saved = 0;
    for (const spec of parameterSpecs(full.config)) {
      const [wanted, stored] = [full, halved].map(({ parameters }) => parameters.get(spec.name));
      const values = await gpu().read(wanted!);
      const isHalf = storageDType(spec, 'float16-storage') === 'float16';
      expect(await gpu().read(stored!), spec.name).toEqual(isHalf ? values.map(Math.f16round) : values);
      saved += wanted!.byteLength - stored!.byteLength;
      expect(isHalf).toBe(
        /(embedding\.tokens|unembedding|([pP]rojection|query|output|up|gate|down)\.weight)$/.test(spec.name),
      );
    }
    expect(gpu().pool.live.bytes - before).toBe(2 * fullBytes - saved);
    expect(saved).toBeGreaterThan(0.25 * fullBytes);
  });
});

it('refuses a weight that float16 cannot hold, by name, and keeps nothing on the device', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'icl-gd-storage-'));
  try {
    await writeNewModel(directory, TINY_MODELS['xglm'] ?? {}, 3);
    const file = join(directory, 'model.safetensors');
    const bytes = readFileSync(file);
    const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString());
    const [start] = header['model.layers.1.fc1.weight'].data_offsets;
    bytes.writeFloatLE(1e5, 8 + Number(bytes.readBigUInt64LE()) + start + 4 * 7);
    writeFileSync(file, bytes);
    const before = gpu().pool.live;
    await expect(loadModel(gpu(), directory, { dtype: 'float16-storage' })).rejects.toThrow(
      'layers.1.feedForward.up.weight: 100000 at element 7 is too large for float16 (at most 65504)',
    );
    expect(gpu().pool.live).toEqual(before);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
