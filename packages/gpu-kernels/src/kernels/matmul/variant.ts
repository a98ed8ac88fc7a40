import type { Kernel, ParamType } from '../../runtime/kernel.ts';

export interface Tile {
  /** Rows and columns of C per invocation. */
  readonly rows: number;
  readonly columns: number;
  readonly workgroup: readonly [number, number];
}

/** All that is baked into a kernel's text; sizes are parameters, so that sequence lengths never recompile. */
export interface MatmulVariant {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** vec4 loads along the contiguous dimension; needs sizes, strides and offsets that are multiples of 4. */
  readonly vectorized: boolean;
  /** How B is stored; it is widened to float32 as it is loaded. */
  readonly dtypeB: 'float32' | 'float16';
  readonly tile: Tile;
}

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
  groupsPerRow: 'u32',
  useBias: 'u32',
  accumulate: 'u32',
} as const satisfies Record<string, ParamType>;

export type MatmulKernel = Kernel<string, keyof typeof MATMUL_PARAMS>;

export function matmulStorage(
  dtypeB: MatmulVariant['dtypeB'],
  vectorA: boolean,
  vectorB: boolean,
): Record<string, string> {
  const b = dtypeB === 'float16' ? (vectorB ? 'vec2<u32>' : 'u32') : vectorB ? 'vec4<f32>' : 'f32';
  return { a: vectorA ? 'vec4<f32>' : 'f32', b, bias: 'f32', c: '&f32' };
}

/**
 * WGSL of `fn loadB(at) -> f32`, or `-> vec4<f32>` with `at` counting vectors: an element of B in float32. Halves are
 * unpacked without the feature `shader-f16`, which software adapters lack.
 */
export function loadB(dtypeB: MatmulVariant['dtypeB'], vector: boolean): string {
  const type = vector ? 'vec4<f32>' : 'f32';
  const body =
    dtypeB === 'float32'
      ? 'return b[at];'
      : vector
        ? 'let words = b[at]; return vec4<f32>(unpack2x16float(words.x), unpack2x16float(words.y));'
        : 'return unpack2x16float(b[at / 2u])[at % 2u];';
  return `fn loadB(at: u32) -> ${type} { ${body} }`;
}
