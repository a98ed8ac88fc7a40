import { decodeFloat16, encodeFloat16 } from '@icl-gd/gpu-kernels';
import type { ParameterChange } from '@icl-gd/methods';
import { weightCosine } from '@icl-gd/metrics';
import type { LayerPrecision } from './training-record.ts';

/** ΔW of a layer's key and value parameters, by name. */
export type KeyValueChange = ReadonlyMap<string, Float32Array>;

const KEY_VALUE = /\.attention\.(?:key|value)\./;

/** What a learner changed of a layer's key and value weights and biases, kept in float32. */
export function keyValueChange(changes: readonly ParameterChange[]): KeyValueChange {
  return new Map(
    changes
      .filter(({ name }) => KEY_VALUE.test(name))
      .map(({ name, before, after }) => [name, after.map((value, i) => value - (before[i] as number))]),
  );
}

/** Cosine of two changes of the same layer; what one learner left alone counts as unchanged. */
export function changeCosine(a: KeyValueChange, b: KeyValueChange): number | null {
  const names = [...new Set([...a.keys(), ...b.keys()])].toSorted();
  const list = (own: KeyValueChange, other: KeyValueChange): Float32Array[] =>
    names.map((name) => own.get(name) ?? new Float32Array((other.get(name) as Float32Array).length));
  return weightCosine(list(a, b), list(b, a));
}

/**
 * What becomes of a layer's weight changes when the weights are rounded to float16, as by a trainer that keeps float32 copies
 * and runs the model in float16. Sums are in float64.
 */
export function precisionOf(changes: readonly ParameterChange[]): LayerPrecision {
  let [count, moved] = [0, 0];
  let [change, weights] = [0, 0];
  const rounded = { dot: 0, squares: 0 };
  const ofRounded = { dot: 0, squares: 0 };
  for (const { before, after } of changes) {
    const [from, to] = [before, after].map((values) => decodeFloat16(encodeFloat16(values))) as [
      Float32Array,
      Float32Array,
    ];
    count += before.length;
    for (let i = 0; i < before.length; i++) {
      const w = before[i] as number;
      const halfFrom = from[i] as number;
      const halfTo = to[i] as number;
      const delta = (after[i] as number) - w;
      if (halfTo !== halfFrom) moved++;
      change += delta * delta;
      weights += w * w;
      rounded.dot += delta * (halfTo - w);
      rounded.squares += (halfTo - w) ** 2;
      ofRounded.dot += delta * (halfTo - halfFrom);
      ofRounded.squares += (halfTo - halfFrom) ** 2;
    }
  }
  const cosine = ({ dot, squares }: typeof rounded): number | null => {
    const value = dot / (Math.sqrt(change) * Math.sqrt(squares));
    // A weight beyond float16 has no cosine either.
    return Number.isFinite(value) ? Math.max(-1, Math.min(1, value)) : null;
  };
  return {
    changed: count === 0 ? null : moved / count,
    cosine: cosine(rounded),
    cosineOfRounded: cosine(ofRounded),
    relativeSize: weights === 0 ? null : Math.sqrt(change) / Math.sqrt(weights),
  };
}
