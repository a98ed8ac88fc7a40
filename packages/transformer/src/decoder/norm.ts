import {
  type Scope,
  type Tensor,
  layerNormBackward,
  layerNormForward,
  rmsNormBackward,
  rmsNormForward,
} from '@icl-gd/gpu-kernels';
import type { ParameterSet } from '../weights/parameter-set.ts';
import type { DecoderContext } from './context.ts';
import type { Gradients } from './gradients.ts';

export interface NormResult {
  readonly out: Tensor;
  /** What the backward needs of each row. */
  readonly stats: Tensor;
}

/** The norm `name` of the model's kind over each row of x; of a norm narrower than the rows, over each part of them. */
export function norm(
  { gpu, config }: DecoderContext,
  scope: Scope,
  parameters: ParameterSet,
  name: string,
  x: Tensor,
): NormResult {
  const out = scope.tensor(x.shape, name);
  const weight = parameters.get(`${name}.weight`);
  const rows = x.length / weight.length;
  const epsilon = config.normEpsilon;
  if (config.norm === 'rms') {
    const stats = scope.tensor([rows], `${name}.stats`);
    rmsNormForward(gpu, { x, weight, epsilon, out, stats });
    return { out, stats };
  }
  const stats = scope.tensor([rows, 2], `${name}.stats`);
  layerNormForward(gpu, { x, weight, bias: parameters.get(`${name}.bias`), epsilon, out, stats });
  return { out, stats };
}

/** Adds the norm's input gradient to `gradInput`, and its parameters' gradients where the group has them. */
export function normBackward(
  { gpu, config }: DecoderContext,
  parameters: ParameterSet,
  name: string,
  x: Tensor,
  stats: Tensor,
  gradOutput: Tensor,
  gradInput: Tensor,
  gradients: Gradients,
): void {
  const weight = parameters.get(`${name}.weight`);
  const trained = (kind: 'weight' | 'bias'): Tensor | undefined =>
    gradients.wants(`${name}.${kind}`) ? gradients.get(`${name}.${kind}`, weight.shape) : undefined;
  const [gradWeight, gradBias] = [trained('weight'), trained('bias')];
  const args = {
    x,
    weight,
    stats,
    gradOutput,
    gradInput,
    accumulate: true,
    ...(gradWeight ? { gradWeight } : {}),
  };
  if (config.norm === 'rms') rmsNormBackward(gpu, args);
  else layerNormBackward(gpu, { ...args, ...(gradBias ? { gradBias } : {}) });
}
