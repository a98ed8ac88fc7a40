import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { afterAll, describe, expect, test } from 'vitest';
import type { FineTuningOptions } from './fine-tuning-options.ts';
import { FineTuning, type FineTuningStep } from './fine-tuning.ts';
import type { GradientNormVariant } from './gradient-norm-variants.ts';
import { type Model, loadModel } from './model.ts';
import { writeRandomCheckpoint } from './random-checkpoint.ts';
import { TINY_MODELS } from './testing/tiny-models.ts';

const SEQUENCES = [
  [0, 5, 9, 9, 14, 3],
  [0, 12, 7, 1],
];
const PREDICTIONS = SEQUENCES.map(({ length }) => length - 1);
/** So small that no weight changes: all steps see the same model. */
const STANDSTILL = 1e-30;
/** Places after the decimal point of ratios of float32 norms that are equal but for the order of their sums. */
const PLACES = 5;

const gpu = useGpu();
const directory = mkdtempSync(join(tmpdir(), 'icl-gd-variants-'));
afterAll(() => rmSync(directory, { recursive: true }));

async function tinyModel(name: string): Promise<Model> {
  await writeRandomCheckpoint(directory, TINY_MODELS[name]!, { seed: 3, dtype: 'float32' });
  return await loadModel(gpu(), directory);
}

async function steps(
  model: Model,
  sequences: readonly (readonly number[])[],
  options: Partial<FineTuningOptions> = {},
): Promise<readonly FineTuningStep[]> {
  const tuning = new FineTuning(model, {
    ...{ objective: 'output', group: 'attention.kv', learningRate: STANDSTILL, steps: sequences.length },
    ...{ gradientNormVariants: true, releasedNorms: true, ...options },
  });
  for (const tokens of sequences) tuning.step(tokens);
  const { model: tuned, steps: own } = await tuning.finish();
  tuned.dispose();
  return own;
}

function normsOf(
  { gradientNormVariants = [] }: FineTuningStep,
  parameters: GradientNormVariant['parameters'],
  reduction: GradientNormVariant['reduction'],
  gradients: GradientNormVariant['gradients'],
): readonly number[] {
  const found = gradientNormVariants.filter(
    (own) => own.parameters === parameters && own.reduction === reduction && own.gradients === gradients,
  );
  expect(found).toHaveLength(1);
  return found[0]!.norms;
}

function expectEqual(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of actual.entries()) expect(value / expected[i]!).toBeCloseTo(1, PLACES);
}

describe.each(['output', 'layerwise'] as const)('%s', (objective) => {
  test('the definitions meet where they must: with what the step reports already, and in the first step', async () => {
    using model = await tinyModel('xglm');
    const both = await steps(model, SEQUENCES, { objective, learningRate: 0.1 });
    for (const [i, step] of both.entries()) {
      expect(step.gradientNormVariants).toHaveLength(2 * 2 * 2 + 1);
      expect(normsOf(step, 'kv', 'mean', 'reset')).toEqual(step.gradientNorms);
      expectEqual(normsOf(step, 'all', 'sum', 'accumulated'), step.releasedGradientNorms!);
      for (const parameters of ['all', 'kv'] as const)
        expectEqual(
          normsOf(step, parameters, 'sum', 'reset'),
          normsOf(step, parameters, 'mean', 'reset').map((norm) => PREDICTIONS[i]! * norm),
        );
    }
    for (const parameters of ['all', 'kv'] as const)
      for (const reduction of ['sum', 'mean'] as const)
        expectEqual(
          normsOf(both[0]!, parameters, reduction, 'accumulated'),
          normsOf(both[0]!, parameters, reduction, 'reset'),
        );
  });

  test('at a standstill the same sequence twice doubles what is not reset, and nothing else', async () => {
    using model = await tinyModel('xglm');
    const [tokens] = SEQUENCES as [number[]];
    const [first, second] = await steps(model, [tokens, tokens], { objective });
    const all = normsOf(first!, 'all', 'mean', 'reset');
    const keyValue = normsOf(first!, 'kv', 'mean', 'reset');
    const frozen = all.map((norm, layer) => Math.sqrt(norm ** 2 - keyValue[layer]! ** 2));
    for (const [reduction, scale] of [
      ['mean', 1],
      ['sum', PREDICTIONS[0]!],
    ] as const) {
      const scaled = (norms: readonly number[]): number[] => norms.map((norm) => scale * norm);
      expectEqual(normsOf(second!, 'kv', reduction, 'reset'), scaled(keyValue));
      expectEqual(normsOf(second!, 'all', reduction, 'reset'), scaled(all));
      expectEqual(normsOf(second!, 'kv', reduction, 'accumulated'), scaled(keyValue.map((norm) => 2 * norm)));
      expectEqual(
        normsOf(second!, 'all', reduction, 'accumulated'),
        scaled(keyValue.map((norm, layer) => Math.hypot(norm, 2 * frozen[layer]!))),
      );
    }
  });
});

