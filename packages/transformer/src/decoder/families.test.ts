import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectClose, useGpu } from '@icl-gd/gpu-kernels/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FineTuning } from '../fine-tuning.ts';
import { type Model, loadModel, passOver } from '../model.ts';
import { writeNewModel } from '../new-model.ts';
import { type ParameterGroup, inGroup, inLayer, parameterSpecs } from '../parameters.ts';
import { Pcg64 } from '../random/pcg64.ts';
import { type ParameterValues, referenceDecoder, referenceLoss } from '../testing/reference-decoder.ts';
import { TINY_MODELS } from '../testing/tiny-models.ts';
import { Gradients } from './gradients.ts';
import { type Objective, READOUTS, type Readout, recordLossGradient } from './loss-gradient.ts';
import { nextTokenTargets, planTargets } from './targets.ts';

const TOKENS = [0, 5, 17, 5, 36, 2, 9, 11, 30, 4, 5];
/** float32 against float64 over two layers; numbers are of order 1. */
const TOLERANCE = 1e-5;

const gpu = useGpu();

describe.each(Object.keys(TINY_MODELS))('%s', (name) => {
  const directory = mkdtempSync(join(tmpdir(), 'icl-gd-family-'));
  let model: Model;
  let values: Map<string, Float64Array>;
  beforeAll(async () => {
    await writeNewModel(directory, TINY_MODELS[name] ?? {}, 3);
    model = await loadModel(gpu(), directory);
    values = new Map();
    const random = new Pcg64(11n);
    for (const spec of parameterSpecs(model.config)) {
      const tensor = model.parameters.get(spec.name);
      const stored = await gpu().read(tensor);
      // Norms start at 1 and 0, where mistakes would hide.
      const varied = stored.map((value) => value + 0.2 * random.normal());
      gpu().write(tensor, varied);
      values.set(spec.name, Float64Array.from(varied));
    }
  });
  afterAll(() => {
    model.dispose();
    rmSync(directory, { recursive: true });
  });

  const lookUp: ParameterValues = (parameter) => values.get(parameter);

  it('has the h, m, log-probabilities and likeliest tokens of the float64 reference, also behind a prefix', async () => {
    const expected = referenceDecoder(model.config, lookUp, TOKENS);
    const last = TOKENS.length - 1;
    for (const context of [0, 4]) {
      using prefix = context > 0 ? model.prefix(TOKENS.slice(0, context)) : undefined;
      const { layers, heads, dModel, vocabSize } = model.config;
      const row = last - context;
      const firstKey = context > 0 ? 0 : 1;
      const logProbs = Array.from({ length: vocabSize }, (_, token) => ({ row, token }));
      const top = [{ row, k: 7 }];
      const request = { tokens: TOKENS.slice(context), probes: [{ row, firstKey }], logProbs, top };
      const [result] = await model.evaluate([request], prefix);
      const [probe] = result?.probes ?? [];
      const keys = row - firstKey + 1;
      let worst = 0;
      const compare = (actual: number | undefined, wanted: number | undefined): void => {
        worst = Math.max(worst, Math.abs((actual ?? NaN) - (wanted ?? NaN)));
        if (Number.isNaN((actual ?? NaN) - (wanted ?? NaN))) worst = NaN;
      };
      for (let layer = 0; layer < layers; layer++) {
        for (let i = 0; i < dModel; i++)
          compare(probe?.attentionOutput[layer * dModel + i], expected.attentionOutput[layer]?.[last]?.[i]);
        for (let head = 0; head < heads; head++)
          for (let j = 0; j < keys; j++)
            compare(
              probe?.attentionScores[(layer * heads + head) * keys + j],
              expected.attentionScores[layer]?.[head]?.[last]?.[context + firstKey + j],
            );
      }
      for (let token = 0; token < vocabSize; token++)
        compare(result?.logProbs[token], expected.layerLogProbs.at(-1)?.[last]?.[token]);
      const likeliest = result?.top?.[0];
      const exact = expected.layerLogProbs.at(-1)?.[last] ?? new Float64Array();
      const order = [...exact.keys()].sort((a, b) => exact[b]! - exact[a]!);
      expect([...likeliest!.ids]).toEqual(order.slice(0, 7));
      for (const [i, token] of order.slice(0, 7).entries()) compare(likeliest?.logProbs[i], exact[token]);
      expect(worst).toBeLessThan(TOLERANCE);
    }
  });

  /** The reference's loss after `layer`, at parameters moved by `step` along `direction`. */
  function lossAt(
    layer: number,
    direction: ReadonlyMap<string, Float64Array>,
    step: number,
    readout?: Readout,
  ): number {
    const moved: ParameterValues = (parameter) => {
      const [at, along] = [values.get(parameter), direction.get(parameter)];
      return along ? at?.map((value, i) => value + step * (along[i] ?? NaN)) : at;
    };
    const cache = new Map<string, ArrayLike<number> | undefined>();
    const cached: ParameterValues = (parameter) => {
      if (!cache.has(parameter)) cache.set(parameter, moved(parameter));
      return cache.get(parameter);
    };
    return referenceLoss(model.config, cached, [TOKENS], layer, readout);
  }

  async function gradientsOf(objective: Objective, group: ParameterGroup, passes = 1, readout?: Readout) {
    const { config } = model;
    using gradients = Gradients.ofGroup(gpu(), config, group);
    using losses = gpu().tensor([config.layers]);
    for (let i = 0; i < passes; i++) {
      using pass = passOver(model, [TOKENS], { gradients });
      const targets = planTargets(pass, nextTokenTargets([TOKENS]));
      recordLossGradient(pass, { objective, readout, targets, losses, lossIndex: 0 });
    }
    const read = new Map<string, Float32Array>();
    for (const parameter of gradients.names)
      read.set(parameter, await gpu().read(gradients.find(parameter) ?? losses));
    return { gradients: read, losses: await gpu().read(losses) };
  }

  /** The directional derivative of the reference along a random direction, and of the device's gradients. */
  function alongRandomDirection(
    names: readonly string[],
    layer: number,
    gradients: ReadonlyMap<string, Float32Array>,
    readout?: Readout,
  ): { reference: number; device: number } {
    const random = new Pcg64(BigInt(names.length + layer));
    const direction = new Map(
      names.map((parameter) => [
        parameter,
        values.get(parameter)?.map(() => random.normal()) ?? new Float64Array(),
      ]),
    );
    const step = 1e-5;
    const [above, below] = [step, -step].map((by) => lossAt(layer, direction, by, readout)) as [
      number,
      number,
    ];
    const reference = (above - below) / (2 * step);
    let device = 0;
    for (const [parameter, along] of direction)
      // What nothing is read of has no gradient.
      for (const [i, value] of along.entries())
        device += value * (gradients.get(parameter)?.[i] ?? (readout ? 0 : NaN));
    return { reference, device };
  }

  it('has the gradients of the float64 reference in every parameter', async () => {
    const { gradients, losses } = await gradientsOf('output', 'all');
    const last = model.config.layers - 1;
    expect(Math.abs((losses[0] ?? NaN) - lossAt(last, new Map(), 0))).toBeLessThan(TOLERANCE);
    expect([...gradients.keys()].sort()).toEqual([...values.keys()].sort());
    for (const parameter of values.keys()) {
      const { reference, device } = alongRandomDirection([parameter], last, gradients);
      expect(Math.abs(reference - device), parameter).toBeLessThan(
        TOLERANCE * Math.max(1, Math.abs(reference)),
      );
    }
  });

  it('adds the gradients of a second pass to those of the first', async () => {
    const { gradients: once } = await gradientsOf('output', 'all');
    const { gradients: twice } = await gradientsOf('output', 'all', 2);
    for (const [parameter, values] of once) {
      const second = twice.get(parameter);
      const worst = Math.max(...values.map((value, i) => Math.abs(2 * value - (second?.[i] ?? NaN))));
      expect(worst, parameter).toBeLessThan(TOLERANCE);
    }
  });

  it.each(['attention.kv', 'feedForward', 'layers'] as const)(
    "has each layer's own gradients of the float64 reference in layer-causal learning: %s",
    async (group) => {
      const { gradients, losses } = await gradientsOf('layerwise', group);
      const trained = [...values.keys()].filter((parameter) => inGroup(parameter, group));
      expect([...gradients.keys()].sort()).toEqual([...trained].sort());
      for (let layer = 0; layer < model.config.layers; layer++) {
        expect(Math.abs((losses[layer] ?? NaN) - lossAt(layer, new Map(), 0))).toBeLessThan(TOLERANCE);
        const own = trained.filter((parameter) => inLayer(parameter, layer));
        const { reference, device } = alongRandomDirection(own, layer, gradients);
        expect(Math.abs(reference - device)).toBeLessThan(TOLERANCE * Math.max(1, Math.abs(reference)));
      }
    },
  );

  it.each(['residual', 'attention'] as const)(
    "has each layer's own gradients where its %s is read",
    async (readout) => {
      const { gradients, losses } = await gradientsOf('layerwise', 'layers', 1, readout);
      const trained = [...values.keys()].filter((parameter) => inGroup(parameter, 'layers'));
      expect([...gradients.keys()].filter((parameter) => inGroup(parameter, 'feedForward'))).toEqual([]);
      for (let layer = 0; layer < model.config.layers; layer++) {
        const expected = lossAt(layer, new Map(), 0, readout);
        expect(Math.abs((losses[layer] ?? NaN) - expected)).toBeLessThan(TOLERANCE);
        const own = trained.filter((parameter) => inLayer(parameter, layer));
        const { reference, device } = alongRandomDirection(own, layer, gradients, readout);
        expect(Math.abs(reference - device)).toBeLessThan(TOLERANCE * Math.max(1, Math.abs(reference)));
        const attention = own.filter((parameter) => inGroup(parameter, 'attention'));
        expect(attention.every((parameter) => gradients.has(parameter))).toBe(true);
      }
    },
  );

  it('has the same bits in layer-causal learning whether one head reads all layers or each in turn', async () => {
    const of = async (readout: Readout, layersTogether: boolean) => {
      using gradients = Gradients.ofGroup(gpu(), model.config, 'layers');
      using losses = gpu().tensor([model.config.layers]);
      using pass = passOver(model, [TOKENS], { gradients });
      const targets = planTargets(pass, nextTokenTargets([TOKENS]));
      const options = { objective: 'layerwise', readout, targets, losses, lossIndex: 0 } as const;
      recordLossGradient(pass, { ...options, layersTogether });
      const read = [await gpu().read(losses)];
      for (const parameter of gradients.names) read.push(await gpu().read(gradients.find(parameter)!));
      return { names: gradients.names, read };
    };
    for (const readout of READOUTS) expect(await of(readout, true)).toEqual(await of(readout, false));
  });

  it('has the numbers of the float64 reference at shifted positions, and without a shift those of none', async () => {
    const row = TOKENS.length - 1;
    const { layers, heads, dModel, contextLength } = model.config;
    const request = { tokens: TOKENS, probes: [{ row, firstKey: 0 }], logProbs: [{ row, token: 3 }] };
    expect(await model.evaluate([request], undefined, { positionOffset: 0 })).toEqual(
      await model.evaluate([request]),
    );
    const positionOffset = contextLength - TOKENS.length;
    const [shifted] = await model.evaluate([request], undefined, { positionOffset });
    const expected = referenceDecoder(model.config, lookUp, TOKENS, { positionOffset });
    const { attentionOutput, attentionScores } = shifted!.probes[0]!;
    let worst = Math.abs(shifted!.logProbs[0]! - expected.layerLogProbs.at(-1)![row]![3]!);
    for (let layer = 0; layer < layers; layer++) {
      for (let i = 0; i < dModel; i++)
        worst = Math.max(
          worst,
          Math.abs(attentionOutput[layer * dModel + i]! - expected.attentionOutput[layer]![row]![i]!),
        );
      for (let head = 0; head < heads; head++)
        for (let j = 0; j <= row; j++)
          worst = Math.max(
            worst,
            Math.abs(
              attentionScores[(layer * heads + head) * (row + 1) + j]! -
                expected.attentionScores[layer]![head]![row]![j]!,
            ),
          );
    }
    expect(worst).toBeLessThan(TOLERANCE);
    const far = { positionOffset: positionOffset + 1 };
    await expect(model.evaluate([request], undefined, far)).rejects.toThrow(
      `a sequence of 11 tokens from position ${far.positionOffset} on does not fit`,
    );
    if (model.config.positions.kind !== 'rotary') return;
    const [unshifted] = await model.evaluate([request]);
    expectClose(shifted!.logProbs, unshifted!.logProbs, { absolute: TOLERANCE, relative: 0 });
    expectClose(attentionScores, unshifted!.probes[0]!.attentionScores, { absolute: TOLERANCE, relative: 0 });
  });

  it('lowers its loss by fine-tuning keys and values', async () => {
    const options = { learningRate: 0.05, group: 'attention.kv', steps: 4 } as const;
    const tuning = new FineTuning(model, { ...options, objective: 'output' });
    for (let step = 0; step < options.steps; step++) tuning.step(TOKENS);
    const { model: tuned, steps } = await tuning.finish();
    tuned.dispose();
    expect(steps.at(-1)?.losses[0]).toBeLessThan(steps[0]?.losses[0] ?? NaN);
  });

  it('is written with the same bytes for the same seed', async () => {
    const again = mkdtempSync(join(tmpdir(), 'icl-gd-family-'));
    try {
      await writeNewModel(again, TINY_MODELS[name] ?? {}, 3);
      const file = 'model.safetensors';
      expect(readFileSync(join(again, file)).equals(readFileSync(join(directory, file)))).toBe(true);
    } finally {
      rmSync(again, { recursive: true });
    }
  });
});
