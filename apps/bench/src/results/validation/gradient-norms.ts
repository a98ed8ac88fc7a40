import { mean } from '@icl-gd/metrics';
import { type Estimate, estimate } from '../inference/estimate.ts';
import type { MeasuredCell } from '../measured.ts';

/** Gradient norms by definition (docs/deviations.md): [step][layer] of a cell. */
export const GRADIENT_NORMS = {
  kv: (cell: MeasuredCell) => cell.gradientNorms,
  released: (cell: MeasuredCell) => cell.releasedGradientNorms,
} as const;
export type GradientNormDefinition = keyof typeof GRADIENT_NORMS;

/** log₁₀(LCGD's gradient norm / GD's) of the trained model. */
export interface NormRatio {
  /** Mean over the layers where it is defined. */
  readonly overall: Estimate;
  readonly layers: readonly Estimate[];
}

/**
 * Compares norms layer by layer: of each seed the mean over its training steps. The steps of one trajectory depend on each other and the
 * layers of one model are not drawn from anything, so that seeds alone are units: no interval with a single one.
 */
export function logNormRatio(
  cells: readonly MeasuredCell[],
  definition: GradientNormDefinition,
  dataset: string,
): NormRatio {
  const own = cells.filter(
    (cell) =>
      cell.variant === 'trained' && cell.dataset === dataset && GRADIENT_NORMS[definition](cell).length > 0,
  );
  const meansOf = (method: string): Map<string, (number | null)[]> =>
    new Map(
      own.flatMap((cell) =>
        cell.method === method ? [[seedOf(cell), layerMeans(GRADIENT_NORMS[definition](cell))]] : [],
      ),
    );
  const [gd, lcgd] = [meansOf('GD'), meansOf('LCGD')];
  /** [seed][layer] */
  const ratios = [...gd.keys()].flatMap((seed) => {
    const other = lcgd.get(seed);
    return other ? [(gd.get(seed) ?? []).map((norm, layer) => logRatio(other[layer], norm))] : [];
  });
  const layers = ratios.reduce((most, { length }) => Math.max(most, length), 0);
  return {
    overall: estimate(ratios.map((row) => [mean(row.filter((ratio) => ratio !== null))])),
    layers: Array.from({ length: layers }, (_, layer) => estimate(ratios.map((row) => [row[layer] ?? null]))),
  };
}

function logRatio(lcgd: number | null | undefined, gd: number | null): number | null {
  return lcgd && gd ? Math.log10(lcgd / gd) : null;
}

/** Mean over steps; null where there is none above zero. */
function layerMeans(norms: readonly (readonly number[])[]): (number | null)[] {
  return (norms[0] ?? []).map((_, layer) =>
    mean(norms.flatMap((step) => (Number.isFinite(step[layer]) ? [step[layer] as number] : []))),
  );
}

function seedOf({ seed, permutation }: MeasuredCell): string {
  return `${seed}/${permutation}`;
}
