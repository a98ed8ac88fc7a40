import type { ActivationKind } from './functions.ts';

/** f(x) of one element, in float64. */
export function activationReference(kind: ActivationKind, x: number): number {
  switch (kind) {
    case 'gelu':
      return x * normalCdf(x);
    case 'gelu_tanh':
      return x * sigmoid(2 * tanhArgument(x));
    case 'relu':
      return Math.max(x, 0);
    case 'silu':
      return x * sigmoid(x);
  }
}

/** f'(x) of one element, in float64. */
export function activationDerivativeReference(kind: ActivationKind, x: number): number {
  switch (kind) {
    case 'gelu':
      return normalCdf(x) + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
    case 'gelu_tanh': {
      const u = tanhArgument(x);
      const slope = Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
      return sigmoid(2 * u) + 2 * x * slope * sigmoidSlope(2 * u);
    }
    case 'relu':
      return x > 0 ? 1 : 0;
    case 'silu':
      return sigmoid(x) + x * sigmoidSlope(x);
  }
}

function tanhArgument(x: number): number {
  return Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);
}

function sigmoid(v: number): number {
  const e = Math.exp(-Math.abs(v));
  return (v >= 0 ? 1 : e) / (1 + e);
}

function sigmoidSlope(v: number): number {
  const e = Math.exp(-Math.abs(v));
  return e / (1 + e) ** 2;
}

/** Phi(x) to nearly all digits: Taylor's series near zero, Laplace's continued fraction in the tails. */
function normalCdf(x: number): number {
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (Math.abs(x) < 4) {
    let term = x;
    let sum = x;
    for (let k = 3; Math.abs(term) > 1e-18; k += 2) sum += term *= (x * x) / k;
    return 0.5 + density * sum;
  }
  let fraction = Math.abs(x);
  for (let k = 120; k >= 1; k--) fraction = Math.abs(x) + k / fraction;
  const tail = density / fraction;
  return x < 0 ? tail : 1 - tail;
}
