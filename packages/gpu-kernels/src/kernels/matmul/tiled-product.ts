import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, grid } from '../../runtime/kernel.ts';
import type { Operand, Tensor } from '../../runtime/tensor.ts';
import {
  type MatmulRegime,
  type SkinnyMatmul,
  type StagedTile,
  type TiledMatmul,
  SLAB_DEPTH,
} from '../../runtime/tiled-tuning.ts';
import { type BoundMatrix, type Matrix, bindMatrix, inVectors, matrix } from './matrix.ts';
import { FINISHES, type Finish, type FinishText, finishLabel, finishStorage, textOf } from './finish.ts';
import { PARTIAL_SUMS, PARTIAL_SUMS_PER_WORKGROUP, partialSums } from './partial-sums.ts';
import { MAX_CHUNKS } from './product-parts.ts';
import { type TiledKernel, type TiledVariant, type VectorAccess, tiledMatmul } from './tiled.ts';
import type { MatmulVariant } from './variant.ts';

/** A product whose operands fit their bindings. */
export interface TiledProduct extends Pick<MatmulVariant, 'transposeA' | 'transposeB'> {
  readonly a: Matrix;
  readonly b: Matrix;
  readonly c: Matrix;
  readonly bias: Tensor | undefined;
  /** Element of the bias that belongs to column 0. */
  readonly biasOffset: number;
  readonly accumulate: boolean;
  readonly regime: MatmulRegime;
}

/**
 * Every kernel that products may run under a tuning.
 * @param options the products, in all layouts
 */
export function stagedKernels(
  { tiles, training }: TiledMatmul,
  options: readonly Omit<MatmulVariant, 'transposeA' | 'transposeB'>[],
): Kernel[] {
  const layouts = [
    { transposeA: false, transposeB: false },
    { transposeA: false, transposeB: true },
    { transposeA: true, transposeB: false },
  ];
  const variants = layouts.flatMap((transposes) =>
    options.flatMap((own) =>
      accessesOf({ ...transposes, ...own }).map((access) => ({ ...transposes, ...own, access })),
    ),
  );
  const kernels = variants.flatMap((variant) => [
    ...tiles.map((tile) => tiledMatmul({ ...variant, tile: plainTile(tile), chunked: false })),
    ...(variant.transposeA
      ? []
      : [undefined, ...finishesOf(variant)].map((finish) =>
          tiledMatmul({
            ...{ ...variant, tile: plainTile(training.tile), chunked: true },
            ...(finish ? { finish } : {}),
          }),
        )),
  ]);
  return [
    ...new Set<Kernel>([
      ...kernels,
      ...(options.some(({ grouped }) => grouped)
        ? []
        : [PARTIAL_SUMS, ...FINISHES.map((finish) => partialSums({ finish }))]),
    ]),
  ];
}

/** An activation and a sum are of what a layer makes, gradients of activations are of what a layer reads. */
function finishesOf(variant: Pick<TiledVariant, 'transposeB' | 'grouped' | 'access'>): FinishText[] {
  if (variant.grouped || variant.access !== 'all') return [];
  return FINISHES.filter(({ type }) => (type === 'activation' || type === 'sum') === variant.transposeB);
}

/**
 * The kernel of a grouped product, which sums in the order of {@link recordTiled}: one workgroup all chunks of its tile.
 * @param whole which operands consist of whole vec4s
 * @param shape n and k
 */
export function groupedStagedKernel(
  tuning: TiledMatmul,
  { regime, ...variant }: MatmulVariant & { readonly regime: MatmulRegime },
  whole: Readonly<Record<'a' | 'b' | 'c', boolean>>,
  [n, k]: readonly [number, number],
): { kernel: TiledKernel; rows: number; columns: number; params: Readonly<Record<string, number>> } {
  const chunked = regime === 'training' && !variant.transposeA;
  const tile = chunked ? plainTile(tuning.training.tile) : tileFor(tuning, n);
  const kernel = tiledMatmul({ ...variant, tile, access: accessOf(variant, whole), chunked });
  const chunkSlabs = chunkOf(tuning.training, n, k) / SLAB_DEPTH;
  return { kernel, rows: tile.rows, columns: tile.columns, params: { chunkSlabs, groupSlabs: 0 } };
}

