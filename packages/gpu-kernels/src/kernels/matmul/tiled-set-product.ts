import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, grid } from '../../runtime/kernel.ts';
import type { Operand, Tensor } from '../../runtime/tensor.ts';
import { SLAB_DEPTH, type StagedTile, type TiledMatmul } from '../../runtime/tiled-tuning.ts';
import { type BoundProduct, flopOf, productParams } from './bound-product.ts';
import { PARTIAL_SUMS_PER_WORKGROUP, partialBinding, partialSetSums } from './partial-sums.ts';
import { ProductParts } from './product-parts.ts';
import { chunkOf, plainTile, tilesOf } from './tiled-product.ts';
import { invocationsOf } from './tiled.ts';
import {
  type ProductSet,
  type TiledSetVariant,
  tiledMatmulSet,
  tiledSetBinding,
  tiledSetStorage,
} from './tiled-set.ts';

/** Elements of the largest tile of a set: its products are small. */
const LARGEST_TILE = 64 * 64;

/** Every kernel of sets under a tuning. */
export function tiledSetKernels(tuning: TiledMatmul, sets: readonly ProductSet[]): Kernel[] {
  const kernels = sets.flatMap((set): Kernel<string, string>[] => {
    const { members, ...own } = { ...set, members: set.grouped.length };
    if (set.shared.includes('c'))
      return [tiledMatmulSet(inScratch(own, tuning)), partialSetSums({ members, summed: true })];
    if (set.transposeA)
      return smallTiles(tuning).map((tile) => tiledMatmulSet({ ...own, tile, chunked: false }));
    const chunked = tiledMatmulSet({ ...own, tile: plainTile(tuning.training.tile), chunked: true });
    if (set.grouped.includes(true)) return [chunked];
    return [
      chunked,
      tiledMatmulSet(inScratch(own, tuning)),
      partialSetSums({ members, summed: false }),
      ...smallTiles(tuning).map((tile) => tiledMatmulSet({ ...own, tile, chunked: false })),
    ];
  });
  return [...new Set(kernels)];
}

/** A set whose products' sums, or those of their chunks, go to one buffer, to be added up. */
function inScratch(set: ProductSet, { training }: TiledMatmul): TiledSetVariant {
  const shared = [...set.shared.filter((name) => name !== 'c'), 'c' as const];
  return { ...set, shared, bias: false, tile: plainTile(training.tile), chunked: true };
}

function smallTiles({ tiles }: TiledMatmul): StagedTile[] {
  const small = tiles.filter(({ rows, columns }) => rows * columns <= LARGEST_TILE);
  return (small.length > 0 ? small : tiles.slice(-1)).map(plainTile);
}

/** How a set is recorded. */
export interface SetPlan {
  /** In one dispatch, or in two where sums are added up: those of all chunks, or of products that are a sum. */
  readonly record: () => void;
  /** Whether that sums the products' columns, too. */
  readonly sumsColumns: boolean;
  /** Of products that are a sum, the first of those alone: C is not written. */
  readonly recordParts?: () => ProductParts;
  /** Of products whose k is cut and that are no sum: the parts of each. */
  readonly recordApart?: () => ApartParts;
}

/** A product among {@link ApartParts}. */
export interface ApartMember {
  /** Columns of a part. */
  readonly columns: number;
  readonly parts: number;
  /** Element at which the first begins. */
  readonly offset: number;
}

/** The parts of several products of as many rows, one product behind the other; to be disposed when they are read. */
export interface ApartParts extends Disposable {
  readonly tensor: Tensor;
  readonly members: readonly ApartMember[];
}

/**
 * How a set is recorded: its sums are added up by a second dispatch where k is cut for want of workgroups, or where the products
 * are a sum. Undefined where a device binds fewer buffers than that takes.
 */
export function planTiledSet(
  gpu: Gpu,
  tuning: TiledMatmul,
  set: ProductSet,
  products: readonly BoundProduct[],
): SetPlan | undefined {
  const regimes = products.map(({ product }) => product.regime ?? gpu.regime);
  const [regime] = regimes;
  const isWhole = products.every(({ vectors: { a, b, c } }) => a && b && c);
  if (!isWhole || regimes.some((other) => other !== regime)) return undefined;
  const summed = set.shared.includes('c');
  const sumsColumns = set.sums ?? false;
  const isGrouped = set.grouped.includes(true);
  const chunked = regime === 'training' && !set.transposeA;
  if (!chunked && (summed || (isGrouped && !set.transposeA))) return undefined;
  const tile = chunked ? plainTile(tuning.training.tile) : smallTile(tuning, products);
  const members = products.map((bound) => {
    const [m, n, k] = bound.shape;
    const whole = Math.ceil(k / SLAB_DEPTH);
    const chunkSlabs = chunked ? chunkOf(tuning.training, n, k) / SLAB_DEPTH : whole;
    return { bound, m: bound.product.c.rows, n, whole, chunkSlabs, tiles: tilesOf(tile, m, n) };
  });
  const tiles = members.reduce((sum, own) => sum + own.tiles, 0);
  const isSplit =
    chunked &&
    !isGrouped &&
    members.some(({ whole, chunkSlabs }) => whole > chunkSlabs) &&
    tiles * 2 <= tuning.training.workgroups;
  const variant = summed || isSplit ? inScratch(set, tuning) : { ...set, tile, chunked };
  const buffers = Object.keys(tiledSetStorage(variant)).length;
  if (buffers > gpu.device.limits.maxStorageBuffersPerShaderStage) return undefined;
  const planned = members.map((own): Member => {
    const parts = isSplit ? Math.max(1, Math.ceil(own.whole / own.chunkSlabs)) : 1;
    return { ...own, parts, groupSlabs: parts > 1 ? own.chunkSlabs : own.whole };
  });
  if (!variant.shared.includes('c')) return { record: () => dispatchSet(gpu, variant, planned), sumsColumns };
  const record = (): void => recordInScratch(gpu, variant, planned, summed);
  // Of a sum all but the first are added to it.
  const accumulates = (summed ? products.slice(0, 1) : products).some(({ product }) => product.accumulate);
  if (accumulates) return { record, sumsColumns };
  if (!summed) return { record, sumsColumns, recordApart: () => recordApart(gpu, variant, planned) };
  const [{ m, n }] = planned as [Member];
  const recordParts = (): ProductParts =>
    new ProductParts({
      tensor: dispatchParts(gpu, variant, planned).partial,
      counts: planned.map((own) => own.parts),
      shape: [m, n],
    });
  return { record, sumsColumns, recordParts };
}

