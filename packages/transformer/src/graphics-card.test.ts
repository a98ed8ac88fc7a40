import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Gpu, TUNINGS, type Tuning } from '@icl-gd/gpu-kernels';
import { expectClose, useGpu } from '@icl-gd/gpu-kernels/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Gradients } from './decoder/gradients.ts';
import { type Objective, recordLossGradient } from './decoder/loss-gradient.ts';
import { nextTokenTargets, planTargets } from './decoder/targets.ts';
import { FineTuning } from './fine-tuning.ts';
import { type Model, loadModel, passOver } from './model.ts';
import { writeNewModel } from './new-model.ts';
import { type ParameterGroup, parameterSpecs } from './parameters.ts';
import { Pcg64 } from './random/pcg64.ts';
import { recordedWork } from './testing/recorded-work.ts';
import { TINY_MODELS } from './testing/tiny-models.ts';

const TOKENS = [0, 5, 17, 5, 36, 2, 9, 11, 30, 4, 5];
/** Sums in two orders, as a share of a tensor's largest element. */
const TOLERANCE = 1e-5;
/** Gradients that are zero but for rounding, as those of key biases, are compared as if the largest were this. */
const SMALLEST_SCALE = 0.01;

/**
 * Wide enough for k to be cut where chunks are short; whole vectors of four and one activation, so that few kernels are
 * compiled.
 */
const COMMON = { vocab_size: 40, activation_function: 'gelu', hidden_act: 'gelu' };
const WIDE = { ...COMMON, hidden_size: 32, intermediate_size: 48 };
const MODELS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  gpt2: { ...COMMON, n_embd: 36 },
  'opt, post-norm, projected embeddings': { ...WIDE, ffn_dim: 48 },
  'gpt_neox, parallel residual, half of each head rotated': { ...WIDE, rotary_pct: 0.5 },
  'qwen3, norms of queries and keys, windows by layer_types': { ...WIDE, head_dim: 8 },
};

/** Of each, a kernel that does what other adapters do in several dispatches. */
const FUSED: Readonly<Record<string, RegExp>> = {
  gpt2: /^matmul\.set\.tiled\.TN\..*\.sums$/,
  'opt, post-norm, projected embeddings': /^matmul\.set\.tiled\.TN\..*\.sums$/,
  'gpt_neox, parallel residual, half of each head rotated': /^layer-norm\.forward\.beside\.parts/,
  'qwen3, norms of queries and keys, windows by layer_types': /^rms-norm\.rotated\.parts/,
};

/** Kernels of graphics cards, with the smallest tiles, which compile soonest. */
const TILE = { rows: 32, columns: 32, perInvocation: [4, 4] } as const;
const MATMUL = {
  ...TUNINGS.hardware.matmul,
  tiles: [TILE],
  training: { ...TUNINGS.hardware.matmul.training, tile: TILE, minChunk: 16 },
};
const CARD: Tuning = { ...TUNINGS.hardware, matmul: MATMUL };

const gpu = useGpu([CARD]);

/** All but attention, which is tested alone: it would take half a minute to compile. */
const asOnCard = (device: Gpu): Gpu =>
  device.with({ tuning: { ...CARD, attention: device.tuning.attention } });

describe.each(Object.entries(MODELS))('%s', (name, wider) => {
  const directory = mkdtempSync(join(tmpdir(), 'icl-gd-card-'));
  /** The same parameters, with this adapter's kernels and with those of a graphics card. */
  let [own, card]: [Model | undefined, Model | undefined] = [undefined, undefined];
  beforeAll(async () => {
    await writeNewModel(directory, { ...TINY_MODELS[name], ...wider }, 3);
    [own, card] = [await loadModel(gpu(), directory), await loadModel(asOnCard(gpu()), directory)];
    const random = new Pcg64(11n);
    for (const { name: parameter } of parameterSpecs(own.config)) {
      const stored = await gpu().read(own.parameters.get(parameter));
      // Norms start at 1 and 0, where mistakes would hide.
      const varied = stored.map((value) => value + 0.2 * random.normal());
      for (const model of [own, card]) gpu().write(model.parameters.get(parameter), varied);
    }
  });
  afterAll(() => {
    own?.dispose();
    card?.dispose();
    rmSync(directory, { recursive: true });
  });

  test.each<[Objective, ParameterGroup]>([
    ['output', 'attention.kv'],
    ['layerwise', 'attention.kv'],
  ])('a graphics card’s kernels give the gradients of %s with respect to %s', async (objective, group) => {
    const [expected, actual] = [await gradientsOf(own!), await gradientsOf(card!)];
    expect(actual.size).toBe(expected.size);
    for (const [parameter, gradient] of expected) compare(actual.get(parameter)!, gradient, parameter);

    async function gradientsOf(model: Model): Promise<Map<string, Float32Array>> {
      using gradients = Gradients.ofGroup(model.gpu, model.config, group);
      using pass = passOver(model, [TOKENS, TOKENS.slice(3)], { gradients });
      const targets = planTargets(pass, nextTokenTargets([TOKENS, TOKENS.slice(3)]));
      using losses = model.gpu.tensor([model.config.layers]);
      recordLossGradient(pass, { objective, targets, losses, lossIndex: 0 });
      const values = new Map<string, Float32Array>();
      for (const parameter of gradients.names)
        values.set(parameter, await gpu().read(gradients.find(parameter)!));
      return values;
    }
  });

  test('and take the steps of gradient descent, with their norms', async () => {
    const trained = async (model: Model) => {
      const options = { objective: 'output', group: 'attention.kv', steps: 2, learningRate: 0.1 } as const;
      using tuning = new FineTuning(model, options);
      const { dispatches } = recordedWork(model.gpu, () => tuning.step(TOKENS));
      tuning.step(TOKENS.slice(2));
      const { model: tuned, steps } = await tuning.finish();
      try {
        const key = tuned.parameters.get('layers.1.attention.key.weight');
        return { dispatches, steps, key: await gpu().read(key) };
      } finally {
        tuned.dispose();
      }
    };
    const [expected, actual] = [await trained(own!), await trained(card!)];
    compare(actual.key, expected.key, 'key');
    for (const [i, { gradientNorms, losses }] of expected.steps.entries()) {
      compare(actual.steps[i]!.gradientNorms, gradientNorms, 'norms');
      compare(actual.steps[i]!.losses, losses, 'losses');
    }
    const labels = [...actual.dispatches.keys()];
    expect(labels).toContainEqual(expect.stringMatching(/norm\.forward\.sum\.parts/));
    expect(labels).toContainEqual(expect.stringMatching(FUSED[name]!));
    const isRotated = name.startsWith('gpt_neox');
    expect(labels.includes('matmul.partial-sums.rotated.bias')).toBe(isRotated);
  });
});

function compare(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  const largest = Math.max(SMALLEST_SCALE, ...Array.from(expected, Math.abs));
  expect(actual.length, what).toBe(expected.length);
  expectClose(actual, expected, { absolute: TOLERANCE * largest, relative: 0 });
}
