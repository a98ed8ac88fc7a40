import type { DType } from './dtype.ts';

/** How an element of a storage binding reads in WGSL, and the tensors that hold it. */
interface ElementType {
  readonly wgsl: string;
  readonly dtype: DType;
}

/**
 * Element types that a kernel's storage binding may have. `f16x2` is a 32-bit word of two halves, the first in the low
 * bits, as `unpack2x16float` takes it: storage as float16 without the feature `shader-f16`.
 */
const ELEMENTS = {
  f32: { wgsl: 'f32', dtype: 'float32' },
  'vec2<f32>': { wgsl: 'vec2<f32>', dtype: 'float32' },
  'vec4<f32>': { wgsl: 'vec4<f32>', dtype: 'float32' },
  u32: { wgsl: 'u32', dtype: 'uint32' },
  'vec2<u32>': { wgsl: 'vec2<u32>', dtype: 'uint32' },
  'vec4<u32>': { wgsl: 'vec4<u32>', dtype: 'uint32' },
  f16x2: { wgsl: 'u32', dtype: 'float16' },
  'vec2<f16x2>': { wgsl: 'vec2<u32>', dtype: 'float16' },
} as const satisfies Record<string, ElementType>;

/** Elements that a kernel's storage bindings may have, in WGSL's words; `f16x2` is a word of two float16. */
export type StorageElement = keyof typeof ELEMENTS;

/** The element's type in WGSL. */
export function elementWgsl(element: StorageElement): string {
  return ELEMENTS[element].wgsl;
}

/** What a tensor must be stored as to be bound as this element. */
export function elementDType(element: StorageElement): DType {
  return ELEMENTS[element].dtype;
}
