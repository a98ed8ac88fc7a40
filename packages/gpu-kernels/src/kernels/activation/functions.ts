/** `gelu` is exact (erf), `gelu_tanh` the tanh approximation that GPT-2 calls gelu_new (Hendrycks and Gimpel 2016, arXiv 1606.08415). */
export type ActivationKind = 'gelu' | 'gelu_tanh' | 'relu' | 'silu';

/** All kinds, for lists of kernels. */
export const ACTIVATION_KINDS: readonly ActivationKind[] = ['gelu', 'gelu_tanh', 'relu', 'silu'];

/**
 * The standard normal distribution function Phi(x) = (1 + erf(x/√2)) / 2, within 10⁻⁷ (so erf within 2·10⁻⁷).
 * Near zero an odd polynomial; beyond 1 the tail exp(-x²/2) t R(s) with t = 1 / (1 + 0.4 |x|) and s = 2.8 t - 1, which
 * keeps its relative accuracy where 1 + erf would cancel. Both polynomials are minimax fits (Lawson's iteration on
 * Chebyshev nodes against 30-digit values), in variables that keep Horner's scheme well conditioned in float32.
 */
const NORMAL_CDF = `
  fn normalCdf(x: f32) -> f32 {
    let v = x * x;
    let centre = x * (0.39894226 + v * (-0.06648962 + v * (0.009967386 + v * (-0.0011696537 + v * 9.438455e-5))));
    let t = 1.0 / (1.0 + 0.4 * abs(x));
    let s = 2.8 * t - 1.0;
    let high = 0.0013720357 + s * (-0.0015819917 + s * (-0.00021714977 + s * 0.00013033459));
    let r = 0.23744931 + s * (0.10216111 + s * (0.02689596 + s * high));
    let tail = exp(-0.5 * v) * t * r;
    return select(select(1.0 - tail, tail, x < 0.0), 0.5 + centre, abs(x) < 1.0);
  }
`;

/** The logistic function and its slope. The exponent is never positive, so nothing overflows. */
const SIGMOID = `
  fn sigmoid(v: f32) -> f32 {
    let e = exp(-abs(v));
    return select(e, 1.0, v >= 0.0) / (1.0 + e);
  }

  fn sigmoidSlope(v: f32) -> f32 {
    let e = exp(-abs(v));
    return e / ((1.0 + e) * (1.0 + e));
  }
`;

/** tanh-GELU as x sigmoid(2u), which does not cancel for negative x as 1 + tanh(u) does; 2u = x (a + b x²). */
const TWO_U = 'x * (1.5957691 + 0.07135481 * x * x)';

/** WGSL of a function of one float32. */
function define(name: string, body: string): string {
  return `
  fn ${name}(x: f32) -> f32 {
    ${body}
  }
`;
}

/** WGSL of `activation(x)` and `derivative(x)` for each kind, and of the functions that both call. */
export const ACTIVATION_WGSL: Readonly<
  Record<ActivationKind, { readonly helpers: string; readonly forward: string; readonly derivative: string }>
> = {
  gelu: {
    helpers: NORMAL_CDF,
    forward: define('activation', 'return x * normalCdf(x);'),
    derivative: define('derivative', 'return normalCdf(x) + x * 0.39894228 * exp(-0.5 * x * x);'),
  },
  gelu_tanh: {
    helpers: SIGMOID,
    forward: define('activation', `return x * sigmoid(${TWO_U});`),
    derivative: define(
      'derivative',
      `let v = ${TWO_U};
      return sigmoid(v) + x * (1.5957691 + 0.21406444 * x * x) * sigmoidSlope(v);`,
    ),
  },
  relu: {
    helpers: '',
    forward: define('activation', 'return max(x, 0.0);'),
    derivative: define('derivative', 'return select(0.0, 1.0, x > 0.0);'),
  },
  silu: {
    helpers: SIGMOID,
    forward: define('activation', 'return x * sigmoid(x);'),
    derivative: define('derivative', 'return sigmoid(x) + x * sigmoidSlope(x);'),
  },
};
