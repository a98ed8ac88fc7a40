import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { expect, test } from 'vitest';
import { Gradients } from '../decoder/gradients.ts';
import { recordLossGradient } from '../decoder/loss-gradient.ts';
import { Pass } from '../decoder/pass.ts';
import { withPositions } from '../decoder/positions.ts';
import { nextTokenTargets, planTargets } from '../decoder/targets.ts';
import { readModelConfig } from '../model-config.ts';
import { parameterSpecs } from '../parameters.ts';
import { ParameterSet } from '../weights/parameter-set.ts';
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

const gpu = useGpu();

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
  using training = new Pretraining(gpu(), CONFIG, OPTIMIZER, initial());
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

/** Loss and gradients of one batch at given parameters. */
async function gradientsAt(
  values: PretrainingTensors,
  { sequences, targets }: TrainingBatch,
): Promise<{ loss: number; gradients: Map<string, Float32Array> }> {
  const tensors = parameterSpecs(CONFIG).map(({ name, shape }) => {
    const tensor = gpu().upload(values.get(`parameter.${name}`) ?? new Float32Array(), shape);
    return [name, tensor] as const;
  });
  using parameters = withPositions(gpu(), CONFIG, new ParameterSet(new Map(tensors)));
  using gradients = Gradients.ofGroup(gpu(), CONFIG, 'all');
  using pass = Pass.over({ gpu: gpu(), config: CONFIG, parameters, sequences, gradients });
  using losses = gpu().tensor([1]);
  recordLossGradient(pass, {
    ...{ objective: 'output', targets: planTargets(pass, targets) },
    ...{ losses, lossIndex: 0 },
  });
  const read = new Map<string, Float32Array>();
  for (const name of gradients.names) read.set(name, await gpu().read(gradients.find(name) ?? losses));
  return { loss: (await gpu().read(losses))[0] ?? NaN, gradients: read };
}

test('two steps on two batches are AdamW on the clipped mean gradient, in float64', async () => {
  // So large that gradients which are zero but for rounding do not count.
  const optimizer = { ...OPTIMIZER, epsilon: 1e-3 };
  const { beta1, beta2, epsilon, weightDecay, maxGradientNorm } = optimizer;
  const batches = [batchOf(FIRST), batchOf(SECOND.slice(0, 4), FIRST.slice(2))];
  const start = initial();
  using training = new Pretraining(gpu(), CONFIG, optimizer, start);
  const expected = new Map([...start].map(([name, values]) => [name, Float64Array.from(values)]));
  for (const step of [1, 2]) {
    const at = await training.tensors();
    const parts = [await gradientsAt(at, batches[0]!), await gradientsAt(at, batches[1]!)];
    const gradients = new Map(
      [...parts[0]!.gradients].map(([name, values]) => [
        name,
        Float64Array.from(values, (value, i) => (value + (parts[1]!.gradients.get(name)?.[i] ?? NaN)) / 2),
      ]),
    );
    const norm = Math.sqrt(
      [...gradients.values()].reduce((sum, values) => sum + values.reduce((s, g) => s + g * g, 0), 0),
    );
    const report = await training.step(batches, RATE);
    expect(report.gradientNorm / norm).toBeCloseTo(1, 5);
    expect(report.loss).toBeCloseTo((parts[0]!.loss + parts[1]!.loss) / 2, 5);
    expect(norm).toBeGreaterThan(maxGradientNorm);
    for (const { name, role, kind } of parameterSpecs(CONFIG)) {
      const decay = kind === 'weight' && role !== 'norm' ? weightDecay : 0;
      const [parameter, first, second] = ['parameter', 'firstMoment', 'secondMoment'].map((part) => {
        const key = `${part}.${name}`;
        if (!expected.has(key)) expected.set(key, new Float64Array(gradients.get(name)!.length));
        return expected.get(key)!;
      }) as [Float64Array, Float64Array, Float64Array];
      for (const [i, unclipped] of gradients.get(name)!.entries()) {
        const gradient = unclipped * Math.min(1, maxGradientNorm / norm);
        first[i] = beta1 * first[i]! + (1 - beta1) * gradient;
        second[i] = beta2 * second[i]! + (1 - beta2) * gradient ** 2;
        const deviation = Math.sqrt(second[i]! / (1 - beta2 ** step)) + epsilon;
        parameter[i]! -= RATE * (decay * parameter[i]! + first[i]! / (1 - beta1 ** step) / deviation);
      }
    }
  }
  for (const [name, values] of await training.tensors())
    expect(largestDifference(values, expected.get(name)!), name).toBeLessThan(SAME_STEP);
});

