import { type Gpu, acquireGpu } from '@icl-gd/gpu-kernels';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nextTokenTargets } from '../decoder/targets.ts';
import { readModelConfig } from '../new-model.ts';
import { initialiseForPretraining } from './initialise.ts';
import { Pretraining, type PretrainingTensors, type TrainingBatch } from './pretraining.ts';

const CONFIG = readModelConfig(
  {
    model_type: 'gpt_neox',
    num_hidden_layers: 2,
    hidden_size: 16,
    num_attention_heads: 2,
    intermediate_size: 20,
    max_position_embeddings: 32,
    vocab_size: 23,
    bos_token_id: 0,
    eos_token_id: 1,
    rotary_pct: 0.5,
    use_parallel_residual: false,
    tie_word_embeddings: false,
  },
  'test',
);
const OPTIMIZER = { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.1, maxGradientNorm: 1 };
const RATE = 0.01;
/** float32 sums of the same terms in another order, after a step whose size is the learning rate. */
const SAME_STEP = 2e-5;

let gpu: Gpu;
beforeAll(async () => {
  gpu = await acquireGpu({ adapter: process.env['ICL_GD_ADAPTER'] ?? 'auto' });
});
afterAll(() => gpu.dispose());

function initial(): PretrainingTensors {
  const values = initialiseForPretraining(CONFIG, 3, { mimetic: 0.5, previousTokenScore: 4 });
  return new Map([...values].map(([name, data]) => [`parameter.${name}`, data]));
}

function batchOf(...sequences: number[][]): TrainingBatch {
  return { sequences, targets: nextTokenTargets(sequences) };
}

const FIRST = [0, 5, 6, 7, 5, 6, 7];
const SECOND = [0, 9, 8, 9, 8, 9, 1];

async function train(batches: readonly TrainingBatch[], steps: number): Promise<PretrainingTensors> {
  using training = new Pretraining(gpu, CONFIG, OPTIMIZER, initial());
  for (let i = 0; i < steps; i++) await training.step(batches, RATE);
  return await training.tensors();
}

test('two accumulated batches are one step on both', async () => {
  const together = await train([batchOf(FIRST, SECOND)], 1);
  const accumulated = await train([batchOf(FIRST), batchOf(SECOND)], 1);
  for (const [name, values] of together) {
    if (!name.startsWith('firstMoment')) continue;
    const other = accumulated.get(name) as Float32Array;
    expect(Math.max(...values.map((value, i) => Math.abs(value - (other[i] as number))))).toBeLessThan(
      SAME_STEP,
    );
  }
});

test('a training that goes on from its tensors has the same bits as one that never stopped', async () => {
  const batches = [batchOf(FIRST, SECOND)];
  const whole = await train(batches, 4);
  const half = await train(batches, 2);
  using resumed = new Pretraining(gpu, CONFIG, OPTIMIZER, half, 2);
  await resumed.step(batches, RATE);
  await resumed.step(batches, RATE);
  expect(resumed.taken).toBe(4);
  expect(await resumed.tensors()).toEqual(whole);
});

test('moments must be there when training goes on', () => {
  expect(() => new Pretraining(gpu, CONFIG, OPTIMIZER, initial(), 1)).toThrow('firstMoment');
});

test('a repeated text is learnt, and the gradient norm is the one before clipping', async () => {
  using training = new Pretraining(gpu, CONFIG, OPTIMIZER, initial());
  const first = await training.step([batchOf(FIRST)], RATE);
  expect(first.gradientNorm).toBeGreaterThan(OPTIMIZER.maxGradientNorm);
  let last = first;
  for (let i = 0; i < 40; i++) last = await training.step([batchOf(FIRST)], RATE);
  expect(last.loss).toBeLessThan(first.loss / 10);
});

test('weight decay alone moves what has no gradient', async () => {
  const before = initial().get('parameter.embedding.tokens') as Float32Array;
  const after = (await train([batchOf(FIRST)], 1)).get('parameter.embedding.tokens') as Float32Array;
  const unused = 20 * CONFIG.dModel;
  const factor = Math.fround(1 - RATE * OPTIMIZER.weightDecay);
  expect(after[unused]).toBe(Math.fround(factor * (before[unused] as number)));
});

test('steps leave no memory behind', async () => {
  const before = gpu.pool.live;
  {
    using training = new Pretraining(gpu, CONFIG, OPTIMIZER, initial());
    await training.step([batchOf(FIRST), batchOf(SECOND)], RATE);
  }
  expect(gpu.pool.live).toEqual(before);
});

test('head 0 begins by looking one token back, head 1 two', () => {
  const values = initialiseForPretraining(CONFIG, 0, { mimetic: 0, previousTokenScore: 4 });
  const { positions, headDim } = CONFIG;
  if (positions.kind !== 'rotary') throw new Error('unreachable');
  const half = positions.size / 2;
  const [q, k] = ['query', 'key'].map((p) => values.get(`layers.1.attention.${p}.bias`) as Float32Array);
  for (const [head, offset] of [1, 2].entries()) {
    // Score of the biases at a distance: each pair of coordinates turns by its angle per token.
    const score = (distance: number): number => {
      let total = 0;
      for (let i = 0; i < half; i++) {
        const angle = distance * positions.theta ** (-i / half);
        const [a, b] = [head * headDim + i, head * headDim + half + i];
        const turned = [
          q![a]! * Math.cos(angle) - q![b]! * Math.sin(angle),
          q![a]! * Math.sin(angle) + q![b]! * Math.cos(angle),
        ];
        total += turned[0]! * k![a]! + turned[1]! * k![b]!;
      }
      return total / Math.sqrt(headDim);
    };
    const distances = Array.from({ length: 7 }, (_, distance) => score(distance));
    expect(distances.indexOf(Math.max(...distances))).toBe(offset);
    expect(Math.max(...distances)).toBeCloseTo(head === 0 ? 4 : 1.6, 4);
  }
});

test('mimetic weights: keys are correlated with queries, outputs with transposed values', () => {
  const values = initialiseForPretraining(CONFIG, 0, { mimetic: 0.8, previousTokenScore: 0 });
  const weight = (name: string): Float32Array =>
    values.get(`layers.0.attention.${name}.weight`) as Float32Array;
  const d = CONFIG.dModel;
  const transposed = weight('value').map(
    (_, i) => weight('value')[(i % d) * d + Math.floor(i / d)] as number,
  );
  expect(correlation(weight('query'), weight('key'))).toBeCloseTo(0.8, 1);
  expect(correlation(weight('output'), transposed)).toBeCloseTo(0.8, 1);
  expect(Math.abs(correlation(weight('query'), weight('value')))).toBeLessThan(0.2);
});

function correlation(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array): number =>
    x.reduce((total, value, i) => total + value * (y[i] as number), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
