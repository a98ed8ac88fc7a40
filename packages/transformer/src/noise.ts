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
  for (const { name } of parameterSpecs(config)) {
    if (!inGroup(name, group)) continue;
    signal?.throwIfAborted();
    const target = changed.parameters.get(name);
    const before = await gpu.read(base.parameters.get(name));
    const after = await gpu.read(target);
    const change = norm(after.map((value, i) => value - (before[i] as number)));
    if (change === 0) continue;
    const noise = Float64Array.from(before, () => random.normal());
    const scale = change / norm(noise);
    gpu.write(
      target,
      before.map((value, i) => value + scale * (noise[i] as number)),
    );
  }
}

function norm(values: Float32Array | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}