test('clipping leaves a gradient within the limit as it is', async () => {
  const loose = { ...OPTIMIZER, maxGradientNorm: 1e6 };
  using training = new Pretraining(gpu(), CONFIG, loose, initial());
  const { gradients } = await gradientsAt(await training.tensors(), batchOf(FIRST));
  await training.step([batchOf(FIRST)], RATE);
  const moments = await training.tensors();
  for (const [name, values] of gradients) {
    const expected = values.map((value) => (1 - OPTIMIZER.beta1) * value);
    expect(largestDifference(moments.get(`firstMoment.${name}`)!, expected), name).toBeLessThan(SAME_STEP);
  }
});

test('a training that goes on from its tensors has the same bits as one that never stopped', async () => {
  const batches = [batchOf(FIRST, SECOND)];
  const whole = await train(batches, 4);
  const half = await train(batches, 2);
  using resumed = new Pretraining(gpu(), CONFIG, OPTIMIZER, half, 2);
  await resumed.step(batches, RATE);
  await resumed.step(batches, RATE);
  expect(resumed.taken).toBe(4);
  expect(await resumed.tensors()).toEqual(whole);
});

test('moments must be there when training goes on', () => {
  expect(() => new Pretraining(gpu(), CONFIG, OPTIMIZER, initial(), 1)).toThrow('firstMoment');
});

test('a repeated text is learnt, and the gradient norm is the one before clipping', async () => {
  using training = new Pretraining(gpu(), CONFIG, OPTIMIZER, initial());
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
  const before = gpu().pool.live;
  {
    using training = new Pretraining(gpu(), CONFIG, OPTIMIZER, initial());
    await training.step([batchOf(FIRST), batchOf(SECOND)], RATE);
  }
  expect(gpu().pool.live).toEqual(before);
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

test('weights start at the scale of their inputs, those that write to the residual stream at less', () => {
  const deviationOf = (values: Float32Array | undefined): number =>
    Math.sqrt((values ?? new Float32Array()).reduce((sum, v) => sum + v * v, 0) / (values?.length ?? 0));
  const wide = { ...CONFIG, dModel: 64, headDim: 32, heads: 2, kvHeads: 2, dFeedForward: 100, vocabSize: 70 };
  const values = initialiseForPretraining(wide, 5, { mimetic: 0, previousTokenScore: 0 });
  const expected = {
    'embedding.tokens': 1,
    unembedding: 64 ** -0.5,
    'layers.1.attention.query.weight': 64 ** -0.5,
    'layers.1.attention.value.weight': 64 ** -0.5,
    'layers.1.feedForward.up.weight': 64 ** -0.5,
    'layers.1.attention.output.weight': 64 ** -0.5 / 2,
    'layers.1.feedForward.down.weight': 100 ** -0.5 / 2,
  };
  for (const [name, deviation] of Object.entries(expected)) {
    // Four deviations of the estimate from 4,000 numbers and more.
    expect(Math.abs(deviationOf(values.get(name)) / deviation - 1), name).toBeLessThan(0.045);
  }
  const constant = (name: string, of = values): number[] => [...new Set(of.get(name))];
  expect(constant('layers.0.attention.query.bias')).toEqual([0]);
  expect([constant('layers.0.attentionNorm.weight'), constant('layers.0.attentionNorm.bias')]).toEqual([
    [1],
    [0],
  ]);
  expect(constant('finalNorm.weight')).toEqual([1]);
  const tied = initialiseForPretraining({ ...wide, tiedUnembedding: true }, 5, {
    mimetic: 0,
    previousTokenScore: 0,
  });
  expect(constant('finalNorm.weight', tied)).toEqual([64 ** -0.5]);
});

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs((a[i] ?? NaN) - (b[i] ?? NaN)));
  return worst;
}

function correlation(a: Float32Array, b: Float32Array): number {
  const dot = (x: Float32Array, y: Float32Array): number =>
    x.reduce((total, value, i) => total + value * (y[i] as number), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
