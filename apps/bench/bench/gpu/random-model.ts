import type { Gpu } from '@icl-gd/gpu-kernels';
import { Model, type WeightDtype, parameterSpecs } from '@icl-gd/transformer';
import { withPositions } from '../../../../packages/transformer/src/decoder/positions.ts';
import { xglm } from '../../../../packages/transformer/src/families/xglm.ts';
import { ParameterSet } from '../../../../packages/transformer/src/weights/parameter-set.ts';
import { storageDType } from '../../../../packages/transformer/src/weights/storage.ts';
import { Noise } from './noise.ts';

/** fairseq-dense-1.3B, and one as small as it gets with the same parts. */
const SHAPES = {
  '1.3b': { num_layers: 24, d_model: 2048, attention_heads: 32, ffn_dim: 8192, vocab_size: 50_261 },
  tiny: { num_layers: 2, d_model: 64, attention_heads: 2, ffn_dim: 256, vocab_size: 785 },
} as const satisfies Readonly<Record<string, ModelShape>>;

/** Sizes of a model. */
export interface ModelShape {
  readonly num_layers: number;
  readonly d_model: number;
  readonly attention_heads: number;
  readonly ffn_dim: number;
  readonly vocab_size: number;
}

/** A model of a shape with random weights, which never were on the host. */
export function randomModel(gpu: Gpu, shape: keyof typeof SHAPES | ModelShape, dtype: WeightDtype): Model {
  const config = xglm.readConfig(
    {
      ...{ architectures: ['XGLMForCausalLM'], model_type: 'xglm', activation_function: 'gelu' },
      ...{ max_position_embeddings: 2048, scale_embedding: true, tie_word_embeddings: true },
      ...{ ...(typeof shape === 'string' ? SHAPES[shape] : shape), bos_token_id: 0, eos_token_id: 2 },
    },
    'bench:gpu',
  );
  using noise = new Noise(gpu);
  const parameters = parameterSpecs(config).map((spec) => {
    const { name, role, kind } = spec;
    const tensor = gpu.tensor(spec.shape, { label: name, dtype: storageDType(spec, dtype), exact: true });
    if (role === 'norm') gpu.write(tensor, new Float32Array(tensor.length).fill(Number(kind === 'weight')));
    else noise.fill(tensor, 0.02);
    return [name, tensor] as const;
  });
  const set = new ParameterSet(new Map(parameters));
  return new Model(gpu, 'random', config, withPositions(gpu, config, set));
}

/** Token ids that look like nothing. */
export function randomTokens(model: Model, length: number, seed: number): number[] {
  let state = seed;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return 4 + (state % (model.config.vocabSize - 4));
  });
}
