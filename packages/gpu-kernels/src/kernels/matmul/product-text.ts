import { GROUPED_PARAMS, GROUPED_STORAGE, MATMUL_PARAMS, type MatmulVariant } from './variant.ts';

type Name = keyof typeof MATMUL_PARAMS;

/**
 * WGSL of what a product reads, and where that begins and ends: sizes, offsets and strides are parameters, or in a
 * grouped product what a workgroup finds in the table of its groups.
 */
export interface ProductText extends Readonly<Record<Name, string>> {
  /** Declares what the other names stand for; leaves the kernel where there is no such tile. */
  readonly setup: string;
  /** First row of the workgroup's tile of C. */
  readonly firstRow: string;
  /** Number of the workgroup's tile among those side by side. */
  readonly column: string;
  /** First step of k; `k` is the end. */
  readonly firstK: string;
  readonly params: typeof MATMUL_PARAMS;
  /** Bindings besides those of every product. */
  readonly storage: object;
}

/** @param height rows of C that a workgroup computes */
export function productText({ transposeA, grouped }: MatmulVariant, height: number): ProductText {
  const names = Object.fromEntries(
    Object.keys(MATMUL_PARAMS).map((name) => [name, `params.${name}`]),
  ) as Record<Name, string>;
  const plain: ProductText = {
    ...names,
    setup: '',
    firstRow: `workgroup / params.workgroupsPerRow * ${height}u`,
    column: 'workgroup % params.workgroupsPerRow',
    firstK: '0u',
    params: MATMUL_PARAMS,
    storage: {},
  };
  if (!grouped) return plain;
  const shared = { params: { ...MATMUL_PARAMS, ...GROUPED_PARAMS }, storage: GROUPED_STORAGE };
  if (transposeA) {
    return {
      ...plain,
      ...shared,
      setup: `
        let index = workgroup / params.workgroupsPerGroup;
        if (index >= params.groupCount) { return; }
        let group = groups[params.firstGroup + index];
        let cOffset = params.cOffset + group.z * params.groupStride;
        let biasOffset = params.biasOffset + group.z * params.n;`,
      firstRow: `workgroup % params.workgroupsPerGroup / params.workgroupsPerRow * ${height}u`,
      // Whole rows of tiles make a group.
      column: 'workgroup % params.workgroupsPerRow',
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
      let index = workgroup / params.workgroupsPerRow;
      if (index >= params.groupCount) { return; }
      let group = groups[params.firstGroup + index];
      let bOffset = params.bOffset + group.z * params.groupStride;
      let biasOffset = params.biasOffset + group.z * params.n;`,
    firstRow: 'group.x',
    m: 'group.y',
    bOffset: 'bOffset',
    biasOffset: 'biasOffset',
  };
}
