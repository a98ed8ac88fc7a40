import { GROUPED_PARAMS, GROUPED_STORAGE, MATMUL_PARAMS, type MatmulVariant } from './variant.ts';

type Name = keyof typeof MATMUL_PARAMS;

/**
 * WGSL of what a product reads, and where that begins and ends: sizes, offsets and strides are parameters, or in a
 * grouped product what a workgroup finds in the table of its groups.
 */
export interface ProductText extends Readonly<Record<Name, string>> {
  /** Declares what the other names stand for; leaves the kernel where there is no such tile. */
  readonly setup: string;
  /** Number of the workgroup among those of the product. */
  readonly workgroup: string;
  /** First row of the workgroup's tile of C. */
  readonly firstRow: string;
  /** Number of the workgroup's tile among those side by side. */
  readonly column: string;
  /** First step of k; `k` is the end. */
  readonly firstK: string;
  readonly params: typeof MATMUL_PARAMS;
  /** Bindings besides those of every product. */
  readonly storage: object;
  /** Bindings, and the function that loads B; no bias where there never is one. */
  readonly names: Readonly<Record<'a' | 'loadB' | 'c', string>> & { readonly bias: string | undefined };
}

/** A product among several in one dispatch. */
export interface SetPlace {
  /** Stands at the end of the names of its parameters. */
  readonly suffix: string;
  /** Number of the workgroup among those of the product. */
  readonly workgroup: string;
  readonly names: ProductText['names'];
}

const ALONE: SetPlace = {
  suffix: '',
  workgroup: 'workgroup',
  names: { a: 'a', loadB: 'loadB', bias: 'bias', c: 'c' },
};

/** @param height rows of C that a workgroup computes */
export function productText(
  { transposeA, grouped }: MatmulVariant,
  height: number,
  { suffix, workgroup, names }: SetPlace = ALONE,
): ProductText {
  const param = (name: Name | keyof typeof GROUPED_PARAMS): string => `params.${name}${suffix}`;
  const parameters = Object.fromEntries(
    (Object.keys(MATMUL_PARAMS) as Name[]).map((name) => [name, param(name)]),
  ) as Record<Name, string>;
  const perRow = param('workgroupsPerRow');
  const plain: ProductText = {
    ...parameters,
    setup: '',
    workgroup,
    firstRow: `${workgroup} / ${perRow} * ${height}u`,
    column: `${workgroup} % ${perRow}`,
    firstK: '0u',
    params: MATMUL_PARAMS,
    storage: {},
    names,
  };
  if (!grouped) return plain;
  const shared = { params: { ...MATMUL_PARAMS, ...GROUPED_PARAMS }, storage: GROUPED_STORAGE };
  const found = (workgroups: string): string => `
      let index = ${workgroup} / ${workgroups};
      if (index >= ${param('groupCount')}) { return; }
      let group = groups[${param('firstGroup')} + index];`;
  if (transposeA) {
    const perGroup = param('workgroupsPerGroup');
    return {
      ...plain,
      ...shared,
      setup: `
        ${found(perGroup)}
        let cOffset = ${plain.cOffset} + group.z * ${param('groupStride')};
        let biasOffset = ${plain.biasOffset} + group.z * ${plain.n};`,
      // Whole rows of tiles make a group.
      firstRow: `${workgroup} % ${perGroup} / ${perRow} * ${height}u`,
      firstK: 'group.x',
      k: 'group.y',
      cOffset: 'cOffset',
      biasOffset: 'biasOffset',
    };
  }
  return {
    ...plain,
    ...shared,
    setup: `
      ${found(perRow)}
      let bOffset = ${plain.bOffset} + group.z * ${param('groupStride')};
      let biasOffset = ${plain.biasOffset} + group.z * ${plain.n};`,
    firstRow: 'group.x',
    m: 'group.y',
    bOffset: 'bOffset',
    biasOffset: 'biasOffset',
  };
}
