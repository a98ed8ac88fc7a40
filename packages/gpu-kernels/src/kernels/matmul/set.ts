import type { Gpu } from '../../runtime/gpu.ts';
import type { Kernel } from '../../runtime/kernel.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { type ColumnSumArguments, ROWS_PER_CHUNK, columnSums } from '../reduction/column-sum.ts';
import type { RowGroups } from '../row-groups.ts';
import { type BoundProduct, bindProduct } from './bound-product.ts';
import { groupedMatmul } from './grouped.ts';
import { type SetProduct, isBiasOf } from './arguments.ts';
import { matmul } from './matmul.ts';
import type { Matrix } from './matrix.ts';
import type { ProductSet } from './tiled-set.ts';
import { type SetPlan, planTiledSet, tiledSetKernels } from './tiled-set-product.ts';
import { layoutOf } from './variant.ts';

export type { SetProduct } from './arguments.ts';

/** Products in a dispatch at most. */
const MOST = 3;
/** Multiply-adds of all products from which on a dispatch each is as good, and tiles can be larger. */
const MOST_WORK = 2 ** 32;

/**
 * The products, and column sums, one after the other, bit for bit, in one dispatch where the adapter gains by it and binds so
 * many buffers: up to three products of one layout that are small, each into a C of its own (queries, keys and values) or all
 * into the same C (what `accumulate` adds up in the order of the products: the gradient with respect to what they read).
 * @throws what `matmul` and `groupedMatmul` throw; RangeError for column sums of what is no whole transposed matrix, or of groups
 */
export function matmulSet(gpu: Gpu, products: readonly SetProduct[]): void {
  const sums = products.flatMap(columnSumOf);
  const all = planSet(gpu, products);
  if (all) {
    all.record();
    if (!all.sumsColumns) columnSums(gpu, sums);
    return;
  }
  // Where a device binds too few buffers for three products it may do so for two.
  const [first, ...others] = products;
  const rest = first && planSet(gpu, others);
  for (const { groups, columnSums: _sums, ...product } of rest ? [first] : products) {
    if (groups) groupedMatmul(gpu, { ...product, groups });
    else matmul(gpu, product);
  }
  rest?.record();
  columnSums(gpu, rest?.sumsColumns ? columnSumOf(first as SetProduct) : sums);
}

/** @throws RangeError for sums of what is no whole transposed matrix, or of groups */
function columnSumOf({ a, groups, transposeA, columnSums: sums }: SetProduct): ColumnSumArguments[] {
  if (!sums) return [];
  if (
    groups ||
    !transposeA ||
    a.columns !== sums.out.length ||
    a.columns !== a.stride ||
    a.offset > 0 ||
    a.rows * a.columns !== a.tensor.length
  )
    throw new RangeError(
      `matmulSet: ${sums.out.label} has no sum for each column of a whole ${a.tensor.label}`,
    );
  return [{ x: a.tensor, ...sums }];
}

/** Every kernel that {@link matmulSet} may run under a tuning, but for those of products by themselves. */
export function matmulSetKernels({ matmul: tuning }: Tuning): Kernel[] {
  return tuning.strategy === 'tiled' ? tiledSetKernels(tuning, SETS) : [];
}

const PAIRS_AND_TRIPLES: readonly (readonly boolean[])[] = [false, true].flatMap((own) => [
  [own, own],
  [own, own, own],
]);

/** Each kernel takes time to compile: these and no others. */
const SETS: readonly ProductSet[] = [
  // q|k|v and gate|up; in lockstep keys and values have matrices of a cell's own.
  ...[...PAIRS_AND_TRIPLES, [false, true, true]].flatMap((grouped) =>
    [false, true].map((bias) => ({
      ...{ transposeA: false, transposeB: true, shared: ['a'] as const },
      ...{ grouped, bias },
    })),
  ),
  // The gradient with respect to what those read.
  ...PAIRS_AND_TRIPLES.map((grouped) => ({
    ...{ transposeA: false, transposeB: false, shared: ['c'] as const },
    ...{ grouped, bias: false },
  })),
  // The gradients of their weights, and biases.
  ...PAIRS_AND_TRIPLES.flatMap((grouped) => {
    const set = { transposeA: true, transposeB: false, shared: ['b'] as const, grouped, bias: false };
    return grouped.includes(true) ? [set] : [set, { ...set, sums: true as const }];
  }),
];