/**
 * Records a product. In training k is cut into chunks, but for a transposed A, whose C is as large as a weight: how
 * many there are depends on n and k alone, as do sums. Whether a workgroup sums all chunks or one each, to be added up
 * by a dispatch of its own, depends on how many workgroups there are, and does not change a bit.
 * @returns whether `finish` is done, in the dispatch that stores C
 */
export function recordTiled(gpu: Gpu, tuning: TiledMatmul, product: TiledProduct, finish?: Finish): boolean {
  const { a, c, transposeA, regime } = product;
  const k = transposeA ? a.rows : a.columns;
  const n = c.columns;
  const whole = Math.ceil(k / SLAB_DEPTH);
  if (transposeA || regime === 'probing') {
    const tile = tileFor(tuning, n);
    dispatchTiles(gpu, product, { tile, chunked: false, chunkSlabs: whole, groupSlabs: whole });
    return false;
  }
  const { tile } = tuning.training;
  const { chunkSlabs, parts } = chunksOf(tuning, product);
  if (parts === 1)
    return dispatchTiles(gpu, product, { tile, chunked: true, chunkSlabs, groupSlabs: whole }, { finish });
  const partial = recordParts(gpu, tuning, product);
  addParts(gpu, product, { partial, parts, finish });
  partial.dispose();
  return finish !== undefined;
}

/**
 * How k is cut in training, but for a transposed A.
 * @returns slabs of a chunk, and the parts of k that workgroups of their own sum: all chunks are one where there are
 *   workgroups enough
 */
export function chunksOf(
  { training }: TiledMatmul,
  { a, c }: Pick<TiledProduct, 'a' | 'c'>,
): { readonly chunkSlabs: number; readonly parts: number } {
  const { tile, workgroups } = training;
  const chunkSlabs = chunkOf(training, c.columns, a.columns) / SLAB_DEPTH;
  const parts = Math.ceil(Math.ceil(a.columns / SLAB_DEPTH) / chunkSlabs);
  return { chunkSlabs, parts: tilesOf(tile, c.rows, c.columns) * 2 > workgroups ? 1 : Math.max(parts, 1) };
}

/**
 * The sums over parts of k of a product, without its bias and what its C was, each by workgroups of its own.
 * @returns float32 [parts, m, n], the caller's
 */
export function recordParts(gpu: Gpu, tuning: TiledMatmul, product: TiledProduct): Tensor {
  const { rows: m, columns: n } = product.c;
  const { chunkSlabs, parts } = chunksOf(tuning, product);
  const partial = gpu.tensor([parts, m, n], { label: 'sums over chunks of k' });
  const c: Matrix = { ...matrix(partial), rows: m };
  dispatchTiles(
    gpu,
    { ...product, bias: undefined, accumulate: false, c },
    { tile: tuning.training.tile, chunked: true, chunkSlabs, groupSlabs: chunkSlabs },
    { parts },
  );
  return partial;
}

/** Steps of k in a chunk: as many chunks as fill the device with the tiles of one row of C, within limits. */
export function chunkOf(
  { tile, workgroups, minChunk, maxChunks }: SkinnyMatmul,
  n: number,
  k: number,
): number {
  const chunks = Math.min(
    maxChunks,
    MAX_CHUNKS,
    Math.max(1, Math.round(workgroups / Math.ceil(n / tile.columns))),
  );
  return Math.max(minChunk, Math.ceil(k / chunks / SLAB_DEPTH) * SLAB_DEPTH);
}

function tileFor({ tiles: all }: TiledMatmul, n: number): StagedTile {
  const chosen = all.find(({ minColumns = 0 }) => n >= minColumns) ?? all.at(-1);
  if (chosen === undefined) throw new RangeError('a tuning without tiles');
  return plainTile(chosen);
}

/** A tile without what its choice depends on, which is no part of a kernel. */
export function plainTile({ rows, columns, perInvocation }: StagedTile): StagedTile {
  return { rows, columns, perInvocation };
}

export function tilesOf({ rows, columns }: StagedTile, m: number, n: number): number {
  return Math.ceil(m / rows) * Math.ceil(n / columns);
}

