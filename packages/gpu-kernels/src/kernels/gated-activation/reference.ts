import { activationDerivativeReference, activationReference } from '../activation/reference.ts';
import type { ActivationKind } from '../activation/functions.ts';

/** f(gate) * up in float64, arrays of N elements. */
export function gatedActivationReference(
  kind: ActivationKind,
  gate: ArrayLike<number>,
  up: ArrayLike<number>,
): Float64Array {
  return Float64Array.from(gate, (x, i) => activationReference(kind, x) * (up[i] ?? NaN));
}

/** Gradients of {@link gatedActivationReference} for a given gradient of its output. */
export function gatedActivationBackwardReference(
  kind: ActivationKind,
  gate: ArrayLike<number>,
  up: ArrayLike<number>,
  gradOutput: ArrayLike<number>,
): { gradGate: Float64Array; gradUp: Float64Array } {
  return {
    gradGate: Float64Array.from(
      gate,
      (x, i) => (gradOutput[i] ?? NaN) * (up[i] ?? NaN) * activationDerivativeReference(kind, x),
    ),
    gradUp: Float64Array.from(gate, (x, i) => (gradOutput[i] ?? NaN) * activationReference(kind, x)),
  };
}
