import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectClose, useGpu } from '@icl-gd/gpu-kernels/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyGroup } from './copy-group.ts';
import { FineTuning } from './fine-tuning.ts';
import type { FineTuningOptions } from './fine-tuning-options.ts';
import { GradientDirection } from './gradient-direction.ts';
import { type Model, loadModel } from './model.ts';
import { writeNewModel } from './new-model.ts';
import { replaceChangeByNoise } from './noise.ts';
import { type LayerGroup, inGroup, inLayer, parameterSpecs } from './parameters.ts';
import { Pcg64 } from './random/pcg64.ts';
import type { TrainingInput } from './training-sequence.ts';

const JSON_CONFIG = {
  ...{ model_type: 'xglm', num_layers: 2, d_model: 12, attention_heads: 2, ffn_dim: 20 },
  ...{ max_position_embeddings: 16, vocab_size: 23, bos_token_id: 0, eos_token_id: 2 },
};
const SEQUENCES = [
  [0, 5, 9, 9, 14, 3],
  [0, 22, 7, 1],
  [0, 5, 9, 9, 14, 4],
];
const RATE = 0.3;
/** Sums of float32 numbers of order 1 in another order. */
const REORDERED = { absolute: 2e-6, relative: 2e-6 };

const gpu = useGpu();
const directory = mkdtempSync(join(tmpdir(), 'icl-gd-options-'));
let model: Model;
beforeAll(async () => {
  await writeNewModel(directory, JSON_CONFIG, 4);
  model = await loadModel(gpu(), directory);
});
afterAll(() => {
  model.dispose();
  rmSync(directory, { recursive: true });
});

type Values = ReadonlyMap<string, Float32Array>;

async function valuesOf({ parameters, config }: Model): Promise<Values> {
  const values = new Map<string, Float32Array>();
  for (const { name } of parameterSpecs(config)) values.set(name, await gpu().read(parameters.get(name)));
  return values;
}

const difference = (a: ArrayLike<number>, b: ArrayLike<number>): number[] =>
  Array.from(a, (value, i) => value - (b[i] as number));

/** What is left of the parameters, and what was reported, after a training. */
async function after(
  options: Partial<FineTuningOptions>,
  train: (tuning: FineTuning) => void | Promise<void>,
): Promise<{ readonly values: Values; readonly steps: Awaited<ReturnType<FineTuning['finish']>>['steps'] }> {
  using tuning = new FineTuning(model, {
    ...{ objective: 'output', learningRate: RATE, group: 'attention.kv', steps: 3, sequencesPerStep: 3 },
    ...options,
  });
  await train(tuning);
  const { model: tuned, steps } = await tuning.finish();
  const values = await valuesOf(tuned);
  tuned.dispose();
  return { values, steps };
}

/** By how much one plain step at rate 1 on a sequence alone lowers each parameter: its gradient. */
async function gradientOf(input: TrainingInput, options: Partial<FineTuningOptions> = {}) {
  const start = await valuesOf(model);
  const { values, steps } = await after({ learningRate: 1, ...options }, (tuning) => tuning.step(input));
  const gradient = new Map([...start].map(([name, own]) => [name, difference(own, values.get(name)!)]));
  return { gradient, loss: steps[0]!.losses, norms: steps[0]!.gradientNorms };
}

const norm = (values: Iterable<number>): number => Math.sqrt([...values].reduce((sum, v) => sum + v * v, 0));

