import {
  type Kernel,
  type ParameterType,
  type StorageType,
  defineKernel,
  memoizeKernel,
} from '../../runtime/kernel.ts';
import { repeat } from '../wgsl.ts';
import type { StagedTile } from '../../runtime/tiled-tuning.ts';
import { type ProductText, productText } from './product-text.ts';
import { type StagedOperand, fetchSlab } from './staging.ts';
import {
  SLAB_PARAMS,
  type StagedText,
  invocationsOf,
  partOf,
  placeOf,
  slabs,
  stagedBody,
  storeVector,
} from './tiled.ts';
import { GROUPED_PARAMS, GROUPED_STORAGE, MATMUL_PARAMS, layoutOf } from './variant.ts';

/** Several products of one layout in one dispatch. */
export interface ProductSet {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** For each product whether runs of rows have matrices of their own. */
  readonly grouped: readonly boolean[];
  /** Operands that all products have in common: C is then a place for sums that are added up later. */
  readonly shared: readonly ('a' | 'b' | 'c')[];
  /** Whether products may have biases. */
  readonly bias: boolean;
  /** Whether the columns of each A, which is transposed, are summed as well. No if absent. */
  readonly sums?: true;
}

/** A set by the tiles of `tiledMatmul`; all operands consist of vec4s. */
export interface TiledSetVariant extends ProductSet {
  readonly tile: StagedTile;
  readonly chunked: boolean;
}

type Operand = 'a' | 'b' | 'bias' | 'c' | 'sums';

/** A binding of product `i`. */
export function tiledSetBinding(
  { shared }: Pick<TiledSetVariant, 'shared'>,
  name: Operand,
  i: number,
): string {
  return (shared as readonly string[]).includes(name) ? name : `${name}Of${i}`;
}

/** The bindings of a set, in their order. */
export function tiledSetStorage(
  variant: Pick<TiledSetVariant, 'grouped' | 'shared' | 'bias' | 'sums'>,
): Readonly<Record<string, StorageType>> {
  const { grouped, bias, sums } = variant;
  const elements: [name: Operand, type: StorageType][] = [
    ['a', 'vec4<f32>'],
    ['b', 'vec4<f32>'],
    ...(bias ? [['bias', 'f32'] as [Operand, StorageType]] : []),
    ['c', '&vec4<f32>'],
    ...(sums ? [['sums', '&vec4<f32>'] as [Operand, StorageType]] : []),
  ];
  const bindings = elements.flatMap(([name, type]) =>
    grouped.map((_, i) => [tiledSetBinding(variant, name, i), type] as const),
  );
  return { ...Object.fromEntries(bindings), ...(grouped.includes(true) ? GROUPED_STORAGE : {}) };
}

/** Where a product's column sums end among the vec4s of all, and whether what they were is added. */
const SUMS_PARAMS = { sumsEnd: 'u32', addSums: 'u32' } as const satisfies Record<string, ParameterType>;

/** What differs between products is found once by the number of the workgroup: these are its names. */
const FOUND = {
  m: 'endOfRows',
  n: 'endOfColumns',
  k: 'endOfK',
  aOffset: 'aFirst',
  aStride: 'aStride',
  bOffset: 'bFirst',
  bStride: 'bStride',
  cStride: 'cStride',
  biasOffset: 'biasFirst',
  useBias: 'useBias',
  accumulate: 'accumulate',
} as const satisfies StagedText['product'];

const PLACES = { firstRow: 'm0', firstColumn: 'n0', begin: 'firstK', slabCount: 'slabs' } as const;

/**
 * One text for all products: a workgroup finds its own by its number, and branches where slabs are loaded and results are
 * stored alone, so that it takes as many registers as one product.
 */
