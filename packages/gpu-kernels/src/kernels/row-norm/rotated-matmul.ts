import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, type ParameterType, type StorageType, memoizeKernel } from '../../runtime/kernel.ts';
import type { Operand, Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { requireWhole } from '../matmul/activated.ts';
import { addedUpOf } from '../matmul/parts-text.ts';
import { type SetProduct, matmulSet, planSet } from '../matmul/set.ts';
import type { ApartParts } from '../matmul/tiled-set-product.ts';
import { hasLoneRows } from '../row-runs.ts';
import { type RowLayout, defineNormKernel, elementOf, rowGrid, rowLayout, rowLayouts } from './layout.ts';
import { type Rotation, isTogether, requireAsLong, rotatedNorm, turned } from './rotated.ts';

/** Queries or keys as a product, whose heads are normed and turned. */
export interface ProductHeads {
  /** Into a whole tensor, [T, H D], which keeps what the norm reads. */
  readonly product: SetProduct;
  /** float32 [D]. */
  readonly weight: Tensor;
  /** float32 [T, H D], a buffer of its own. */
  readonly out: Tensor;
}

/** Operands and options of {@link rotatedNormMatmul}. */
export interface RotatedNormMatmulArguments extends Rotation {
  readonly query: ProductHeads;
  readonly key: ProductHeads;
  /** Into a whole tensor, [T, any], which stays as it is. */
  readonly value: SetProduct;
}

/**
 * The products of queries, keys and values, and then `rotatedNorm` of the first two: bit for bit as one after the other, in fewer
 * dispatches where sums over chunks are added up. False, and nothing is recorded, where `rotatedNorm` is false.
 * @throws RangeError for sizes that do not agree; else what `matmulSet` throws
 */
export function rotatedNormMatmul(gpu: Gpu, args: RotatedNormMatmulArguments): boolean {
  const { query, key, value, ...rotation } = args;
  const heads = [query, key].map(({ product, weight, out }) => ({ x: product.c.tensor, weight, out }));
  if (!isTogether(gpu, heads, rotation)) return false;
  for (const { x, out } of heads) requireAsLong('rotatedNormMatmul', x, [out]);
  const products = [query.product, key.product, value];
  for (const { c } of products) requireWhole('rotatedNormMatmul', c, [c.tensor]);
  using parts = addsUp(gpu, args) ? planSet(gpu, products)?.recordApart?.() : undefined;
  if (parts) {
    addUp(gpu, args, parts);
    return true;
  }
  matmulSet(gpu, products);
  return rotatedNorm(gpu, { heads, ...rotation });
}

/** Every kernel that {@link rotatedNormMatmul} may run under a tuning, but for those of sets and rotated norms. */
export function rotatedNormMatmulKernels(tuning: Tuning): Kernel[] {
  if (hasLoneRows(tuning) || tuning.matmul.strategy !== 'tiled') return [];
  return rowLayouts(tuning)
    .filter(({ vector }) => vector)
    .map(partsKernel);
}

/** Whether all consist of heads of whole vec4s, there are no biases, and a device binds so many buffers. */
function addsUp(gpu: Gpu, { query, key, value, positions }: RotatedNormMatmulArguments): boolean {
  const width = query.weight.length;
  const products = [query.product, key.product, value];
  return (
    width % 4 === 0 &&
    products.every(({ c, bias }) => !bias && c.rows === positions.length && c.columns % width === 0) &&
    gpu.device.limits.maxStorageBuffersPerShaderStage >= BUFFERS
  );
}

function addUp(
  gpu: Gpu,
  { query, key, value, positions, table, epsilon }: RotatedNormMatmulArguments,
  { tensor, members }: ApartParts,
): void {
  const width = query.weight.length;
  const layout = rowLayout(gpu.tuning, width);
  const tokens = positions.length;
  const products = [query.product, key.product, value];
  const storage: Record<string, Operand> = { parts: tensor, positions, table };
  const params: Record<string, number> = {
    width,
    epsilon,
    tokens,
    half: (table.shape[1] ?? 0) / 4,
    direction: 1,
  };
  let rows = 0;
  for (const [i, { columns, parts, offset }] of members.entries()) {
    storage[`x${i}`] = (products[i] as SetProduct).c.tensor;
    params[`heads${i}`] = columns / width;
    params[`parts${i}`] = parts;
    params[`offset${i}`] = offset / 4;
    rows += (tokens * columns) / width;
  }
  for (const [i, { weight, out }] of [query, key].entries())
    Object.assign(storage, { [`weight${i}`]: weight, [`out${i}`]: out });
  gpu.dispatch(partsKernel(layout), storage, { ...params, rows }, rowGrid(layout, rows));
}

const MEMBERS = [0, 1, 2];
const BUFFERS = 10;

/** One number of each member, by the member's own. */
const ofMember = (name: string): string =>
  `vec3<u32>(${MEMBERS.map((i) => `params.${name}${i}`).join(', ')})[member]`;

/**
 * A row is a head's vector: sums of parts are stored, and where it is a query's or a key's read by all invocations of the row as
 * it is normed and turned.
 */
const partsKernel = memoizeKernel((layout: RowLayout): Kernel<string, string> => {
  const element = elementOf(layout);
  const read = (binding: string): string => `
    fn ${binding}At(member: u32, at: u32) -> ${element} {
      if (member == 0u) { return ${binding}0[at]; }
      return ${binding}1[at];
    }
`;
  const storage: Record<string, StorageType> = {
    parts: element,
    ...Object.fromEntries(MEMBERS.map((i) => [`x${i}`, `&${element}`] as const)),
    ...Object.fromEntries([0, 1].map((i) => [`weight${i}`, element] as const)),
    ...Object.fromEntries([0, 1].map((i) => [`out${i}`, `&${element}`] as const)),
    ...{ positions: 'u32', table: element },
  };
  const params: Record<string, ParameterType> = {
    ...Object.fromEntries(
      MEMBERS.flatMap((i) => ['heads', 'parts', 'offset'].map((name) => [`${name}${i}`, 'u32'] as const)),
    ),
    ...{ epsilon: 'f32', half: 'u32', direction: 'f32', tokens: 'u32' },
  };
  return defineNormKernel<string, string>({
    name: 'rms-norm.rotated.parts',
    layout,
    sums: 1,
    storage: () => storage,
    params,
    declarations: `${addedUpOf(element)}${read('x')}${read('weight')}`,
    body: ({ each, totals }) => `
      let rows0 = params.tokens * params.heads0;
      let rows1 = params.tokens * params.heads1;
      let member = u32(index >= rows0) + u32(index >= rows0 + rows1);
      let own = (index - vec3<u32>(0u, rows0, rows0 + rows1)[member]) * width;
      let heads = ${ofMember('heads')};
      let count = ${ofMember('parts')};
      let partSize = params.tokens * heads * width;
      let first = ${ofMember('offset')} + own;
      var squares = ${element}();
      ${each(`let value = addedUpOf(first + c, partSize, count);
        squares += value * value;
        if (member == 0u) { x0[own + c] = value; } else if (member == 1u) { x1[own + c] = value; } else { x2[own + c] = value; }`)}
      // What turns a number is another invocation's.
      storageBarrier();
      let inverse = 1.0 / sqrt(${totals('squares')} / f32(params.width) + params.epsilon);
      let position = positions[min(own / width / heads, params.tokens - 1u)];
      ${each(`if (member < 2u) {
          let value = xAt(member, own + c) * inverse * weightAt(member, c);
          ${turned(layout, 'xAt(member, own + other) * inverse * weightAt(member, other)')}
          if (member == 0u) { out0[own + c] = result; } else { out1[own + c] = result; }
        }`)}`,
  });
});