describe.each(['output', 'layerwise'] as const)('%s', (objective) => {
  test('a step on a full batch goes along the mean of the gradients, and reports mean losses', async () => {
    const start = await valuesOf(model);
    const alone = await Promise.all(SEQUENCES.map((each) => gradientOf(each, { objective })));
    const { values, steps } = await after({ objective }, (tuning) => tuning.fullBatchStep(SEQUENCES));
    expect(steps).toHaveLength(1);
    const mean = (of: (each: (typeof alone)[number]) => ArrayLike<number>): number[] =>
      Array.from(of(alone[0]!), (_, i) => alone.reduce((sum, each) => sum + of(each)[i]! / 3, 0));
    expectClose(
      steps[0]!.losses,
      mean(({ loss }) => loss),
      REORDERED,
    );
    for (const [name, own] of start) {
      const gradient = mean((each) => each.gradient.get(name)!);
      expectClose(
        values.get(name)!,
        gradient.map((slope, i) => own[i]! - RATE * slope),
        REORDERED,
      );
    }
    const expected = [0, 1].map((layer) => {
      const names = [...start.keys()].filter((name) => inLayer(name, layer));
      return norm(names.flatMap((name) => mean((each) => each.gradient.get(name)!)));
    });
    expectClose(steps[0]!.gradientNorms, expected, REORDERED);
  });

  test('the order of a full batch does not matter, bit for bit, step after step', async () => {
    const inputs: TrainingInput[] = [...SEQUENCES, { tokens: SEQUENCES[0]!, predicted: 2 }];
    const trained = (order: readonly number[]) =>
      after({ objective, sequencesPerStep: 4, optimizer: 'adam', learningRate: 0.01 }, (tuning) =>
        tuning.fullBatchSteps(
          order.map((i) => inputs[i]!),
          3,
        ),
      );
    const once = await trained([0, 1, 2, 3]);
    expect(once.steps).toHaveLength(3);
    for (const order of [
      [3, 2, 1, 0],
      [1, 3, 0, 2],
    ])
      expect(await trained(order)).toEqual(once);
  });

  test('a direction moves the parameters along the mean gradient and back, bit for bit', async () => {
    const start = await valuesOf(model);
    const { values } = await after({ objective }, (tuning) => tuning.fullBatchStep(SEQUENCES));
    const of = { objective, group: 'attention.kv' } as const;
    using direction = await GradientDirection.of(model, SEQUENCES, of);
    direction.moveTo(RATE);
    const moved = await valuesOf(direction.model);
    for (const [name, own] of values) expectClose(moved.get(name)!, own, REORDERED);
    direction.moveTo(0);
    expect(await valuesOf(direction.model)).toEqual(start);
    using turned = await GradientDirection.of(model, SEQUENCES.toReversed(), of);
    turned.moveTo(RATE);
    expect(await valuesOf(turned.model)).toEqual(moved);
    const trained = [...start].filter(([name]) => inGroup(name, 'attention.kv'));
    const change = norm(trained.flatMap(([name, own]) => difference(moved.get(name)!, own))) / RATE;
    expectClose([await direction.relativeStep()], [norm(trained.flatMap(([, own]) => [...own])) / change], {
      absolute: 0,
      relative: 1e-4,
    });
  });
});

test('a loss over the last tokens alone is the mean of their own losses', async () => {
  const [tokens] = SEQUENCES as [number[]];
  const { loss: both } = await gradientOf({ tokens, predicted: 2 });
  const { loss: last } = await gradientOf({ tokens, predicted: 1 });
  const { loss: before } = await gradientOf({ tokens: tokens.slice(0, -1), predicted: 1 });
  expectClose(both, [(last[0]! + before[0]!) / 2, (last[0]! + before[0]!) / 2], REORDERED);
  expect(await gradientOf({ tokens, predicted: 5 })).toEqual(await gradientOf(tokens));
  await expect(gradientOf({ tokens, predicted: 6 })).rejects.toThrow('the last 6 tokens of a sequence of 6');
});

test('Adam’s first two steps are those of its algorithm', async () => {
  const [first, second] = SEQUENCES as [number[], number[]];
  const name = 'layers.1.attention.value.weight';
  const rate = 1e-4; // so small that the second gradient is that of the model as it was
  const start = (await valuesOf(model)).get(name)!;
  const [g1, g2] = await Promise.all(
    [first, second].map(async (each) => (await gradientOf(each)).gradient.get(name)!),
  );
  const adam = { optimizer: 'adam', learningRate: rate } as const;
  const one = await after(adam, (tuning) => tuning.step(first));
  const both = await after(adam, (tuning) => tuning.steps([first, second]));
  // The first gradient is the same whatever is made of it, and so are its norms, layer by layer.
  expectClose(one.steps[0]!.gradientNorms, (await gradientOf(first)).norms, REORDERED);
  // Differences of weights tell slopes to 1e-7: smaller ones give no sign.
  const large = [...g1!.keys()].filter((i) => Math.min(Math.abs(g1![i]!), Math.abs(g2![i]!)) > 1e-3);
  expect(large.length).toBeGreaterThan(10);
  const near = { absolute: 0.01 * rate, relative: 0 };
  expectClose(
    large.map((i) => start[i]! - one.values.get(name)![i]!),
    large.map((i) => rate * Math.sign(g1![i]!)),
    near,
  );
  expectClose(
    large.map((i) => one.values.get(name)![i]! - both.values.get(name)![i]!),
    large.map((i) => {
      const mean = (0.9 * 0.1 * g1![i]! + 0.1 * g2![i]!) / (1 - 0.9 ** 2);
      const square = (0.999 * 0.001 * g1![i]! ** 2 + 0.001 * g2![i]! ** 2) / (1 - 0.999 ** 2);
      return (rate * mean) / (Math.sqrt(square) + 1e-8);
    }),
    near,
  );
});

