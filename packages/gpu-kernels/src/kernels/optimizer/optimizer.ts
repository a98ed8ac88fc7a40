import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, type ParameterType, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { definePointwise, pointwiseGrid, pointwiseWindows } from '../pointwise.ts';
import { defineSideBySide, runsOf, sideBySide } from '../side-by-side.ts';

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
  sgdSteps(gpu, [{ parameter, gradient }], learningRate);
}

/** A parameter and its gradient. */
export type ParameterGradient = Pick<SgdArguments, 'parameter' | 'gradient'>;

/**
 * As {@link sgdStep} of each parameter, up to four in a dispatch: the same bits.
 * @throws RangeError if the lengths differ
 */
export function sgdSteps(gpu: Gpu, pairs: readonly ParameterGradient[], learningRate: number): void {
  const windows = pairs.flatMap(({ parameter, gradient }) =>
    pointwiseWindows(gpu, 'sgdSteps', [parameter, gradient]).map(({ count, part }) => ({
      count,
      storage: { gradient: part(gradient), parameter: part(parameter) },
    })),
  );
  for (const run of runsOf(windows, SGD_MOST)) {
    const { storage, params, count } = sideBySide(run);
    gpu.dispatch(sgdKernel(run.length), storage, { ...params, scale: -learningRate }, pointwiseGrid(count));
  }
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
  const { parameter, gradient, firstMoment, secondMoment, gradientScale } = args;
  const constants = adamWConstants(args);
  const tensors = [gradient, parameter, firstMoment, secondMoment] as const;
  for (const { count, part } of pointwiseWindows(gpu, 'adamWStep', tensors)) {
    const storage = {
      gradient: part(gradient),
      parameter: part(parameter),
      firstMoment: part(firstMoment),
      secondMoment: part(secondMoment),
    };
    const params = { count, ...constants };
    if (gradientScale) {
      gpu.dispatch(ADAMW_SCALED, { ...storage, gradientScale }, params, pointwiseGrid(count));
      continue;
    }
    const alone = sideBySide([{ count, storage }]);
    gpu.dispatch(adamWKernel(1), alone.storage, { ...alone.params, ...constants }, pointwiseGrid(count));
  }
}

/** @throws RangeError if step is below 1 */
function adamWConstants(args: Omit<AdamWArguments, keyof AdamWParameter>) {
  const { step, learningRate, beta1, beta2 } = args;
  if (!Number.isInteger(step) || step < 1)
    throw new RangeError(`adamWStep: step ${step} does not count from 1`);
  return {
    decay: 1 - learningRate * args.weightDecay,
    beta1,
    oneMinusBeta1: 1 - beta1,
    beta2,
    oneMinusBeta2: 1 - beta2,
    inverseRootCorrection2: 1 / Math.sqrt(1 - beta2 ** step),
    epsilon: args.epsilon,
    stepSize: learningRate / (1 - beta1 ** step),
  };
}

/** What {@link adamWSteps} needs of a parameter. */
export type AdamWParameter = Pick<AdamWArguments, 'parameter' | 'gradient' | 'firstMoment' | 'secondMoment'>;

/**
 * As {@link adamWStep} of each parameter, two in a dispatch: the same bits.
 * @throws as adamWStep
 */
export function adamWSteps(
  gpu: Gpu,
  parameters: readonly AdamWParameter[],
  options: Omit<AdamWArguments, keyof AdamWParameter>,
): void {
  if (options.gradientScale) {
    // A ninth binding, where WebGPU promises eight.
    for (const each of parameters) adamWStep(gpu, { ...each, ...options });
    return;
  }
  const constants = adamWConstants(options);
  const windows = parameters.flatMap(({ parameter, gradient, firstMoment, secondMoment }) =>
    pointwiseWindows(gpu, 'adamWSteps', [gradient, parameter, firstMoment, secondMoment]).map(
      ({ count, part }) => ({
        count,
        storage: {
          gradient: part(gradient),
          parameter: part(parameter),
          firstMoment: part(firstMoment),
          secondMoment: part(secondMoment),
        },
      }),
    ),
  );
  for (const run of runsOf(windows, ADAMW_MOST)) {
    const { storage, params, count } = sideBySide(run);
    gpu.dispatch(adamWKernel(run.length), storage, { ...params, ...constants }, pointwiseGrid(count));
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
  return [
    ...[1, 2, 3, SGD_MOST].map(sgdKernel),
    ...[1, ADAMW_MOST].map(adamWKernel),
    ADAMW_SCALED,
    CLIP_SCALE,
  ];
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

/** Pairs and quadruples of tensors that eight bindings hold. */
const [SGD_MOST, ADAMW_MOST] = [4, 2];

const ADAMW_NAMES = {
  gradient: 'gradient',
  parameter: 'parameter',
  firstMoment: 'firstMoment',
  secondMoment: 'secondMoment',
} as const;

const ADAMW_STORAGE = {
  gradient: 'f32',
  parameter: '&f32',
  firstMoment: '&f32',
  secondMoment: '&f32',
} as const;

const adamWKernel = memoizeKernel((groups: number) =>
  defineSideBySide({
    label: 'optimizer.adamw',
    groups,
    storage: ADAMW_STORAGE,
    params: ADAMW_PARAMS,
    body: (names) => adamWBody(names, `${names.gradient}[j]`),
  }),
);

const ADAMW_SCALED = definePointwise({
  label: 'optimizer.adamw.scaled',
  storage: { ...ADAMW_STORAGE, gradientScale: 'f32' },
  params: ADAMW_PARAMS,
  body: `let j = i;${adamWBody(ADAMW_NAMES, 'gradient[j] * gradientScale[0]')}`,
});

function adamWBody(
  { parameter, firstMoment, secondMoment }: Readonly<Record<keyof typeof ADAMW_STORAGE, string>>,
  gradient: string,
): string {
  return `
    let g = ${gradient};
    let m = params.beta1 * ${firstMoment}[j] + params.oneMinusBeta1 * g;
    let v = params.beta2 * ${secondMoment}[j] + params.oneMinusBeta2 * g * g;
    ${firstMoment}[j] = m;
    ${secondMoment}[j] = v;
    let deviation = sqrt(v) * params.inverseRootCorrection2 + params.epsilon;
    ${parameter}[j] = ${parameter}[j] * params.decay - params.stepSize * m / deviation;`;
}

const sgdKernel = memoizeKernel((groups: number) =>
  defineSideBySide({
    label: 'optimizer.sgd',
    groups,
    storage: { gradient: 'f32', parameter: '&f32' },
    params: { scale: 'f32' },
    body: ({ gradient, parameter }) => `${parameter}[j] += params.scale * ${gradient}[j];`,
  }),
);

const CLIP_SCALE = definePointwise({
  label: 'optimizer.clip-scale',
  storage: { squaredNorm: 'f32', out: '&f32' },
  params: { maxNorm: 'f32' },
  body: 'out[i] = min(1.0, params.maxNorm / (sqrt(squaredNorm[i]) + 1e-6));',
});
