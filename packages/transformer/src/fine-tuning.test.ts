import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addScaled } from '@icl-gd/gpu-kernels';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Gradients } from './decoder/gradients.ts';
import { type Objective, recordLossGradient } from './decoder/loss-gradient.ts';
import { nextTokenTargets, planTargets } from './decoder/targets.ts';
import type { FineTuningOptions } from './fine-tuning-options.ts';
import { FineTuning } from './fine-tuning.ts';
import { type Model, loadModel, passOver } from './model.ts';
import { writeNewModel } from './new-model.ts';
import { inGroup, inLayer, parameterSpecs } from './parameters.ts';

const JSON_CONFIG = {
  ...{ model_type: 'xglm', num_layers: 3, d_model: 12, attention_heads: 2, ffn_dim: 20 },
  ...{ max_position_embeddings: 16, vocab_size: 23, bos_token_id: 0, eos_token_id: 2 },
};
const SEQUENCES = [
  [0, 5, 9, 9, 14, 3],
  [0, 22, 7, 1],
];
const RATE = 0.3;
/** float32 against float64 sums of the same float32 gradients, which are of order 1. */
const TOLERANCE = 2e-6;

const gpu = useGpu();
let model: Model;
const directory = mkdtempSync(join(tmpdir(), 'icl-gd-tuning-'));
beforeAll(async () => {
  await writeNewModel(directory, JSON_CONFIG, 4);
  model = await loadModel(gpu(), directory);
});
afterAll(() => {
  model.dispose();
  rmSync(directory, { recursive: true });
});

async function valuesOf({ parameters, config }: Model): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const { name } of parameterSpecs(config)) values.set(name, await gpu().read(parameters.get(name)));
  return values;
}

/** Gradients of all parameters of the layers, and losses, of a model as it is. */
async function measure(of: Model, tokens: readonly number[], objective: Objective) {
  using gradients = Gradients.ofGroup(gpu(), of.config, 'layers');
  using pass = passOver(of, [tokens], { gradients });
  using losses = gpu().tensor([of.config.layers]);
  const targets = planTargets(pass, nextTokenTargets([tokens]));
  recordLossGradient(pass, { objective, targets, losses, lossIndex: 0 });
  const values = new Map<string, Float32Array>();
  for (const name of gradients.names) values.set(name, await gpu().read(gradients.find(name) ?? losses));
  return { gradients: values, losses: [...(await gpu().read(losses))] };
}

function norm(parts: Iterable<ArrayLike<number>>): number {
  let sum = 0;
  for (const part of parts) for (let i = 0; i < part.length; i++) sum += (part[i] ?? NaN) ** 2;
  return Math.sqrt(sum);
}

function expectNear(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) {
    const wanted = expected[i] ?? NaN;
    worst = Math.max(worst, Math.abs((actual[i] ?? NaN) - wanted) / Math.max(1, Math.abs(wanted)));
  }
  expect(worst, what).toBeLessThan(TOLERANCE);
}