test.each<[LayerGroup, RegExp]>([
  ['attention.kv', /attention\.(key|value)\.(weight|bias)$/],
  ['attention.query', /attention\.query\.(weight|bias)$/],
  ['attention.output', /attention\.output\.(weight|bias)$/],
  ['attention', /attention\.(query|key|value|output)\.(weight|bias)$/],
  ['feedForward', /feedForward\.(up|down)\.(weight|bias)$/],
  ['layers', /^layers\./],
])('group %s is what changes, in every layer', async (group, names) => {
  const start = await valuesOf(model);
  const { values } = await after({ group }, (tuning) => tuning.step(SEQUENCES[0]!));
  const changed = [...start].flatMap(([name, own]) =>
    own.every((value, i) => value === values.get(name)![i]) ? [] : [name],
  );
  // A key bias shifts all logits of a query alike: its gradient is rounding, or nothing.
  const expected = [...start.keys()].filter((name) => names.test(name));
  const bias = (name: string): boolean => name.endsWith('key.bias');
  expect(changed.filter((name) => !bias(name))).toEqual(expected.filter((name) => !bias(name)));
});

test('noise in the place of a change has its norm in each parameter, by the seed', async () => {
  const start = await valuesOf(model);
  const group = 'attention.kv';
  const tune = async () => {
    const tuning = new FineTuning(model, { objective: 'output', learningRate: RATE, group, steps: 1 });
    tuning.step(SEQUENCES[0]!);
    return (await tuning.finish()).model;
  };
  using tuned = await tune();
  const trained = await valuesOf(tuned);
  const noisy = async (seed: number): Promise<Values> => {
    using changed = await tune();
    await replaceChangeByNoise(model, changed, group, new Pcg64(seed));
    return await valuesOf(changed);
  };
  const found = await noisy(3);
  for (const [name, own] of start) {
    const [change, noise] = [difference(trained.get(name)!, own), difference(found.get(name)!, own)];
    expectClose([norm(noise)], [norm(change)], { absolute: 1e-6, relative: 1e-4 });
    if (!inGroup(name, group)) expect(norm(noise)).toBe(0);
    else if (norm(change) > 1e-3) {
      const product = noise.reduce((sum, value, i) => sum + value * change[i]!, 0);
      expect(Math.abs(product / norm(noise) / norm(change))).toBeLessThan(0.7);
    }
  }
  expect(await noisy(3)).toEqual(found);
  expect(await noisy(4)).not.toEqual(found);
});

test.each<[Partial<FineTuningOptions>, (tuning: FineTuning) => void, RegExp]>([
  [{ readout: 'attention' }, () => {}, /readout attention needs the objective layerwise/],
  [
    { objective: 'layerwise', readout: 'residual', group: 'feedForward' },
    () => {},
    /readout residual gives feed-forward blocks no gradient/,
  ],
  [{ sequencesPerStep: 2.5 }, () => {}, /sequencesPerStep is 2.5, not a number of sequences/],
  [
    { sequencesPerStep: 2 },
    (tuning) => tuning.fullBatchStep(SEQUENCES),
    /set up for 2 sequences a step, not 3/,
  ],
  ...[{ releasedNorms: true }, { gradientNormVariants: true }].map(
    (norms): [Partial<FineTuningOptions>, (tuning: FineTuning) => void, RegExp] => [
      norms,
      (tuning) => tuning.fullBatchStep(SEQUENCES),
      /full batches have no gradient norms of other definitions/,
    ],
  ),
])('refuses what does not go together: %j', async (options, train, message) => {
  const live = gpu().pool.live;
  const attempt = async (): Promise<void> => {
    using tuning = new FineTuning(model, {
      ...{ objective: 'output', learningRate: RATE, group: 'attention.kv', steps: 3, sequencesPerStep: 3 },
      ...options,
    });
    train(tuning);
  };
  await expect(attempt()).rejects.toThrow(message);
  expect(gpu().pool.live).toEqual(live);
});

test('weights stored as float16 are refused by name where they would be trained', async () => {
  using half = await loadModel(gpu(), directory, { dtype: 'float16-storage' });
  copyGroup(half, 'attention.kv', 'trained').forEach((copy) => copy.dispose());
  expect(() => copyGroup(half, 'feedForward', 'trained')).toThrow(
    expect.objectContaining({
      code: 'float16-training',
      message: 'layers.0.feedForward.up.weight is stored as float16, and what is trained must be float32',
    }),
  );
});

test('an abort between two sequences of a full batch leaves nothing', async () => {
  const live = gpu().pool.live;
  const controller = new AbortController();
  const tell = ({ finished }: { finished: number }): void => {
    if (finished === 1) controller.abort(new Error('enough'));
  };
  const of = { objective: 'output', group: 'attention.kv' } as const;
  const { signal } = controller;
  await expect(GradientDirection.of(model, SEQUENCES, of, { signal, onProgress: tell })).rejects.toThrow(
    'enough',
  );
  expect(gpu().pool.live).toEqual(live);
});