export const tiledMatmulSet = memoizeKernel((variant: TiledSetVariant): Kernel<string, string> => {
  const { tile, chunked, grouped, shared, bias, sums } = variant;
  const indices = grouped.map((_, i) => i);
  const isShared = (name: Operand): boolean => (shared as readonly string[]).includes(name);
  const access = { ...variant, access: 'all', grouped: false } as const;
  const choose = (name: Operand, text: (binding: string) => string): string =>
    isShared(name)
      ? text(name)
      : indices
          .map((i) => {
            const condition = i + 1 < grouped.length ? `if (member == ${i}u) ` : '';
            return `${condition}{ ${text(tiledSetBinding(variant, name, i))} }`;
          })
          .join(' else ');
  const fetch = (operand: StagedOperand): string =>
    choose(operand.name, (binding) => fetchSlab({ ...operand, load: (at) => `${binding}[${at}]` }));
  return defineKernel<string, string>({
    label: `matmul.set.${chunked ? 'chunked' : 'tiled'}.${layoutOf(variant)}.${grouped.map((own) => (own ? 'g' : 'p')).join('')}.${tile.rows}x${tile.columns}.shared-${shared.join('')}${bias ? '.bias' : ''}${sums ? '.sums' : ''}`,
    storage: tiledSetStorage(variant),
    params: Object.fromEntries(
      indices.flatMap((i) => {
        const names = Object.keys({
          ...MATMUL_PARAMS,
          ...SLAB_PARAMS,
          ...(grouped[i] ? GROUPED_PARAMS : {}),
          ...(sums ? SUMS_PARAMS : {}),
        });
        return [...names, 'end'].map((name): [string, ParameterType] => [`${name}${i}`, 'u32']);
      }),
    ),
    workgroupSize: [invocationsOf(tile)],
    declarations: slabs(tile),
    body: stagedBody(access, {
      product: FOUND,
      chunkSlabs: 'chunkSlabs',
      place: `${sums ? columnSums(variant) : ''}${findMember(variant)}`,
      fetch,
      first: 'cFirst',
      store: (output) => {
        const own = (i: number): string =>
          storeVector({
            ...output,
            c: tiledSetBinding(variant, 'c', i),
            bias: bias ? tiledSetBinding(variant, 'bias', i) : null,
          });
        if (isShared('c')) return own(0);
        return indices
          .map((i) => `${i + 1 < grouped.length ? `if (member == ${i}u) ` : ''}{ ${own(i)} }`)
          .join(' else ');
      },
    }),
  });
});

/** WGSL: workgroups behind those of the tiles sum columns of an A that is a whole tensor, four an invocation, in the order of the rows. */
function columnSums(variant: TiledSetVariant): string {
  const { tile, grouped } = variant;
  const end = `params.end${grouped.length - 1}`;
  const ofMember = (_: boolean, i: number): string => {
    const [a, sums] = (['a', 'sums'] as const).map((name) => tiledSetBinding(variant, name, i));
    return `if (vector < params.sumsEnd${i}) {
          let column = vector${i > 0 ? ` - params.sumsEnd${i - 1}` : ''};
          var sum = vec4<f32>();
          for (var r = 0u; r < params.k${i}; r++) { sum += ${a}[r * params.aStride${i} / 4u + column]; }
          if (params.addSums${i} != 0u) { sum += ${sums}[column]; }
          ${sums}[column] = sum;
        }`;
  };
  return `
      if (workgroup >= ${end}) {
        let vector = (workgroup - ${end}) * ${invocationsOf(tile)}u + localIndex;
        ${grouped.map(ofMember).join(' else ')}
        return;
      }`;
}

/** WGSL: which product the workgroup is at, and where in it. */
function findMember(variant: TiledSetVariant): string {
  const { tile, chunked, grouped, transposeA, transposeB } = variant;
  const found = [...Object.values(FOUND), 'cFirst', ...Object.keys(PLACES), 'chunkSlabs', 'member'];
  const branch = (i: number): string => {
    const own = { transposeA, transposeB, dtypeB: 'float32', grouped: grouped[i] === true } as const;
    const text: ProductText = productText(own, tile.rows, {
      suffix: `${i}`,
      workgroup: i > 0 ? `(workgroup - params.end${i - 1})` : 'workgroup',
      names: { a: '', loadB: '', bias: undefined, c: '' },
    });
    const values: Record<string, string> = {
      ...Object.fromEntries(
        Object.entries(FOUND).map(([name, variable]) => [variable, text[name as keyof typeof FOUND]]),
      ),
      cFirst: partOf({ chunked, grouped: own.grouped }, text),
      ...PLACES,
      chunkSlabs: `params.chunkSlabs${i}`,
      member: `${i}u`,
    };
    return `{
        ${placeOf({ tile, chunked, grouped: own.grouped }, text, `params.groupSlabs${i}`)}
        ${repeat(found.length, (f) => `${found[f]} = ${values[found[f] as string]};`)}
      }`;
  };
  return `
      ${repeat(found.length, (f) => `var ${found[f]} = 0u;`)}
      ${grouped.map((_, i) => `if (workgroup < params.end${i}) ${branch(i)}`).join(' else ')}
      let m0 = firstRow;
      let n0 = firstColumn;
      let firstK = begin;
      let slabs = slabCount;`;
}