describe.each([
  ['output', 'attention.kv'],
  ['layerwise', 'attention.kv'],
  ['layerwise', 'attention'],
  ['output', 'layers'],
  ['layerwise', 'layers'],
] as const)('%s, %s', (objective, group) => {
  const options: FineTuningOptions = { objective, group, learningRate: RATE, steps: 2, releasedNorms: true };

  async function tune(sequences: readonly (readonly number[])[], releasedNorms = true) {
    const tuning = new FineTuning(model, { ...options, steps: sequences.length, releasedNorms });
    for (const tokens of sequences) tuning.step(tokens);
    return await tuning.finish();
  }

  test('each step subtracts the rate times the gradient of the mean loss, and reports it', async () => {
    const start = await valuesOf(model);
    const expected = new Map([...start].map(([name, values]) => [name, Float64Array.from(values)]));
    const frozen = new Map<string, Float64Array>();
    const layers = Array.from({ length: model.config.layers }, (_, layer) => layer);
    // Gradients of step 1 are those of the model after step 0 alone.
    const first = await tune(SEQUENCES.slice(0, 1));
    const both = await tune(SEQUENCES);
    for (const [step, tokens] of SEQUENCES.entries()) {
      const { gradients, losses } = await measure(step === 0 ? model : first.model, tokens, objective);
      const report = both.steps[step];
      expectNear(
        report?.losses ?? [],
        objective === 'output' ? layers.map(() => losses[0] ?? NaN) : losses,
        'losses',
      );
      const predictions = tokens.length - 1;
      for (const [name, gradient] of gradients) {
        if (inGroup(name, group)) {
          const values = expected.get(name)!;
          for (const [i, slope] of gradient.entries()) values[i]! -= RATE * slope;
        } else {
          const total = frozen.get(name) ?? new Float64Array(gradient.length);
          frozen.set(
            name,
            total.map((value, i) => value + predictions * (gradient[i] ?? NaN)),
          );
        }
      }
      const own = (layer: number): Float32Array[] =>
        [...gradients].flatMap(([name, gradient]) =>
          inLayer(name, layer) && inGroup(name, group) ? [gradient] : [],
        );
      const still = (layer: number): Float64Array[] =>
        [...frozen].flatMap(([name, total]) => (inLayer(name, layer) ? [total] : []));
      expectNear(
        report?.gradientNorms ?? [],
        layers.map((layer) => norm(own(layer))),
        'gradient norms',
      );
      expectNear(
        report?.releasedGradientNorms ?? [],
        layers.map((layer) => Math.hypot(predictions * norm(own(layer)), norm(still(layer)))),
        'released norms',
      );
    }
    for (const [name, values] of await valuesOf(both.model)) expectNear(values, expected.get(name)!, name);
    expect(await valuesOf(model)).toEqual(start);
    const trained = [...start.keys()].filter((name) => inGroup(name, group));
    const size = (of: ReadonlyMap<string, ArrayLike<number>>): number =>
      norm(trained.map((name) => of.get(name) ?? []));
    expect(both.growth).toBeCloseTo(size(expected) / size(start), 5);
    expect(Math.abs(both.growth - 1)).toBeGreaterThan(1e-4); // norms, which begin at 1, hardly grow
    first.model.dispose();
    both.model.dispose();
  });

  test('without the released norms everything else is the same, bit by bit', async () => {
    const [plain, full] = [await tune(SEQUENCES, false), await tune(SEQUENCES)];
    expect(plain.steps).toEqual(full.steps.map(({ gradientNorms, losses }) => ({ gradientNorms, losses })));
    expect(await valuesOf(plain.model)).toEqual(await valuesOf(full.model));
    plain.model.dispose();
    full.model.dispose();
  });
});

test('refuses what it cannot train on, and leaves nothing on the device', async () => {
  const before = gpu().pool.live;
  const tuning = new FineTuning(model, {
    ...{ objective: 'output', group: 'attention.kv', learningRate: RATE, steps: 1 },
  });
  expect(() => tuning.step([0])).toThrow('two tokens or more');
  tuning.step([0, 1]);
  expect(() => tuning.step([0, 1])).toThrow('set up for 1 steps');
  tuning.dispose();
  expect(gpu().pool.live).toEqual(before);
});

test('an update of one’s own is given every trained parameter and its gradient, and is all that changes it', async () => {
  const seen: { step: number; name: string; gradient: Promise<Float32Array> }[] = [];
  const tuning = new FineTuning(model, {
    ...{ objective: 'output', learningRate: RATE, group: 'attention.kv', steps: 2 },
    update({ gpu: on, step, name, parameter, gradient, learningRate }) {
      expect(learningRate).toBe(RATE);
      seen.push({ step, name, gradient: on.read(gradient) });
      addScaled(on, { target: parameter, source: gradient, scale: -2 * learningRate });
    },
  });
  const trained = parameterSpecs(model.config).flatMap(({ name }) =>
    inGroup(name, 'attention.kv') ? [name] : [],
  );
  const [before, { gradients }] = [await valuesOf(model), await measure(model, SEQUENCES[0] ?? [], 'output')];
  tuning.step(SEQUENCES[0] ?? []);
  tuning.step(SEQUENCES[1] ?? []);
  const { model: tuned, steps } = await tuning.finish();
  using _ = tuned;
  expect(steps).toHaveLength(2);
  for (const step of [0, 1])
    expect(seen.flatMap((own) => (own.step === step ? [own.name] : [])).toSorted()).toEqual(
      trained.toSorted(),
    );
  const after = await valuesOf(tuned);
  for (const name of trained) {
    const own = await Promise.all(seen.filter((one) => one.name === name).map(({ gradient }) => gradient));
    expectNear(own[0] ?? [], gradients.get(name) ?? [], `${name}, gradient of the first step`);
    const expected = Array.from(
      before.get(name) ?? [],
      (value, i) => value - 2 * RATE * ((own[0]?.[i] ?? NaN) + (own[1]?.[i] ?? NaN)),
    );
    expectNear(after.get(name) ?? [], expected, name);
  }
});
