import type { Tensor } from '@icl-gd/gpu-kernels';
import { type Demonstration, type Learner, contextTokens, probesOf } from '@icl-gd/methods';
import { type Model, specialToken } from '@icl-gd/transformer';
import { z } from 'zod';
import { addVector } from './add-vector.ts';

/**
 * Activation steering: what a context changes in the attention outputs, on average over demonstrations, is added to the
 * attention outputs of a model that sees no context. A kernel does it, on the device, in every forward pass.
 */
export const learner: Learner<{ scale: number; layer: number }> = {
  id: 'TaskVector',
  label: 'task vectors',
  source: 'after Hendel et al. 2023, arXiv 2310.15916',
  role: 'learner',
  needs: 'all',
  options: z.object({
    scale: z.coerce.number().default(1),
    /** Which layer is steered, from 0; -1 is all of them. */
    layer: z.coerce.number().int('must be a whole number').min(-1).default(-1),
  }),
  async adapt(model, demonstrations, { learnerOptions = {} } = {}) {
    const { scale = 1, layer = -1 } = learnerOptions;
    const vectors = (await updates(model, demonstrations)).map((values): Tensor =>
      model.gpu.upload(values, [values.length], { label: 'task vector' }),
    );
    const steered = model.withHooks({
      attentionOutput({ gpu, layer: index, tensor }) {
        const vector = vectors[index];
        if (vector && (layer === -1 || layer === index)) addVector(gpu, tensor, vector, scale);
      },
    });
    return {
      ...probesOf(steered),
      dispose() {
        steered.dispose();
        for (const vector of vectors) vector.dispose();
      },
    };
  },
};

/** For each layer the mean of h behind a context less h without it: the first half of the demonstrations before the others. */
async function updates(model: Model, demonstrations: readonly Demonstration[]): Promise<Float32Array[]> {
  const { layers, dModel } = model.config;
  const bos = specialToken(model.config, 'bosTokenId', model.name);
  const eos = specialToken(model.config, 'eosTokenId', model.name);
  const half = Math.ceil(demonstrations.length / 2);
  const probed = demonstrations.slice(half);
  const outputs = async (before: readonly number[], prefix?: ReturnType<Model['prefix']>) => {
    const requests = probed.map(({ tokens }) => {
      const all = [...before, ...tokens];
      return { tokens: all, probes: [{ row: all.length - 1, firstKey: before.length }], logProbs: [] };
    });
    return (await model.evaluate(requests, prefix)).map(({ probes }) => probes[0]?.attentionOutput);
  };
  const context = model.prefix(contextTokens(demonstrations.slice(0, half), bos, eos));
  const [icl, zsl] = [await outputs([], context), await outputs([bos])];
  context.dispose();
  return Array.from({ length: layers }, (_, layer) =>
    Float32Array.from({ length: dModel }, (_unused, i) => {
      const at = layer * dModel + i;
      const changes = icl.map((own, e) => (own?.[at] ?? NaN) - (zsl[e]?.[at] ?? NaN));
      return changes.reduce((total, change) => total + change, 0) / Math.max(1, changes.length);
    }),
  );
}
