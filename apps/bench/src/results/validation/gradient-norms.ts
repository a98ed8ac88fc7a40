import { mean } from '@icl-gd/metrics';
import type { MeasuredCell } from '../measured.ts';
import { type Estimate, estimate } from './example-scores.ts';

/** Gradient norms by definition (docs/deviations.md): [step][layer] of a cell. */
export const GRADIENT_NORMS = {
  kv: (cell: MeasuredCell) => cell.gradientNorms,
  released: (cell: MeasuredCell) => cell.releasedGradientNorms,
} as const;
export type GradientNormDefinition = keyof typeof GRADIENT_NORMS;

/**
 * Mean over training steps of log₁₀(LCGD's gradient norm / GD's), norms averaged over layers, of the trained model;
 * its interval is over seeds and steps. Steps where a norm is zero are left out.
 * @param shift added to every logarithm
 */
export function logNormRatio(
  cells: readonly MeasuredCell[],
  definition: GradientNormDefinition,
  dataset: string,
  shift: number,
): Estimate {
  const own = cells.filter(
    (cell) =>
      cell.variant === 'trained' && cell.dataset === dataset && GRADIENT_NORMS[definition](cell).length > 0,
  );
  const seeds = new Set(own.map(seedOf));
  const steps = own.reduce((most, cell) => Math.max(most, GRADIENT_NORMS[definition](cell).length), 0);
  const byMethod = new Map(
    own.map((cell) => [`${cell.method} ${seedOf(cell)}`, GRADIENT_NORMS[definition](cell)]),
  );
  const ofStep = (method: string, seed: string, step: number): number => {
    const norms = byMethod.get(`${method} ${seed}`)?.[step] ?? [];
    return mean(norms.filter((norm) => !Number.isNaN(norm))) ?? 0;
  };
  return estimate(
    [...seeds].map((seed) =>
      Array.from({ length: steps }, (_, step) => {
        const [gd, lcgd] = [ofStep('GD', seed, step), ofStep('LCGD', seed, step)];
        return gd > 0 && lcgd > 0 ? Math.log10(lcgd / gd) + shift : null;
      }),
    ),
  );
}

function seedOf({ seed, permutation }: MeasuredCell): string {
  return `${seed}/${permutation}`;
}
