/**
 * What a product is for, where kernels differ by it: `training` steps have few rows, and sums over k may be cut into
 * chunks; `probing` has many.
 */
export type MatmulRegime = 'training' | 'probing';

/** What a workgroup computes of C from operands that it stages in workgroup memory. */
export interface StagedTile {
  /** Rows of C: a multiple of 8 times those of an invocation. */
  readonly rows: number;
  /** Columns of C: a multiple of 8 times those of an invocation. */
  readonly columns: number;
  /** Rows and columns of C that an invocation computes, each 4 or 8. */
  readonly perInvocation: readonly [4 | 8, 4 | 8];
}

/** A tile with what its choice depends on. */
export interface WideTile extends StagedTile {
  /** It is chosen for this many columns of C and more; 0 if absent. */
  readonly minColumns?: number;
}

/** How few rows by large matrices are multiplied where k is cut into chunks. */
export interface SkinnyMatmul {
  readonly tile: StagedTile;
  /** Workgroups that keep the device busy: no more chunks than that, and none where there are as many without. */
  readonly workgroups: number;
  /** Fewest steps of k in a chunk: a multiple of 16. */
  readonly minChunk: number;
  readonly maxChunks: number;
}

/** Operands staged in workgroup memory, the next slab on its way while one is multiplied. */
export interface TiledMatmul {
  readonly strategy: 'tiled';
  /** In the order of preference; the last takes all. */
  readonly tiles: readonly WideTile[];
  /** For products of training steps. */
  readonly training: SkinnyMatmul;
}

const [WIDE, HALF, MIDDLE, NARROW] = [
  { rows: 128, columns: 128, perInvocation: [8, 8] },
  { rows: 128, columns: 64, perInvocation: [8, 8] },
  { rows: 64, columns: 64, perInvocation: [8, 8] },
  { rows: 32, columns: 32, perInvocation: [4, 4] },
] as const satisfies StagedTile[];

const SMALL: readonly WideTile[] = [{ ...MIDDLE, minColumns: 64 }, NARROW];

/** 512 workgroups of two subgroups are in flight at once on 132 multiprocessors. */
const SKINNY: SkinnyMatmul = {
  tile: { rows: 32, columns: 64, perInvocation: [4, 8] },
  workgroups: 512,
  minChunk: 128,
  maxChunks: 16,
};

/**
 * By the vendor of a GPU. Nothing of it was measured: it follows from how many registers and how much workgroup memory
 * there is for an invocation, and waits for the first who measures (docs/benchmarks.md, "Predicted, not measured").
 *
 * - NVIDIA: 65,536 registers and up to 228 KiB a multiprocessor hold two workgroups of 128 x 128 (256 invocations of
 *   about 120 registers, 32 KiB), whose 64 multiply-adds a step take as long as their four loads of workgroup memory.
 *   Narrower matrices would leave multiprocessors without work.
 * - AMD: 256 registers an invocation, 64 KiB for two compute units: four workgroups of 24 KiB do not fit beside each
 *   other, two do.
 * - Apple: 32 KiB of workgroup memory in all, so that only tiles of 16 KiB leave room for a second workgroup, which
 *   hides what the first waits for.
 * - Intel: 128 registers of eight or sixteen lanes; larger tiles spill, and its smaller parts have few cores to fill.
 * - Others: a tile of 64 x 64 keeps to WebGPU's default limit of workgroup memory, 16 KiB.
 */
export const TILED_MATMULS = {
  nvidia: {
    strategy: 'tiled',
    tiles: [{ ...WIDE, minColumns: 1024 }, { ...HALF, minColumns: 256 }, ...SMALL],
    training: SKINNY,
  },
  amd: {
    strategy: 'tiled',
    tiles: [{ ...HALF, minColumns: 256 }, ...SMALL],
    training: SKINNY,
  },
  apple: { strategy: 'tiled', tiles: SMALL, training: { ...SKINNY, workgroups: 128 } },
  intel: { strategy: 'tiled', tiles: SMALL, training: { ...SKINNY, workgroups: 128 } },
  hardware: { strategy: 'tiled', tiles: SMALL, training: { ...SKINNY, workgroups: 128 } },
} as const satisfies Readonly<Record<string, TiledMatmul>>;

/** Steps of k that are staged at a time. */
export const SLAB_DEPTH = 16;

/** Bytes of workgroup memory that a tile takes: two slabs of each operand. */
function stagedBytes({ rows, columns }: StagedTile): number {
  return 2 * SLAB_DEPTH * (rows + columns) * 4;
}

/** The choices without tiles that need more workgroup memory than a device gives; WebGPU's default of 16 KiB leaves some. */
export function withinWorkgroupMemory(tuning: TiledMatmul, bytes: number): TiledMatmul {
  return { ...tuning, tiles: tuning.tiles.filter((tile) => stagedBytes(tile) <= bytes) };
}