test('sums and means of sequences of different lengths do not add up alike', async () => {
  using model = await tinyModel('xglm');
  const last = (await steps(model, SEQUENCES)).at(-1)!;
  const [sum, mean] = (['sum', 'mean'] as const).map((reduction) =>
    normsOf(last, 'kv', reduction, 'accumulated'),
  );
  const ratios = sum!.map((norm, layer) => norm / mean![layer]!);
  for (const ratio of ratios) {
    expect(ratio).toBeGreaterThan(PREDICTIONS[1]!);
    expect(ratio).toBeLessThan(PREDICTIONS[0]!);
  }
});

test('softmax does not see the bias of keys: its gradient vanishes, unless keys are rotated', async () => {
  for (const [name, vanishes] of [
    ['gpt2', true],
    ['gpt_neox, parallel residual, half of each head rotated', false],
  ] as const) {
    using model = await tinyModel(name);
    const [step] = await steps(model, SEQUENCES.slice(0, 1));
    const keyValue = normsOf(step!, 'kv', 'mean', 'reset');
    for (const [layer, norm] of normsOf(step!, 'key_bias', 'mean', 'reset').entries()) {
      const share = norm / keyValue[layer]!;

      if (vanishes) expect(share).toBeLessThan(1e-7);
      else expect(share).toBeGreaterThan(1e-6);
    }
  }
});

test('a model without biases has no such row; whatever is trained, frozen is the rest', async () => {
  using model = await tinyModel('llama, grouped queries, heads wider than hidden_size');
  const [step] = await steps(model, SEQUENCES.slice(0, 1));
  expect(step!.gradientNormVariants!.map(({ parameters }) => parameters)).not.toContain('key_bias');
  const [tokens] = SEQUENCES as [number[]];
  // Where all is trained nothing adds up.
  const [, second] = await steps(model, [tokens, tokens], { group: 'layers' });
  expectEqual(normsOf(second!, 'all', 'sum', 'accumulated'), normsOf(second!, 'all', 'sum', 'reset'));
  expectEqual(
    normsOf(second!, 'kv', 'mean', 'accumulated'),
    normsOf(second!, 'kv', 'mean', 'reset').map((norm) => 2 * norm),
  );
});

test('the other numbers are the same bits without them, also as they are told step by step', async () => {
  using model = await tinyModel('gpt2');
  const options = { learningRate: 0.1, releasedNorms: false };
  const plain = await steps(model, SEQUENCES, { ...options, gradientNormVariants: false });
  const full = await steps(model, SEQUENCES, options);
  expect(full.map(({ gradientNorms, losses }) => ({ gradientNorms, losses }))).toEqual(plain);
  const told: FineTuningStep[] = [];
  const tuning = new FineTuning(model, {
    ...{ objective: 'output', group: 'attention.kv', steps: 2, learningRate: 0.1 },
    gradientNormVariants: true,
  });
  await tuning.steps(SEQUENCES, { onStep: (step) => void told.push(step) });
  (await tuning.finish()).model.dispose();
  expect(told).toEqual(full);
});
