import type { LongRunning } from './long-running.ts';
import type { Model } from './model.ts';
import { type ParameterGroup, inGroup, parameterSpecs } from './parameters.ts';
import type { Pcg64 } from './random/pcg64.ts';

/**
 * Puts Gaussian noise in the place of a change of parameters: each parameter of the group, weights and biases each for itself,
 * becomes that of `base` plus noise with the Frobenius norm that the change had.
 * @param base as it was before the change
 * @param changed has copies of the group, which are overwritten
 * @param random draws for the parameters in the order of `parameterSpecs`, row-major; no draw where nothing has changed
 * @throws the signal's reason if it is aborted
 */
export async function replaceChangeByNoise(
  base: Model,
  changed: Model,
  group: ParameterGroup,
  random: Pick<Pcg64, 'normal'>,
  { signal }: Pick<LongRunning, 'signal'> = {},
): Promise<void> {
  const { gpu, config } = base;
  const names = parameterSpecs(config).flatMap(({ name }) => (inGroup(name, group) ? [name] : []));
  for (const together of readTogether(names, (name) => changed.parameters.get(name).byteLength)) {
    signal?.throwIfAborted();
    const values = await gpu.readAll(
      [base, changed].flatMap(({ parameters }) => together.map((name) => ({ tensor: parameters.get(name) }))),
    );
    for (const [i, name] of together.entries()) {
      const [before, after] = [values[i] as Float32Array, values[together.length + i] as Float32Array];
      const change = norm(after.map((value, at) => value - (before[at] as number)));
      if (change === 0) continue;
      const noise = Float64Array.from(before, () => random.normal());
      const scale = change / norm(noise);
      gpu.write(
        changed.parameters.get(name),
        before.map((value, at) => value + scale * (noise[at] as number)),
      );
    }
  }
}

/** Bytes of parameters that are waited for at once: of small ones each would take as long as all. */
const READ_BYTES = 2 ** 20;

/** Names in runs of no more than these bytes, or of one. */
function readTogether(names: readonly string[], bytesOf: (name: string) => number): string[][] {
  const runs: string[][] = [];
  let bytes = Infinity;
  for (const name of names) {
    const own = bytesOf(name);
    if (bytes + own > READ_BYTES) {
      runs.push([]);
      bytes = 0;
    }
    runs.at(-1)?.push(name);
    bytes += own;
  }
  return runs;
}

function norm(values: Float32Array | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}
