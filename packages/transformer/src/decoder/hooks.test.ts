import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addScaled, scaleInPlace } from '@icl-gd/gpu-kernels';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withChangedParameters } from '../change-parameters.ts';
import { FineTuning } from '../fine-tuning.ts';
import { type Model, loadModel } from '../model.ts';
import { writeNewModel } from '../new-model.ts';
import { Pcg64 } from '../random/pcg64.ts';
import { TINY_MODELS } from '../testing/tiny-models.ts';
import type { HookedActivation, Hooks } from './hooks.ts';

const gpu = useGpu();
/** float32 over two layers; numbers are of order 1. */
const DIGITS = 5;
const SEQUENCES = [
  [0, 5, 17, 5, 36],
  [0, 2, 9],
];
const REQUESTS = SEQUENCES.map((tokens) => ({
  tokens,
  probes: [{ row: tokens.length - 1, firstKey: 0 }],
  logProbs: [{ row: tokens.length - 1, token: 3 }],
}));

const scaleFirst = (scale: number): Hooks => ({
  layerOutput({ gpu: on, layer, tensor }) {
    if (layer === 0) scaleInPlace(on, { x: tensor, scale });
  },
});

const NAMES = Object.keys(TINY_MODELS);
const preNorm = NAMES.find((name) => name.startsWith('gpt2')) as string;
const postNorm = NAMES.find((name) => TINY_MODELS[name]?.['do_layer_norm_before'] === false) as string;

describe.each([preNorm, postNorm])('%s', (name) => {
  const directory = mkdtempSync(join(tmpdir(), 'icl-gd-hooks-'));
  let model: Model;
  beforeAll(async () => {
    await writeNewModel(directory, TINY_MODELS[name] ?? {}, 3);
    using loaded = await loadModel(gpu(), directory);
    const random = new Pcg64(11n);
    const varied = await withChangedParameters(loaded, 'all', (_spec, values) =>
      values.map((value) => value + 0.2 * random.normal()),
    );
    model = varied;
  });
  afterAll(() => {
    model.dispose();
    rmSync(directory, { recursive: true });
  });

  const numbersOf = async (of: Model): Promise<number[]> =>
    (await of.evaluate(REQUESTS)).flatMap(({ probes, logProbs }) => [
      ...(probes[0]?.attentionOutput ?? []),
      ...(probes[0]?.attentionScores ?? []),
      ...logProbs,
    ]);

  test('see each activation once a layer, with rows of all sequences; what only looks changes no bit', async () => {
    const seen: unknown[] = [];
    const look =
      (point: keyof Hooks) =>
      ({ layer, tensor, sequences }: HookedActivation) =>
        void seen.push([point, layer, tensor.shape, sequences.starts, sequences.lengths]);
    using watched = model.withHooks({
      attentionOutput: look('attentionOutput'),
      feedForwardOutput: look('feedForwardOutput'),
      layerOutput: look('layerOutput'),
    });
    expect(await numbersOf(watched)).toEqual(await numbersOf(model));
    const shape = [8, model.config.dModel];
    const points = ['attentionOutput', 'feedForwardOutput', 'layerOutput'];
    expect(seen).toEqual(
      [0, 1].flatMap((layer) => points.map((point) => [point, layer, shape, [0, 5], [5, 3]])),
    );
  });

  test.each(['attention.output', 'feedForward.down'])(
    'a vector that a hook adds is what the bias of %s adds',
    async (module) => {
      const { dModel } = model.config;
      const vector = new Pcg64(5n);
      const values = Float32Array.from({ length: dModel }, () => vector.normal());
      using biased = await withChangedParameters(model, 'all', (spec, own) =>
        spec.name === `layers.1.${module}.bias` ? own.map((value, i) => value + (values[i] ?? NaN)) : own,
      );
      using rows = gpu().upload(
        Float32Array.from({ length: 8 * dModel }, (_, i) => values[i % dModel] ?? NaN),
        [8, dModel],
      );
      const add = ({ gpu: on, layer, tensor }: HookedActivation): void => {
        if (layer === 1) addScaled(on, { target: tensor, source: rows, scale: 1 });
      };
      using steered = model.withHooks(
        module === 'attention.output' ? { attentionOutput: add } : { feedForwardOutput: add },
      );
      const [expected, own, plain] = [
        await numbersOf(biased),
        await numbersOf(steered),
        await numbersOf(model),
      ];
      for (const [i, value] of own.entries()) expect(value).toBeCloseTo(expected[i] ?? NaN, DIGITS);
      expect(own).not.toEqual(plain);
    },
  );

  test('of the layer’s output change what the next layer reads, and stay in copies of the model; prefixes have them too', async () => {
    using once = model.withHooks(scaleFirst(0.5));
    using twice = once.withHooks(scaleFirst(0.5));
    using quarter = model.withHooks(scaleFirst(0.25));
    expect(await numbersOf(once)).not.toEqual(await numbersOf(model));
    expect(await numbersOf(twice)).toEqual(await numbersOf(quarter));
    expect(await numbersOf(twice.on(gpu()))).toEqual(await numbersOf(quarter));
    const shared = twice.parameters.overlay(new Map());
    expect(await numbersOf(twice.withParameters(shared))).toEqual(await numbersOf(quarter));
    using prefix = quarter.prefix([0, 5]);
    using direct = model.prefix([0, 5]);
    const behind = async (of: Model, context: typeof prefix) => [
      ...(await of.evaluate([{ tokens: [17, 5], probes: [], logProbs: [{ row: 1, token: 3 }] }], context))[0]!
        .logProbs,
    ];
    const whole = async (of: Model) => [
      ...(await of.evaluate([{ tokens: [0, 5, 17, 5], probes: [], logProbs: [{ row: 3, token: 3 }] }]))[0]!
        .logProbs,
    ];
    expect((await behind(quarter, prefix))[0]).toBeCloseTo((await whole(quarter))[0] ?? NaN, DIGITS);
    expect((await behind(quarter, direct))[0]).not.toBeCloseTo((await whole(quarter))[0] ?? NaN, DIGITS);
  });

  test('are none that gradients pass through: such a model is not trained', () => {
    using hooked = model.withHooks({});
    const tuning = new FineTuning(hooked, {
      objective: 'output',
      learningRate: 1,
      group: 'attention.kv',
      steps: 1,
    });
    expect(() => tuning.step([0, 1])).toThrow('has hooks, which gradients do not pass through');
    tuning.dispose();
  });
});
