import type { Gpu } from '../../runtime/gpu.ts';
import type { Kernel, ParameterType } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { addScaled } from '../elementwise/elementwise.ts';
import { definePointwise, pointwiseGrid, pointwiseWindows } from '../pointwise.ts';

/** Operands and options of {@link sgdStep}. */
export interface SgdArguments {
  /** float32, any shape; updated in place. */
  readonly parameter: Tensor;
  /** float32, as long as parameter: the gradient with respect to it. */
  readonly gradient: Tensor;
  readonly learningRate: number;
}

/**
 * parameter -= learningRate * gradient: stochastic gradient descent without momentum.
 * @throws RangeError if the lengths differ
 */
export function sgdStep(gpu: Gpu, { parameter, gradient, learningRate }: SgdArguments): void {
  addScaled(gpu, { target: parameter, source: gradient, scale: -learningRate });
}

/** Operands and options of {@link adamWStep}. */
export interface AdamWArguments {
  /** float32, any shape; updated in place. */
  readonly parameter: Tensor;
  /** float32, as long as parameter: the gradient with respect to it. */
  readonly gradient: Tensor;
  /** float32: running mean of the gradient; zero before the first step, updated in place. */
  readonly firstMoment: Tensor;
  /** float32: running mean of the squared gradient; zero before the first step, updated in place. */
  readonly secondMoment: Tensor;
  /** Counts from 1. */
  readonly step: number;
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** float32 [1]: factor on the gradient, as {@link clipScale} writes it. */
  readonly gradientScale?: Tensor;
}

/**
 * One step of AdamW with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101, algorithm 2), as
 * torch.optim.AdamW.
 * @throws RangeError if the lengths differ or step is below 1
 */
export function adamWStep(gpu: Gpu, args: AdamWArguments): void {
  const { parameter, gradient, firstMoment, secondMoment, step, learningRate, beta1, beta2, gradientScale } =
    args;
  if (!Number.isInteger(step) || step < 1)
    throw new RangeError(`adamWStep: step ${step} does not count from 1`);
  const constants = {
    decay: 1 - learningRate * args.weightDecay,
    beta1,
    oneMinusBeta1: 1 - beta1,
    beta2,
    oneMinusBeta2: 1 - beta2,
    inverseRootCorrection2: 1 / Math.sqrt(1 - beta2 ** step),
    epsilon: args.epsilon,
    stepSize: learningRate / (1 - beta1 ** step),
  };
  const tensors = [gradient, parameter, firstMoment, secondMoment] as const;
  for (const { count, part } of pointwiseWindows(gpu, 'adamWStep', tensors)) {
    const storage = {
      gradient: part(gradient),
      parameter: part(parameter),
      firstMoment: part(firstMoment),
      secondMoment: part(secondMoment),
    };
    const params = { count, ...constants };
    if (gradientScale)
      gpu.dispatch(ADAMW_SCALED, { ...storage, gradientScale }, params, pointwiseGrid(count));
    else gpu.dispatch(ADAMW, storage, params, pointwiseGrid(count));
  }
}

/** Operands and options of {@link clipScale}. */
export interface ClipScaleArguments {
  /** float32; element 0 is the squared norm of all gradients. */
  readonly squaredNorm: Tensor;
  readonly maxNorm: number;
  /** float32 [1]. */
  readonly out: Tensor;
}

/** out[0] = min(1, maxNorm / (norm + 1e-6)), as torch.nn.utils.clip_grad_norm_. */
export function clipScale(gpu: Gpu, { squaredNorm, maxNorm, out }: ClipScaleArguments): void {
  gpu.dispatch(CLIP_SCALE, { squaredNorm, out }, { count: 1, maxNorm }, pointwiseGrid(1));
}

/** Every kernel of optimizers, but for those of elementwise operations. */
export function optimizerKernels(): Kernel[] {
  return [ADAMW, ADAMW_SCALED, CLIP_SCALE];
}

const ADAMW_PARAMS = {
  decay: 'f32',
  beta1: 'f32',
  oneMinusBeta1: 'f32',
  beta2: 'f32',
  oneMinusBeta2: 'f32',
  inverseRootCorrection2: 'f32',
  epsilon: 'f32',
  stepSize: 'f32',
} as const satisfies Record<string, ParameterType>;

const ADAMW_STORAGE = {
  gradient: 'f32',
  parameter: '&f32',
  firstMoment: '&f32',
  secondMoment: '&f32',
} as const;

const ADAMW = definePointwise({
  label: 'optimizer.adamw',
  storage: ADAMW_STORAGE,
  params: ADAMW_PARAMS,
  body: adamWBody('gradient[i]'),
});

const ADAMW_SCALED = definePointwise({
  label: 'optimizer.adamw.scaled',
  storage: { ...ADAMW_STORAGE, gradientScale: 'f32' },
  params: ADAMW_PARAMS,
  body: adamWBody('gradient[i] * gradientScale[0]'),
});

function adamWBody(gradient: string): string {
  return `
    let g = ${gradient};
    let m = params.beta1 * firstMoment[i] + params.oneMinusBeta1 * g;
    let v = params.beta2 * secondMoment[i] + params.oneMinusBeta2 * g * g;
    firstMoment[i] = m;
    secondMoment[i] = v;
    let deviation = sqrt(v) * params.inverseRootCorrection2 + params.epsilon;
    parameter[i] = parameter[i] * params.decay - params.stepSize * m / deviation;`;
}

const CLIP_SCALE = definePointwise({
  label: 'optimizer.clip-scale',
  storage: { squaredNorm: 'f32', out: '&f32' },
  params: { maxNorm: 'f32' },
  body: 'out[i] = min(1.0, params.maxNorm / (sqrt(squaredNorm[i]) + 1e-6));',
});