function recordApart(gpu: Gpu, variant: TiledSetVariant, planned: readonly Member[]): ApartParts {
  const { partial: tensor, offsets } = dispatchParts(gpu, variant, planned);
  const members = planned.map(({ n, parts }, i) => ({ columns: n, parts, offset: offsets[i] as number }));
  return { tensor, members, [Symbol.dispose]: () => tensor.dispose() };
}

/** All parts of all members, one behind the other. */
function dispatchParts(
  gpu: Gpu,
  variant: TiledSetVariant,
  members: readonly Member[],
): { readonly partial: Tensor; readonly offsets: readonly number[] } {
  const sizes = members.map(({ m, n, parts }) => m * n * parts);
  const offsets = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
  const length = sizes.reduce((sum, size) => sum + size, 0);
  const partial = gpu.tensor([length], { label: 'sums over chunks of k' });
  dispatchSet(gpu, variant, members, { tensor: partial, offsets });
  return { partial, offsets };
}

/** All tiles give the same bits. */
function smallTile(tuning: TiledMatmul, products: readonly BoundProduct[]): StagedTile {
  const widest = Math.max(...products.map(({ shape: [, n] }) => n));
  const small = smallTiles(tuning);
  return small.find(({ columns }) => columns <= widest) ?? (small.at(-1) as StagedTile);
}

interface Member {
  readonly bound: BoundProduct;
  /** Rows and columns of C. */
  readonly m: number;
  readonly n: number;
  /** Slabs of a chunk, and of what a workgroup sums. */
  readonly chunkSlabs: number;
  readonly groupSlabs: number;
  /** Sums of chunks that are kept apart. */
  readonly parts: number;
}

function recordInScratch(
  gpu: Gpu,
  variant: TiledSetVariant,
  members: readonly Member[],
  summed: boolean,
): void {
  const { partial, offsets } = dispatchParts(gpu, variant, members);
  const sums = { members: members.length, summed };
  const storage: Record<string, Operand> = { partial };
  const params: Record<string, number> = {};
  let end = 0;
  for (const [i, { bound, m, n, parts }] of members.entries()) {
    const { product, c } = bound;
    storage[partialBinding('c', sums, i)] = c.operand;
    if (!summed) storage[partialBinding('bias', sums, i)] = product.bias ?? partial;
    if (!summed || i === 0) end += m * n;
    const own = {
      ...{ m, n, parts, end, partialOffset: offsets[i] as number },
      ...{ cOffset: c.offset, cStride: product.c.stride, biasOffset: product.biasOffset ?? 0 },
      useBias: Number(product.bias !== undefined),
      accumulate: Number(product.accumulate ?? false),
    };
    for (const [name, value] of Object.entries(own)) params[`${name}${i}`] = value;
  }
  gpu.dispatch(partialSetSums(sums), storage, params, grid(Math.ceil(end / PARTIAL_SUMS_PER_WORKGROUP)));
  partial.dispose();
}

/** @param scratch where products go instead of to their C */
function dispatchSet(
  gpu: Gpu,
  variant: TiledSetVariant,
  members: readonly Member[],
  scratch?: { readonly tensor: Tensor; readonly offsets: readonly number[] },
): void {
  const { tile } = variant;
  const storage: Record<string, Operand> = {};
  const params: Record<string, number> = {};
  let [end, sumsEnd] = [0, 0];
  for (const [i, { bound, n, parts, chunkSlabs, groupSlabs }] of members.entries()) {
    const { product, a, b, c } = bound;
    storage[tiledSetBinding(variant, 'a', i)] = a.operand;
    storage[tiledSetBinding(variant, 'b', i)] = b.operand;
    storage[tiledSetBinding(variant, 'c', i)] = scratch?.tensor ?? c.operand;
    // Without one any readable buffer may stand in its place.
    if (variant.bias) storage[tiledSetBinding(variant, 'bias', i)] = product.bias ?? a.operand;
    if (product.groups) storage['groups'] = product.groups.table;
    const own = productParams(bound, tile);
    end += own.workgroups * parts;
    if (variant.sums && product.columnSums) {
      const { out, accumulate = false } = product.columnSums;
      storage[tiledSetBinding(variant, 'sums', i)] = out;
      params[`sumsEnd${i}`] = sumsEnd += out.length / 4;
      params[`addSums${i}`] = Number(accumulate);
    }
    const all = {
      ...own.params,
      ...(scratch ? { cOffset: scratch.offsets[i] as number, cStride: n, useBias: 0, accumulate: 0 } : {}),
      ...{ chunkSlabs, groupSlabs, end },
    };
    for (const [name, value] of Object.entries(all)) params[`${name}${i}`] = value;
  }
  const flop = members.reduce((sum, { bound }) => sum + flopOf(bound), 0);
  const workgroups = end + Math.ceil(sumsEnd / invocationsOf(tile));
  gpu.dispatch(tiledMatmulSet(variant), storage, params, grid(workgroups), flop);
}
