import type { ParameterRole, ParameterSpec } from '../parameters.ts';
import { Pcg64 } from '../random/pcg64.ts';
import { elementCount } from '../shape.ts';

/**
 * Model variants (arXiv 2311.07772v4, Table 1), by what keeps its trained weights: everything; embeddings, positions, norms
 * and unembedding; norms alone; nothing. The rest is initialised anew.
 */
export const MODEL_VARIANTS = ['trained', 'trained-embeddings', 'layer-norm-only', 'untrained'] as const;

/** One of `MODEL_VARIANTS`. */
export type ModelVariant = (typeof MODEL_VARIANTS)[number];

const EMBEDDINGS: readonly ParameterRole[] = ['tokens', 'positions', 'unembedding'];

/** Whether a variant keeps the trained values of a parameter. */
export function keepsTrained(variant: ModelVariant, role: ParameterRole): boolean {
  if (variant === 'trained') return true;
  if (role === 'norm') return variant !== 'untrained';
  return variant === 'trained-embeddings' && EMBEDDINGS.includes(role);
}

/** A parameter's initial values by its name; see {@link initialise}. */
export function initialParameter(specs: readonly ParameterSpec[], name: string, seed: number): Float32Array {
  const index = specs.findIndex((spec) => spec.name === name);
  const spec = specs[index];
  if (!spec) throw new RangeError(`no parameter ${name}`);
  const weight =
    spec.kind === 'weight' ? spec : specs.find((other) => other.name === name.replace(/bias$/, 'weight'));
  return initialise(spec, weight?.shape[1] ?? 1, seed, index);
}

/**
 * fairseq's initialisation: query, key and value weights Xavier-uniform with gain 1/√2, the output projection
 * Xavier-uniform with bias 0, feed-forward layers and the q/k/v biases as PyTorch's nn.Linear, embeddings normal with
 * standard deviation d^-½, norms 1 and 0.
 * @param fanIn inputs of the linear layer that the parameter belongs to
 * @param index the parameter's place in the model: each has a random stream of its own
 */
function initialise(spec: ParameterSpec, fanIn: number, seed: number, index: number): Float32Array {
  const length = elementCount(spec.shape);
  const values = new Float32Array(length);
  const random = new Pcg64((BigInt(seed) << 32n) | BigInt(index));
  const [outputs = 1, inputs = fanIn] = spec.shape;
  const uniform = (bound: number): Float32Array => {
    for (let i = 0; i < length; i++) values[i] = random.uniform(-bound, bound);
    return values;
  };
  if (spec.role === 'norm') return values.fill(spec.kind === 'weight' ? 1 : 0);
  if (EMBEDDINGS.includes(spec.role)) {
    const deviation = inputs ** -0.5;
    for (let i = 0; i < length; i++) values[i] = deviation * random.normal();
    return values;
  }
  if (spec.role === 'feedForward' || (spec.kind === 'bias' && spec.role !== 'output'))
    return uniform(fanIn ** -0.5);
  if (spec.kind === 'bias') return values;
  const gain = spec.role === 'output' ? 1 : Math.SQRT1_2;
  return uniform(gain * Math.sqrt(6 / (inputs + outputs)));
}
