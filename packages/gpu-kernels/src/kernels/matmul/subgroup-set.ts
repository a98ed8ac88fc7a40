import {
  type Kernel,
  type ParameterType,
  type StorageType,
  defineKernel,
  memoizeKernel,
} from '../../runtime/kernel.ts';
import type { SubgroupTile } from '../../runtime/tuning.ts';
import { productText } from './product-text.ts';
import { subgroupTile } from './subgroup-tiled.ts';
import { GROUPED_PARAMS, GROUPED_STORAGE, MATMUL_PARAMS, layoutOf, loadB } from './variant.ts';

/** Several products of one layout in one dispatch. */
export interface SubgroupSetVariant {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly tile: SubgroupTile;
  readonly subgroupSize: number;
  /** For each product whether runs of rows have matrices of their own. */
  readonly grouped: readonly boolean[];
  /** Operands that all products have in common; with C they are added up in their order. */
  readonly shared: readonly ('a' | 'b' | 'c')[];
  /** Whether products may have biases. */
  readonly bias: boolean;
}

/** A binding of product `i`, by its name in a kernel of one product. */
export function setBinding(
  { shared }: Pick<SubgroupSetVariant, 'shared'>,
  name: 'a' | 'b' | 'bias' | 'c',
  i: number,
): string {
  return (shared as readonly string[]).includes(name) ? name : `${name}Of${i}`;
}

/** The bindings of a set, in their order. */
export function setStorage(
  variant: Omit<SubgroupSetVariant, 'tile' | 'subgroupSize'>,
): Readonly<Record<string, StorageType>> {
  const { transposeA, transposeB, grouped, bias } = variant;
  const elements: [name: 'a' | 'b' | 'bias' | 'c', type: StorageType][] = [
    ['a', transposeA || transposeB ? 'vec4<f32>' : 'f32'],
    ['b', 'vec4<f32>'],
    ...(bias ? [['bias', 'f32'] as ['bias', StorageType]] : []),
    ['c', '&vec4<f32>'],
  ];
  const bindings = elements.flatMap(([name, type]) =>
    grouped.map((_, i) => [setBinding(variant, name, i), type] as const),
  );
  return { ...Object.fromEntries(bindings), ...(grouped.includes(true) ? GROUPED_STORAGE : {}) };
}

/**
 * The tiles of `subgroupTiledMatmul` of several products: side by side, each workgroup at one of them, or, where C is
 * shared, one after the other in the same workgroup. All operands are loaded and stored as vec4, save A in A B.
 */
export const subgroupTiledSet = memoizeKernel((variant: SubgroupSetVariant): Kernel<string, string> => {
  const { tile, subgroupSize, grouped, shared, bias } = variant;
  const summed = shared.includes('c');
  const body = (i: number): string => {
    const own = { ...variant, dtypeB: 'float32', grouped: grouped[i] === true, vectorC: true } as const;
    const names = {
      a: setBinding(variant, 'a', i),
      loadB: loadOf(variant, i),
      bias: bias ? setBinding(variant, 'bias', i) : undefined,
      c: setBinding(variant, 'c', i),
    };
    const workgroup = summed || i === 0 ? 'workgroup' : `(workgroup - params.end${i - 1})`;
    return `{
      ${subgroupTile(own, productText(own, tile.rows, { suffix: `${i}`, workgroup, names }))}
    }`;
  };
  const branch = (i: number): string => (summed ? body(i) : `if (workgroup < params.end${i}) ${body(i)}`);
  const loads = shared.includes('b') ? [0] : grouped.map((_, i) => i);
  const { rows, columns, depth } = tile;
  const parts = grouped.map((own) => (own ? 'g' : 'p')).join('');
  return defineKernel<string, string>({
    label: `matmul.set.subgroup${subgroupSize}.${layoutOf(variant)}.${parts}.${rows}x${columns}x${depth}.shared-${shared.join('')}${bias ? '.bias' : ''}`,
    enables: ['subgroups'],
    subgroupSize,
    storage: setStorage(variant),
    params: Object.fromEntries(
      grouped.flatMap((own, i) => {
        const names = Object.keys({ ...MATMUL_PARAMS, ...(own ? GROUPED_PARAMS : {}) });
        return [...names, 'end'].map((name): [string, ParameterType] => [`${name}${i}`, 'u32']);
      }),
    ),
    workgroupSize: [subgroupSize],
    declarations: loads
      .map((i) => loadB('float32', true, [loadOf(variant, i), setBinding(variant, 'b', i)]))
      .join('\n'),
    body: grouped.map((_, i) => branch(i)).join(summed ? '\n' : ' else '),
  });
});

function loadOf(variant: SubgroupSetVariant, i: number): string {
  return variant.shared.includes('b') ? 'loadB' : `loadBOf${i}`;
}
