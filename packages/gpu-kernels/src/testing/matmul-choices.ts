import { chooseTile, singleTiles } from '../kernels/matmul/subgroup-tile.ts';
import { QUAD } from '../kernels/quad.ts';
import type { Gpu } from '../runtime/gpu.ts';
import {
  type MatmulLayout,
  type MatmulTuning,
  type RegisterMatmul,
  TUNINGS,
  type Tuning,
} from '../runtime/tuning.ts';

/** Which operands of a product consist of whole vec4s. */
export interface Vectors {
  readonly a: boolean;
  readonly b: boolean;
  readonly c: boolean;
}

export const ALL_VECTORS: Vectors = { a: true, b: true, c: true };
export const NO_VECTORS: Vectors = { a: false, b: false, c: false };

/** A matmul kernel's tile, alone to choose from. */
export interface Choice {
  readonly matmul: MatmulTuning;
  /** Rows and columns of C that a workgroup computes. */
  readonly rows: number;
  readonly columns: number;
}

/** Whether a kernel, or what it is chosen by, may run on this device. */
export function isLegal(gpu: Gpu, { subgroupSize }: { readonly subgroupSize?: number | undefined }): boolean {
  return subgroupSize === undefined || subgroupSize === gpu.tuning.subgroupSize;
}

/** Every tile of every tuning that this device can run, by name, but for those of GPUs: tiled.test.ts tests these. */
export function matmulChoices(gpu: Gpu, layout: MatmulLayout): Map<string, Choice> {
  const register = (matmul: RegisterMatmul): [string, Choice] => {
    const { rows, columns, workgroup } = matmul.tile;
    const vectors = matmul.vectorsAlongK ? ', vectors along k' : '';
    const choice = { matmul, rows: rows * workgroup[1], columns: columns * workgroup[0] };
    return [`${layout} ${matmul.strategy}${vectors}`, choice];
  };
  const all = Object.values<Tuning>(TUNINGS).flatMap(({ matmul }): [string, Choice][] => {
    if (matmul.strategy === 'tiled') return [];
    if (matmul.strategy === 'register') return [register(matmul)];
    const singles = (isLegal(gpu, matmul) ? singleTiles(matmul, layout) : []).map(
      (single): [string, Choice] => {
        const { rows, columns } = chooseTile(single, layout, [1, 1, 1]);
        const choice = { matmul: single, rows, columns: columns * matmul.subgroupSize };
        return [`${layout} subgroup ${rows}x${choice.columns}`, choice];
      },
    );
    return [...singles, register(matmul.otherwise)];
  });
  return new Map(all);
}

/** Those combinations for which a choice has kernels of its own; the others go to the register kernel. */
export function vectorsOf({ matmul }: Choice, layout: MatmulLayout): Vectors[] {
  const all = { ...ALL_VECTORS, a: layout !== 'NN' };
  if (matmul.strategy === 'register') return [NO_VECTORS, all];
  if (layout === 'NT') return [all, { ...all, c: false }];
  if (layout === 'TN' || matmul.strategy !== 'subgroup') return [all];
  if (matmul.subgroupSize === QUAD) return [all, ALL_VECTORS];
  return [matmul.tiles.NN[0]?.vectorA ? ALL_VECTORS : all, NO_VECTORS];
}
