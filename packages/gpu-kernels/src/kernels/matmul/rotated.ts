import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, type ParameterType, memoizeKernel } from '../../runtime/kernel.ts';
import type { Operand } from '../../runtime/tensor.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { definePointwise, pointwiseGrid } from '../pointwise.ts';
import { type RotaryArguments, rotateInPlace } from '../rotary/rotary.ts';
import { requireWhole } from './activated.ts';
import { addedUpOf } from './parts-text.ts';
import { type SetProduct, hasBiasOffset, matmulSet, planSet } from './set.ts';
import type { ApartParts } from './tiled-set-product.ts';
import { vectorAngles } from '../rotary/angles-text.ts';

/** Operands of {@link rotatedMatmul}. */
export interface RotatedMatmulArguments extends Pick<RotaryArguments, 'positions' | 'table' | 'headDim'> {
  /** Products into whole tensors, [T, H D] and [T, H_kv D], whose heads are turned. */
  readonly query: SetProduct;
  readonly key: SetProduct;
  /** Into a whole tensor, [T, any], which stays as it is. */
  readonly value: SetProduct;
}

/**
 * The products `query`, `key` and `value`, and then `rotateInPlace` of the first two: bit for bit as one after the other, in fewer
 * dispatches where sums over chunks are added up.
 * @throws RangeError if what they write are no whole tensors; else what `matmulSet` and `rotateInPlace` throw
 */
export function rotatedMatmul(gpu: Gpu, args: RotatedMatmulArguments): void {
  const { query, key, value, positions, table, headDim } = args;
  const products = [query, key, value];
  for (const { c } of products) requireWhole('rotatedMatmul', c, [c.tensor]);
  using parts = isTogether(gpu, args) ? planSet(gpu, products)?.recordApart?.() : undefined;
  if (parts) return addUp(gpu, args, parts);
  matmulSet(gpu, products);
  rotateInPlace(gpu, { x: query.c.tensor, other: key.c.tensor, positions, table, headDim });
}

/** Every kernel that {@link rotatedMatmul} may run under a tuning, but for those of sets and rotary positions. */
export function rotatedMatmulKernels({ matmul }: Tuning): Kernel[] {
  return matmul.strategy === 'tiled' ? [false, true].map((bias) => rotatedSums({ bias })) : [];
}

/** Whether halves of heads are whole vec4s, and a device binds so many buffers. */
function isTogether(
  gpu: Gpu,
  { query, key, value, positions, table, headDim }: RotatedMatmulArguments,
): boolean {
  const half = table.shape[1] ?? 0;
  const products = [query, key, value];
  const buffers = Object.keys(rotatedSums({ bias: hasBias(products) }).storage).length;
  return (
    half > 0 &&
    half % 4 === 0 &&
    headDim % 4 === 0 &&
    2 * half <= headDim &&
    [query, key].every(({ c }) => c.columns % headDim === 0) &&
    products.every(({ c }) => c.rows === positions.length) &&
    !hasBiasOffset(products) &&
    buffers <= gpu.device.limits.maxStorageBuffersPerShaderStage
  );
}

function hasBias(products: readonly SetProduct[]): boolean {
  return products.some(({ bias }) => bias);
}

function addUp(
  gpu: Gpu,
  { query, key, value, positions, table, headDim }: RotatedMatmulArguments,
  { tensor, members }: ApartParts,
): void {
  const products = [query, key, value];
  const bias = hasBias(products);
  const half = (table.shape[1] ?? 0) / 4;
  const storage: Record<string, Operand> = { parts: tensor, positions, table };
  const params: Record<string, number> = { half, headSize: headDim / 4 };
  let count = 0;
  for (const [i, { columns, parts, offset }] of members.entries()) {
    const { c, bias: own } = products[i] as SetProduct;
    storage[`c${i}`] = c.tensor;
    // Without one any readable buffer may stand in its place.
    if (bias) Object.assign(storage, { [`bias${i}`]: own ?? tensor });
    if (bias) params[`useBias${i}`] = Number(own !== undefined);
    // What a pair of vec4s becomes is one invocation's.
    const pairs = i < ROTATED ? (columns / headDim) * half : 0;
    count += c.rows * (columns / 4 - pairs);
    Object.assign(params, {
      ...{ [`columns${i}`]: columns / 4, [`parts${i}`]: parts },
      ...{ [`offset${i}`]: offset / 4, [`size${i}`]: (c.rows * columns) / 4, [`end${i}`]: count },
    });
  }
  gpu.dispatch(rotatedSums({ bias }), storage, { ...params, count }, pointwiseGrid(count));
}

/** Queries and keys. */
const ROTATED = 2;
const MEMBERS = [0, 1, 2];

/** Sets and their sums consist of whole vec4s. */
const rotatedSums = memoizeKernel(({ bias }: { readonly bias: boolean }): Kernel<string, string> => {
  const element = 'vec4<f32>';
  const names = ['columns', 'parts', 'offset', 'size', 'end', ...(bias ? ['useBias'] : [])];
  const load = (name: string, i: number, at: string): string => `
        var ${name} = addedUpOf(params.offset${i} + ${at}, params.size${i}, params.parts${i});
        ${bias ? `if (params.useBias${i} != 0u) { ${name} += bias${i}[(${at}) % params.columns${i}]; }` : ''}`;
  const plain = (i: number): string => `${load('value', i, 'j')}
        c${i}[j] = value;`;
  const rotated = (i: number): string => `
        let units = params.headSize - params.half;
        let vector = j / units;
        let unit = j % units;
        let isPair = unit < params.half;
        let first = vector * params.headSize + select(unit + params.half, unit, isPair);
        ${load('a', i, 'first')}
        if (isPair) {
          let second = first + params.half;
          ${load('b', i, 'second')}
          let place = (positions[vector / (params.columns${i} / params.headSize)] * params.half + unit) * 2u;
          ${vectorAngles('place')}
          c${i}[first] = a * cosine - b * sine;
          c${i}[second] = b * cosine + a * sine;
        } else {
          c${i}[first] = a;
        }`;
  const branches = MEMBERS.map(
    (i) => `if (i < params.end${i}) {
        let j = i${i > 0 ? ` - params.end${i - 1}` : ''};
        ${i < ROTATED ? rotated(i) : plain(i)}
      }`,
  );
  return definePointwise<string, string>({
    label: `matmul.partial-sums.rotated${bias ? '.bias' : ''}`,
    storage: {
      parts: element,
      ...(bias ? Object.fromEntries(MEMBERS.map((i) => [`bias${i}`, element] as const)) : {}),
      ...Object.fromEntries(MEMBERS.map((i) => [`c${i}`, `&${element}`] as const)),
      ...{ positions: 'u32', table: element },
    },
    params: Object.fromEntries([
      ...MEMBERS.flatMap((i) => names.map((name): [string, ParameterType] => [`${name}${i}`, 'u32'])),
      ...['half', 'headSize'].map((name): [string, ParameterType] => [name, 'u32']),
    ]),
    declarations: addedUpOf(element),
    body: branches.join(' else '),
  });
});