/** How a set is recorded in one go; undefined where it is not, or sizes do not agree. */
export function planSet(gpu: Gpu, products: readonly SetProduct[]): SetPlan | undefined {
  const { matmul: tuning } = gpu.tuning;
  const [first] = products;
  if (!first || products.length < 2 || products.length > MOST) return undefined;
  if (tuning.strategy !== 'tiled' || gpu.summation !== 'ascending') return undefined;
  // What units take over is taken one by one.
  if (gpu.matrixUnits && products.some(({ regime = gpu.regime }) => regime === 'probing')) return undefined;
  if (!products.every((product) => isPlain(product) && hasLayout(product, first))) return undefined;
  const groups = products.find((product) => product.groups)?.groups;
  if (products.some((product) => product.groups && product.groups !== groups)) return undefined;
  const bound = products.map((product) => bindProduct(gpu, product));
  const shared = sharedOf(bound);
  if (!shared || !bound.every((product) => fits(gpu, product))) return undefined;
  const work = bound.reduce((sum, { shape: [m, n, k] }) => sum + m * n * k, 0);
  if (work === 0 || work > MOST_WORK) return undefined;
  const members = shared.includes('c') && groups ? bound.map((product) => ofGroups(product, groups)) : bound;
  const planOf = (sums: boolean): SetPlan | undefined => {
    const set = setOf(bound, shared, groups, sums);
    return set && planTiledSet(gpu, tuning, set, members);
  };
  // More rows are summed in chunks.
  const isSummed = products.every((product) => product.columnSums && product.a.rows <= ROWS_PER_CHUNK);
  return (isSummed ? planOf(true) : undefined) ?? planOf(false);
}

/** The one among {@link SETS} that products are. */
function setOf(
  products: readonly BoundProduct[],
  shared: ProductSet['shared'],
  groups: RowGroups | undefined,
  sums: boolean,
): ProductSet | undefined {
  const { transposeA, transposeB } = products[0] as BoundProduct;
  const layout = layoutOf({ transposeA, transposeB });
  const bias = products.some(({ product }) => product.bias);
  // A sum's tiles must be those of all: matrices in common go by the groups of the others.
  const grouped = products.map(
    ({ product }) => (shared.includes('c') ? groups : product.groups) !== undefined,
  );
  return SETS.find(
    (one) =>
      layoutOf(one) === layout &&
      one.bias === bias &&
      (one.sums ?? false) === sums &&
      String([one.shared, one.grouped]) === String([shared, grouped]),
  );
}

/** The same product by the tiles of groups, which all have its one matrix. */
function ofGroups(bound: BoundProduct, groups: RowGroups): BoundProduct {
  if (bound.product.groups) return bound;
  return { ...bound, product: { ...bound.product, groups }, rowsEach: 0 };
}

/** Whether a bias begins inside its tensor, which parts know nothing of. */
export function hasBiasOffset(products: readonly SetProduct[]): boolean {
  return products.some(({ biasOffset = 0 }) => biasOffset !== 0);
}

/** Whether sizes agree and B is float32; others are left to the products one by one, which say what is wrong. */
function isPlain(product: SetProduct): boolean {
  const { a, b, c, transposeA, transposeB, groups, columnSums: sums } = product;
  if (sums && !transposeA) return false;
  if (a.tensor.dtype !== 'float32' || b.tensor.dtype !== 'float32' || c.tensor.dtype !== 'float32')
    return false;
  // Checked as its operands are bound.
  if (groups) return groups.counts.length > 0;
  const [m, k] = transposeA ? [a.columns, a.rows] : [a.rows, a.columns];
  const [inner, n] = transposeB ? [b.columns, b.rows] : [b.rows, b.columns];
  const agree = k === inner && m === c.rows && n === c.columns && !(transposeA && transposeB);
  return agree && isBiasOf(product, n);
}

function hasLayout({ transposeA = false, transposeB = false }: SetProduct, other: SetProduct): boolean {
  return transposeA === (other.transposeA ?? false) && transposeB === (other.transposeB ?? false);
}

/**
 * Operands that all products have in common; undefined where products read what others write, or write to the same buffer
 * without being a sum.
 */
function sharedOf(products: readonly BoundProduct[]): ProductSet['shared'] | undefined {
  const [first, ...others] = products.map(({ product }) => product);
  const common = (['a', 'b', 'c'] as const).filter((name) =>
    others.every((product) => product[name].tensor === first?.[name].tensor),
  );
  const written = new Set(products.map(({ product }) => product.c.tensor));
  const reads = products.some(
    ({ product }) => written.has(product.a.tensor) || written.has(product.b.tensor),
  );
  if (reads) return undefined;
  if (!common.includes('c')) return written.size === products.length ? common : undefined;
  const isSum = others.every(
    (product) => product.accumulate && first !== undefined && samePlace(product.c, first.c),
  );
  return isSum ? common : undefined;
}

function samePlace(a: Matrix, b: Matrix): boolean {
  return a.offset === b.offset && a.stride === b.stride && a.rows === b.rows && a.columns === b.columns;
}

/** Whether whole buffers can be bound, and vectors loaded. */
function fits({ maxBindingBytes }: Gpu, { product, vectors, transposeA, transposeB }: BoundProduct): boolean {
  const { a, b, c } = product;
  const vectorA = transposeA || transposeB;
  return (
    [a, b, c].every(({ tensor }) => tensor.byteLength <= maxBindingBytes) &&
    vectors.b &&
    vectors.c &&
    (!vectorA || vectors.a)
  );
}