function dispatchTiles(
  gpu: Gpu,
  product: TiledProduct,
  {
    groupSlabs,
    chunkSlabs,
    tile,
    chunked,
  }: Pick<TiledVariant, 'tile' | 'chunked'> & {
    readonly groupSlabs: number;
    readonly chunkSlabs: number;
  },
  { parts = 1, finish }: { readonly parts?: number; readonly finish?: Finish | undefined } = {},
): boolean {
  const { transposeA, transposeB, bias, biasOffset, accumulate } = product;
  const limit = gpu.maxBindingBytes;
  const [a, b, c] = [product.a, product.b, product.c].map((operand) => bindMatrix(operand, limit)) as [
    BoundMatrix,
    BoundMatrix,
    BoundMatrix,
  ];
  const k = transposeA ? product.a.rows : product.a.columns;
  const { rows: m, columns: n } = product.c;
  const dtypeB = product.b.tensor.dtype === 'float16' ? 'float16' : 'float32';
  const access = accessOf(product, {
    a: inVectors(product.a, a.offset),
    b: inVectors(product.b, b.offset),
    c: inVectors(product.c, c.offset),
  });
  const label = finish && finishLabel(textOf(finish));
  const text = finishesOf({ transposeB, access }).find((own) => finishLabel(own) === label);
  gpu.dispatch(
    tiledMatmul({ transposeA, transposeB, dtypeB, tile, access, chunked, ...(text ? { finish: text } : {}) }),
    {
      // Without a bias any readable buffer may stand in its place.
      ...{ a: a.operand, b: b.operand, bias: bias ?? a.operand, c: c.operand },
      ...(text && finish ? finishStorage(finish) : {}),
    } as Readonly<Record<'a' | 'b' | 'bias' | 'c', Operand>>,
    {
      ...{ m, n, k },
      aOffset: a.offset,
      aStride: product.a.stride,
      bOffset: b.offset,
      bStride: product.b.stride,
      cOffset: c.offset,
      cStride: product.c.stride,
      biasOffset,
      workgroupsPerRow: Math.ceil(n / tile.columns),
      useBias: Number(bias !== undefined),
      accumulate: Number(accumulate),
      chunkSlabs,
      groupSlabs,
    },
    grid(tilesOf(tile, m, n) * parts),
    2 * m * n * k,
  );
  return text !== undefined;
}

/** C = the sum of parts in their order, and what a product adds to it. */
export function addParts(
  gpu: Gpu,
  { c, bias, biasOffset, accumulate }: Pick<TiledProduct, 'c' | 'bias' | 'biasOffset' | 'accumulate'>,
  {
    partial,
    parts,
    finish,
  }: { readonly partial: Tensor; readonly parts: number; readonly finish: Finish | undefined },
): void {
  const target = bindMatrix(c, gpu.maxBindingBytes);
  gpu.dispatch(
    finish ? partialSums({ finish: textOf(finish) }) : PARTIAL_SUMS,
    { partial, bias: bias ?? partial, c: target.operand, ...(finish ? finishStorage(finish) : {}) },
    {
      ...{ m: c.rows, n: c.columns, parts, biasOffset },
      cOffset: target.offset,
      cStride: c.stride,
      useBias: Number(bias !== undefined),
      accumulate: Number(accumulate),
    },
    grid(Math.ceil((c.rows * c.columns) / PARTIAL_SUMS_PER_WORKGROUP)),
  );
}

type Layout = Pick<MatmulVariant, 'transposeA' | 'transposeB' | 'grouped'>;

/**
 * Those of a layout's kernels: logits of an odd vocabulary have a C without vec4s, their gradients an A; neither is a
 * grouped product.
 */
function accessesOf(layout: Layout): readonly VectorAccess[] {
  if (layout.grouped) return ['all', 'none'];
  return ['all', layout.transposeB ? 'not-c' : 'not-a', 'none'];
}

function accessOf(layout: Layout, whole: Readonly<Record<'a' | 'b' | 'c', boolean>>): VectorAccess {
  if (whole.a && whole.b && whole.c) return 'all';
  if (layout.grouped || !whole.b) return 'none';
  if (layout.transposeB) return whole.a ? 'not-c' : 'none';
  return whole.c ? 'not-a' : 'none';
}
