import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Model, loadModel, passOver } from '../model.ts';
import { writeNewModel } from '../new-model.ts';
import { type ParameterGroup, inGroup, parameterSpecs } from '../parameters.ts';
import { referenceLoss } from '../testing/reference-decoder.ts';
import { Gradients } from './gradients.ts';
import { type Objective, recordLossGradient } from './loss-gradient.ts';
import { nextTokenTargets, planTargets } from './targets.ts';

const SEQUENCES = [
  [0, 7, 3, 3, 9],
  [0, 5, 1],
];
const TARGETS = nextTokenTargets(SEQUENCES);
const STEP = 1e-5;
/** float32 against float64, as a share of a tensor's largest gradient; measured up to 3e-6. */
const TOLERANCE = 2e-5;
/** The gradient with respect to a key bias is zero but for rounding: it shifts all logits of a query alike. */
const SMALLEST_SCALE = 0.01;

const COMMON = { vocab_size: 11, bos_token_id: 0, eos_token_id: 0, activation_function: 'gelu_new' };
const GPT2 = { ...COMMON, model_type: 'gpt2', n_layer: 2, n_embd: 8, n_inner: 10, n_head: 2, n_positions: 8 };
const XGLM = {
  ...COMMON,
  model_type: 'xglm',
  num_layers: 2,
  d_model: 8,
  ffn_dim: 10,
  attention_heads: 2,
  max_position_embeddings: 8,
};

const gpu = useGpu();

/** Values by decoder name, float64. */
type ReferenceParameters = ReadonlyMap<string, Float64Array>;

/** Losses and gradients from the kernels. */
async function measure(model: Model, objective: Objective, group: ParameterGroup) {
  using gradients = Gradients.ofGroup(gpu(), model.config, group);
  using pass = passOver(model, SEQUENCES, { gradients });
  using losses = gpu().tensor([model.config.layers]);
  gpu().clear(losses);
  recordLossGradient(pass, { objective, targets: planTargets(pass, TARGETS), losses, lossIndex: 0 });
  const values = new Map<string, Float32Array>();
  for (const name of gradients.names) values.set(name, await gpu().read(gradients.find(name)!));
  return { losses: await gpu().read(losses), gradients: values };
}

describe.each([GPT2, { ...GPT2, tie_word_embeddings: false }, XGLM])(
  '$model_type, tied $tie_word_embeddings',
  (json) => {
    let directory: string;
    let model: Model;
    let parameters: ReferenceParameters;

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'icl-gd-gradient-'));
      await writeNewModel(directory, json, 1);
      model = await loadModel(gpu(), directory);
      const entries: [string, Float64Array][] = [];
      for (const { name } of parameterSpecs(model.config))
        entries.push([name, Float64Array.from(await gpu().read(model.parameters.get(name)))]);
      parameters = new Map(entries);
    });
    afterAll(async () => {
      model.dispose();
      await rm(directory, { recursive: true });
    });

    /** The loss after one layer: of its own parameters, that is with its input detached. */
    const layerLoss =
      (layer: number) =>
      (p: ReferenceParameters): number =>
        referenceLoss(model.config, (name) => p.get(name), SEQUENCES, layer);
    const outputLoss = (p: ReferenceParameters): number => layerLoss(model.config.layers - 1)(p);

    function expectGradient(
      name: string,
      measured: Float32Array | undefined,
      loss: (p: ReferenceParameters) => number,
    ): void {
      const values = parameters.get(name)!.slice();
      const perturbed = new Map([...parameters, [name, values]]);
      const at = (i: number, value: number): number => {
        const kept = values[i]!;
        values[i] = value;
        const result = loss(perturbed);
        values[i] = kept;
        return result;
      };
      const expected = Array.from(
        values,
        (value, i) => (at(i, value + STEP) - at(i, value - STEP)) / (2 * STEP),
      );
      const scale = Math.max(...expected.map(Math.abs), SMALLEST_SCALE);
      expect(measured?.length, name).toBe(expected.length);
      const worst = Math.max(...expected.map((value, i) => Math.abs(value - measured![i]!)));
      expect(worst / scale, name).toBeLessThan(TOLERANCE);
    }

    test('the output objective has the loss and, for every parameter, the gradient of the float64 reference', async () => {
      const { losses, gradients } = await measure(model, 'output', 'all');
      expect(losses[0]).toBeCloseTo(outputLoss(parameters), 5);
      expect([...gradients.keys()].toSorted()).toEqual([...parameters.keys()].toSorted());
      for (const name of parameters.keys()) expectGradient(name, gradients.get(name), outputLoss);
    });

    test("the layerwise objective has each layer's own loss and gradient", async () => {
      const { losses, gradients } = await measure(model, 'layerwise', 'attention');
      for (const [layer, loss] of losses.entries()) {
        const own = layerLoss(layer);
        expect(loss).toBeCloseTo(own(parameters), 5);
        const names = [...gradients.keys()].filter((name) => name.startsWith(`layers.${layer}.`));
        expect(names).toHaveLength(8);
        for (const name of names) expectGradient(name, gradients.get(name), own);
      }
    });

    test.each(['attention.kv', 'attention'] as const)(
      'the gradients of group %s are those of a larger group, bit by bit',
      async (group) => {
        for (const objective of ['output', 'layerwise'] as const) {
          const all = await measure(model, objective, objective === 'output' ? 'all' : 'attention');
          const own = await measure(model, objective, group);
          expect(own.losses).toEqual(all.losses);
          expect([...own.gradients.keys()].toSorted()).toEqual(
            [...parameters.keys()].filter((name) => inGroup(name, group)).toSorted(),
          );
          for (const [name, gradient] of own.gradients)
            expect(gradient, name).toEqual(all.gradients.get(name));
        }
      },
    );
  },
);
