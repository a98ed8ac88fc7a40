import type { Kernel, ParameterType, StorageType } from '../../runtime/kernel.ts';
import type { StorageElement } from '../../runtime/storage-element.ts';
import type { MatmulLayout } from '../../runtime/tuning.ts';

/** What is baked into a kernel's text; sizes are parameters, so that sequence lengths never recompile. */
export interface MatmulVariant {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** How B is stored; it is widened to float32 as it is loaded. */
  readonly dtypeB: 'float32' | 'float16';
  /** Whether runs of rows have matrices of their own. */
  readonly grouped?: boolean;
}

/** A variant and what some kernels have in their text besides, others among their parameters. */
export interface AddedVariant extends MatmulVariant {
  /** Whether C is added to. */
  readonly accumulate: boolean;
}

/** Offsets and strides count elements; a workgroup computes one tile of C, and `workgroupsPerRow` of them lie side by side. */
export const MATMUL_PARAMS = {
  m: 'u32',
  n: 'u32',
  k: 'u32',
  aOffset: 'u32',
  aStride: 'u32',
  bOffset: 'u32',
  bStride: 'u32',
  cOffset: 'u32',
  cStride: 'u32',
  biasOffset: 'u32',
  workgroupsPerRow: 'u32',
  useBias: 'u32',
  accumulate: 'u32',
} as const satisfies Record<string, ParameterType>;

/** What a grouped product has besides. */
export const GROUPED_PARAMS = {
  /** First of its entries in the table of the groups, and their number. */
  firstGroup: 'u32',
  groupCount: 'u32',
  /** Elements from one matrix of B, or of C, to the next group's. */
  groupStride: 'u32',
  /** With a transposed A. */
  workgroupsPerGroup: 'u32',
} as const satisfies Record<string, ParameterType>;

export const GROUPED_STORAGE = { groups: 'vec4<u32>' } as const satisfies Record<string, StorageType>;

export type MatmulKernel = Kernel<'a' | 'b' | 'bias' | 'c', keyof typeof MATMUL_PARAMS>;

export type GroupedMatmulKernel = Kernel<
  keyof MatmulKernel['storage'] | keyof typeof GROUPED_STORAGE,
  keyof MatmulKernel['params'] | keyof typeof GROUPED_PARAMS
>;

/** The operands as a variant binds them, A or B in vectors of four elements or one by one. */
export function matmulStorage(
  dtypeB: MatmulVariant['dtypeB'],
  vectorA: boolean,
  vectorB: boolean,
): Record<'a' | 'b' | 'bias' | 'c', StorageType> {
  const elementB: Record<MatmulVariant['dtypeB'], StorageElement> = {
    float32: vectorB ? 'vec4<f32>' : 'f32',
    float16: vectorB ? 'vec2<f16x2>' : 'f16x2',
  };
  return { a: vectorA ? 'vec4<f32>' : 'f32', b: elementB[dtypeB], bias: 'f32', c: '&f32' };
}

/**
 * WGSL of `fn loadB(at) -> f32`, or `-> vec4<f32>` with `at` counting vectors: an element of B in float32. Halves are
 * unpacked without the feature `shader-f16`, which software adapters lack.
 * @param names of the function and of the binding
 */
export function loadB(dtypeB: MatmulVariant['dtypeB'], vector: boolean, [name, b] = ['loadB', 'b']): string {
  const type = vector ? 'vec4<f32>' : 'f32';
  if (dtypeB === 'float32') {
    return `
      fn ${name}(at: u32) -> ${type} {
        return ${b}[at];
      }`;
  }
  return vector
    ? `
      fn ${name}(at: u32) -> ${type} {
        let words = ${b}[at];
        return vec4<f32>(unpack2x16float(words.x), unpack2x16float(words.y));
      }`
    : `
      fn ${name}(at: u32) -> ${type} {
        return unpack2x16float(${b}[at / 2u])[at % 2u];
      }`;
}

/** What a kernel's label says of its variant. */
export function labelOf(variant: MatmulVariant): string {
  return `${variant.grouped ? 'grouped.' : ''}${layoutOf(variant)}`;
}

export function layoutOf({
  transposeA,
  transposeB,
}: Pick<MatmulVariant, 'transposeA' | 'transposeB'>): MatmulLayout {
  if (transposeA) return 'TN';
  return transposeB ? 'NT' : 'NN';
}
