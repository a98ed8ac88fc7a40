/** Types of WGSL as far as kernels use them. */
export type Type =
  | { readonly kind: 'scalar'; readonly name: 'u32' | 'i32' | 'f32' | 'f16' | 'bool' }
  | { readonly kind: 'vector'; readonly size: number; readonly of: Type }
  | { readonly kind: 'array'; readonly size: number | undefined; readonly of: Type }
  | { readonly kind: 'matrix'; readonly of: Type; readonly columns: number; readonly rows: number }
  | { readonly kind: 'struct'; readonly members: ReadonlyMap<string, Type> }
  | { readonly kind: 'void' };

/** A buffer or an array of workgroup memory. */
export interface MemoryDeclaration {
  readonly name: string;
  readonly space: 'storage' | 'workgroup';
  readonly element: Type;
  /** Elements; of buffers as many as are bound. */
  readonly size: number | undefined;
  readonly writable: boolean;
}

const scalar = (name: 'u32' | 'i32' | 'f32' | 'f16' | 'bool'): Type => ({ kind: 'scalar', name });

export const [U32, I32, F32, F16, BOOL] = [
  scalar('u32'),
  scalar('i32'),
  scalar('f32'),
  scalar('f16'),
  scalar('bool'),
] as const;
export const VOID: Type = { kind: 'void' };

/** The element of a vector or array, else the type itself. */
export function elementOf(type: Type): Type {
  return type.kind === 'vector' || type.kind === 'array' ? type.of : type;
}

/** Numbers that a value of the type consists of. */
export function widthOf(type: Type): number {
  return type.kind === 'vector' ? type.size : 1;
}

/** JavaScript of a value whose components are zero. */
export function zeroOf(type: Type): string {
  switch (type.kind) {
    case 'scalar':
      return type.name === 'bool' ? 'false' : '0';
    case 'vector':
      return `[${Array.from({ length: type.size }, () => '0').join(', ')}]`;
    case 'array':
      return `Array.from({ length: ${type.size} }, () => ${zeroOf(type.of)})`;
    case 'matrix':
      return `env.zeroMatrix(${type.rows}, ${type.columns})`;
    default:
      throw new Error(`no zero of ${type.kind}`);
  }
}

/** JavaScript that rounds a number to the type. */
export function roundTo(type: Type, code: string): string {
  if (type.kind !== 'scalar') throw new Error(`rounding to ${type.kind}`);
  switch (type.name) {
    case 'f32':
      return `Math.fround(${code})`;
    case 'f16':
      return `Math.f16round(${code})`;
    case 'u32':
      return `((${code}) >>> 0)`;
    case 'i32':
      return `((${code}) | 0)`;
    case 'bool':
      return code;
  }
}
