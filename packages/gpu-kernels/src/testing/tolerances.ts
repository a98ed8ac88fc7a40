import type { Tolerance } from './closeness.ts';

interface Reasoned extends Tolerance {
  readonly reason: string;
}

type DataType = 'f32';

/**
 * What each op may differ from its float64 reference, for operands of order 1, by the type it is stored in. Half a unit
 * in the last place of float32 is u = 6·10⁻⁸ relative. The operands are float32 values, so that only arithmetic counts.
 */
export const tolerances = {
  'finite-differences': {
    f32: {
      absolute: 1e-8,
      relative: 1e-7,
      reason: 'float64 against float64: central differences with step 10⁻⁵',
    },
  },
  elementwise: { f32: { absolute: 3e-7, relative: 2e-7, reason: 'two or three roundings' } },
  roundToHalf: {
    f32: {
      absolute: 2 ** -14,
      relative: 2 ** -10,
      reason: 'either float16 neighbour; tiny numbers may become 0',
    },
  },
  sum: {
    f32: {
      absolute: 2e-6,
      relative: 1e-6,
      reason: 'chunks of up to 64 terms in turn; scale = sqrt(terms), the size of partial sums',
    },
  },
  activation: {
    f32: { absolute: 3e-7, relative: 3e-7, reason: 'erf within 2·10⁻⁷; WGSL gives exp 3 + 2|x| units' },
  },
  'activation-derivative': {
    f32: { absolute: 1e-6, relative: 1e-6, reason: 'as activation, times gradients of the output up to 4' },
  },
  'layer-norm': {
    f32: {
      absolute: 2e-6,
      relative: 2e-6,
      reason: 'roundings of the mean and of x - mean; scale = |x| / deviation',
    },
  },
  adamw: { f32: { absolute: 1e-6, relative: 1e-6, reason: 'about ten roundings in each of five steps' } },
  matmul: {
    f32: {
      absolute: 1e-6,
      relative: 1e-6,
      reason: 'terms added in turn; scale = sqrt(depth), the size of partial sums',
    },
  },
  attention: {
    f32: {
      absolute: 3e-6,
      relative: 3e-6,
      reason: 'exp of WGSL in the running softmax over up to 150 keys; scale = largest logit',
    },
  },
  'cross-entropy': {
    f32: {
      absolute: 2e-6,
      relative: 1e-6,
      reason: 'exp and log of WGSL, then x - logSumExp; scale = |logit|',
    },
  },
  // From here on: float32 against float64 through the whole model, or the whole experiment.
  'run-metric': {
    f32: {
      absolute: 1e-4,
      relative: 0,
      reason:
        'similarities lie in [-1, 1]; differences of up to 7·10⁻⁶ were measured, ten times that is allowed for',
    },
  },
  'run-activation': {
    f32: { absolute: 5e-5, relative: 0, reason: 'h and m; up to 4·10⁻⁶ was measured' },
  },
  'run-relative': {
    f32: {
      absolute: 0,
      relative: 5e-5,
      reason: 'losses, log-probabilities and gradient norms; up to 3·10⁻⁶ was measured',
    },
  },
  'run-rank': {
    f32: {
      absolute: 2e-3,
      relative: 0,
      reason:
        'ranks of tokens jump where two are nearly tied: in one of eight examples a pair of 140 tokens moves τ by 3·10⁻⁵, one of 100 recalled tokens the recall by 1.3·10⁻³; 2·10⁻¹⁶ was measured; a pair of demonstrations would move τ by more, and the nearest two differ by 2·10⁻⁴ of their size',
    },
  },
  browser: {
    f32: {
      absolute: 1e-4,
      relative: 1e-4,
      reason:
        'Chromium on its SwiftShader against Node on any adapter; on SwiftShader too the bits are the same, against lavapipe similarities differ by up to 2·10⁻⁵',
    },
  },
} as const satisfies Record<string, Partial<Record<DataType, Reasoned>>>;
