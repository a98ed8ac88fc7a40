import { mean } from '@icl-gd/metrics';
import { type Estimate, estimate } from './example-scores.ts';

type Row = Readonly<Record<string, string>>;

/**
 * Mean over training steps of log₁₀(LCGD's gradient norm / GD's), norms averaged over layers, of the trained model;
 * its interval is over seeds and steps. Steps where a norm is zero are left out.
 * @param rows of training.csv or training_released.csv
 * @param shift added to every logarithm
 */
export function logNormRatio(rows: readonly Row[], dataset: string, shift: number): Estimate {
  const norms = new Map<string, number[]>();
  const steps = new Set<string>();
  const seeds = new Set<string>();
  for (const row of rows) {
    if (row['variant'] !== 'trained' || row['dataset'] !== dataset) continue;
    const { method = '', seed = '', step = '', gradient_norm: norm = '' } = row;
    if (norm === '') continue;
    seeds.add(seed);
    steps.add(step);
    const key = JSON.stringify([method, seed, step]);
    norms.set(key, [...(norms.get(key) ?? []), Number(norm)]);
  }
  const ofStep = (method: string, seed: string, step: string): number =>
    mean(norms.get(JSON.stringify([method, seed, step])) ?? []) ?? 0;
  return estimate(
    [...seeds].map((seed) =>
      [...steps].map((step) => {
        const [gd, lcgd] = [ofStep('GD', seed, step), ofStep('LCGD', seed, step)];
        return gd > 0 && lcgd > 0 ? Math.log10(lcgd / gd) + shift : null;
      }),
    ),
  );
}
