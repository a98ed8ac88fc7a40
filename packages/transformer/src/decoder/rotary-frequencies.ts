import type { PositionConfig, RotaryRescaling } from '../config.ts';

type Rotary = Extract<PositionConfig, { kind: 'rotary' }>;

/**
 * Frequencies of the rotated pairs, theta^(−2i / size) or rescaled, and what rotated vectors are multiplied by.
 * @returns frequencies in radians a token, [size / 2]
 */
export function rotaryFrequencies({ size, theta, rescaling }: Rotary): {
  frequencies: readonly number[];
  amplitude: number;
} {
  const plain = Array.from({ length: size / 2 }, (_, i) => theta ** ((-2 * i) / size));
  if (!rescaling) return { frequencies: plain, amplitude: 1 };
  if (rescaling.kind === 'linear')
    return { frequencies: plain.map((frequency) => frequency / rescaling.factor), amplitude: 1 };
  if (rescaling.kind === 'llama3')
    return { frequencies: plain.map((frequency) => llama3Frequency(frequency, rescaling)), amplitude: 1 };
  const share = yarnInterpolation(size, theta, rescaling);
  return {
    frequencies: plain.map((frequency, i) => {
      const interpolated = share(i);
      return frequency * (1 - interpolated + interpolated / rescaling.factor);
    }),
    amplitude: rescaling.amplitude,
  };
}

/** Waves longer than the original context's low bound are stretched, shorter ones than its high bound kept, between them a mix. */
function llama3Frequency(
  frequency: number,
  {
    factor,
    originalContext,
    lowFrequencyFactor: low,
    highFrequencyFactor: high,
  }: Extract<RotaryRescaling, { kind: 'llama3' }>,
): number {
  const waves = (originalContext * frequency) / (2 * Math.PI);
  if (waves < low) return frequency / factor;
  if (waves > high) return frequency;
  const kept = (waves - low) / (high - low);
  return frequency * (kept + (1 - kept) / factor);
}

/** YaRN (Peng et al. 2023): the share of each pair's frequency that is interpolated, a ramp over the pairs. */
function yarnInterpolation(
  size: number,
  theta: number,
  { originalContext, betaFast, betaSlow, truncate }: Extract<RotaryRescaling, { kind: 'yarn' }>,
): (pair: number) => number {
  const pairOf = (rotations: number): number =>
    (size * Math.log(originalContext / (rotations * 2 * Math.PI))) / (2 * Math.log(theta));
  const [fast, slow] = [pairOf(betaFast), pairOf(betaSlow)];
  const low = Math.max(truncate ? Math.floor(fast) : fast, 0);
  const high = Math.min(truncate ? Math.ceil(slow) : slow, size - 1);
  const width = high === low ? 0.001 : high - low;
  return (pair) => Math.min(Math.max((pair - low) / width, 0), 1);
}
