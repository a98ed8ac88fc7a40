import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, type ParameterType, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { definePointwise, isWide, pointwiseGrid, pointwiseWindows } from '../pointwise.ts';
import { defineSideBySide, dispatchesOf, sideBySide } from '../side-by-side.ts';

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
  const wide = isWide(pairs.map(({ parameter }) => parameter));
  for (const run of dispatchesOf(gpu, windows, SGD_MOST, ({ count }) => count)) {
    const { storage, params, count } = sideBySide(run, wide ? 4 : 1);
    const kernel = sgdKernel({ groups: run.length, wide });
    gpu.dispatch(kernel, storage, { ...params, scale: -learningRate }, pointwiseGrid(count));
  }
}

/** A stack of parameters, [G, …], and of their gradients. */
export interface GroupedSgdArguments {
  readonly pairs: readonly ParameterGradient[];
  /** float32 [G]. */
  readonly learningRates: Tensor;
}

/**
 * As {@link sgdStep} with a learning rate for each of G stacked groups, up to three parameters in a dispatch: the bits of one
 * group at a time.
 * @throws RangeError if lengths differ, or a parameter has no G parts of a length
 */
export function groupedSgdSteps(gpu: Gpu, { pairs, learningRates }: GroupedSgdArguments): void {
  const groups = learningRates.length;
  for (const { parameter, gradient } of pairs) {
    if (parameter.length === gradient.length && parameter.length % groups === 0) continue;
    throw new RangeError(
      `groupedSgdSteps: ${parameter.label} [${parameter.shape.join(', ')}] and ${gradient.label} [${gradient.shape.join(', ')}] are no ${groups} parts of one length each`,
    );
  }
  // A vector of four never holds elements of two groups.
  const wide = pairs.every(({ parameter }) => (parameter.length / groups) % 4 === 0);
  const perElement = wide ? 4 : 1;
  for (const run of dispatchesOf(gpu, pairs, GROUPED_SGD_MOST, ({ parameter }) => parameter.length)) {
    const { storage, params, count } = sideBySide(
      run.map(({ parameter, gradient }) => ({ count: parameter.length, storage: { gradient, parameter } })),
      perElement,
    );
    for (const [i, { parameter }] of run.entries())
      params[`length${i}`] = parameter.length / groups / perElement;
    const kernel = groupedSgdKernel({ groups: run.length, wide });
    gpu.dispatch(kernel, { ...storage, learningRates }, params, pointwiseGrid(count));
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
  const wide = isWide(tensors);
  for (const { count, part } of pointwiseWindows(gpu, 'adamWStep', tensors)) {
    const storage = {
      gradient: part(gradient),
      parameter: part(parameter),
      firstMoment: part(firstMoment),
      secondMoment: part(secondMoment),
    };
    const own = sideBySide([{ count, storage }], wide ? 4 : 1);
    const params = { ...own.params, ...constants };
    const workgroups = pointwiseGrid(own.count);
    if (gradientScale)
      gpu.dispatch(scaledAdamWKernel(wide), { ...own.storage, gradientScale }, params, workgroups);
    else gpu.dispatch(adamWKernel({ groups: 1, wide }), own.storage, params, workgroups);
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
  const wide = isWide(parameters.map(({ parameter }) => parameter));
  for (const run of dispatchesOf(gpu, windows, ADAMW_MOST, ({ count }) => count)) {
    const { storage, params, count } = sideBySide(run, wide ? 4 : 1);
    const kernel = adamWKernel({ groups: run.length, wide });
    gpu.dispatch(kernel, storage, { ...params, ...constants }, pointwiseGrid(count));
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
    ...[true, false].flatMap((wide) => [
      ...[1, 2, 3, SGD_MOST].map((groups) => sgdKernel({ groups, wide })),
      ...[1, ADAMW_MOST].map((groups) => adamWKernel({ groups, wide })),
      scaledAdamWKernel(wide),
    ]),
    ...[true, false].flatMap((wide) =>
      [1, 2, GROUPED_SGD_MOST].map((groups) => groupedSgdKernel({ groups, wide })),
    ),
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
const [SGD_MOST, GROUPED_SGD_MOST, ADAMW_MOST] = [4, 3, 2];

/** A kernel for some groups of tensors, of single elements or of four at a time. */
interface Side {
  readonly groups: number;
  readonly wide: boolean;
}

const adamWKernel = memoizeKernel(({ groups, wide }: Side) =>
  defineSideBySide({
    label: `optimizer.adamw${wide ? '.vec4' : ''}`,
    groups,
    storage: adamWStorage(wide),
    params: ADAMW_PARAMS,
    body: (names) => adamWBody(names, `${names.gradient}[j]`),
  }),
);

const scaledAdamWKernel = memoizeKernel((wide: boolean) =>
  defineSideBySide({
    label: `optimizer.adamw.scaled${wide ? '.vec4' : ''}`,
    groups: 1,
    storage: adamWStorage(wide),
    shared: { gradientScale: 'f32' },
    params: ADAMW_PARAMS,
    body: (names) => adamWBody(names, `${names.gradient}[j] * gradientScale[0]`),
  }),
);

function adamWStorage(wide: boolean) {
  const element = wide ? 'vec4<f32>' : 'f32';
  return {
    gradient: element,
    parameter: `&${element}`,
    firstMoment: `&${element}`,
    secondMoment: `&${element}`,
  } as const;
}

function adamWBody(
  { parameter, firstMoment, secondMoment }: Readonly<Record<keyof AdamWParameter, string>>,
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

function sgdStorage(wide: boolean) {
  return wide
    ? ({ gradient: 'vec4<f32>', parameter: '&vec4<f32>' } as const)
    : ({ gradient: 'f32', parameter: '&f32' } as const);
}

const sgdKernel = memoizeKernel(({ groups, wide }: Side) =>
  defineSideBySide({
    label: `optimizer.sgd${wide ? '.vec4' : ''}`,
    groups,
    storage: sgdStorage(wide),
    params: { scale: 'f32' },
    body: ({ gradient, parameter }) => `${parameter}[j] += params.scale * ${gradient}[j];`,
  }),
);

const groupedSgdKernel = memoizeKernel(({ groups, wide }: Side) =>
  defineSideBySide<'gradient' | 'parameter', string>({
    label: `optimizer.grouped-sgd${wide ? '.vec4' : ''}`,
    groups,
    shared: { learningRates: 'f32' },
    storage: sgdStorage(wide),
    params: Object.fromEntries(Array.from({ length: groups }, (_, i) => [`length${i}`, 'u32'])),
    body: ({ gradient, parameter }, i) =>
      `${parameter}[j] += -learningRates[j / params.length${i}] * ${gradient}[j];`,
  }),
);

const CLIP_SCALE = definePointwise({
  label: 'optimizer.clip-scale',
  storage: { squaredNorm: 'f32', out: '&f32' },
  params: { maxNorm: 'f32' },
  body: 'out[i] = min(1.0, params.maxNorm / (sqrt(squaredNorm[i]) + 1e-6));',
});
