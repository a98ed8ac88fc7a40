import { decodeFloat16, encodeFloat16 } from '@icl-gd/gpu-kernels';
import { UserError } from '../errors.ts';

/** Bits per element of every dtype that the safetensors format knows. */
export const DTYPE_BITS: ReadonlyMap<string, number> = new Map([
  ['BOOL', 8],
  ['F4', 4],
  ['F6_E2M3', 6],
  ['F6_E3M2', 6],
  ['U8', 8],
  ['I8', 8],
  ['F8_E5M2', 8],
  ['F8_E4M3', 8],
  ['F8_E8M0', 8],
  ['F8_E4M3FNUZ', 8],
  ['F8_E5M2FNUZ', 8],
  ['I16', 16],
  ['U16', 16],
  ['F16', 16],
  ['BF16', 16],
  ['I32', 32],
  ['U32', 32],
  ['F32', 32],
  ['C64', 64],
  ['F64', 64],
  ['I64', 64],
  ['U64', 64],
]);

interface FloatCodec {
  readonly bytes: number;
  /** Widens or narrows `source` (little-endian elements, aligned to their size) into `target`. */
  decode(source: ArrayBuffer, target: Float32Array): void;
}

/** The dtypes that are read as float32. */
export const FLOAT_CODECS: ReadonlyMap<string, FloatCodec> = new Map<string, FloatCodec>([
  ['F32', { bytes: 4, decode: (source, target) => target.set(new Float32Array(source, 0, target.length)) }],
  ['F64', { bytes: 8, decode: (source, target) => target.set(new Float64Array(source, 0, target.length)) }],
  [
    'F16',
    {
      bytes: 2,
      decode: (source, target) => decodeFloat16(new Uint16Array(source, 0, target.length), target),
    },
  ],
  ['BF16', { bytes: 2, decode: decodeBfloat16 }],
]);

/** @throws UserError if weights are not read from tensors of this dtype */
export function codecOf({ file, name, dtype }: { file: string; name: string; dtype: string }): FloatCodec {
  const codec = FLOAT_CODECS.get(dtype);
  if (codec !== undefined) return codec;
  throw new UserError(
    `${file}: tensor ${JSON.stringify(name)} has dtype ${dtype}; weights are read from ${[...FLOAT_CODECS.keys()].join(', ')}`,
  );
}

function decodeBfloat16(source: ArrayBuffer, target: Float32Array): void {
  const upperHalves = new Uint16Array(source, 0, target.length);
  const words = new Uint32Array(target.buffer, target.byteOffset, target.length);
  for (let i = 0; i < words.length; i++) words[i] = upperHalves[i]! << 16;
}

/** The dtypes that float32 data can be written as, by the names that PyTorch gives them. */
export type FloatDType = 'float32' | 'float16' | 'bfloat16';

/** What a safetensors header calls them. */
export const SAFETENSORS_NAMES = {
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
} as const satisfies Record<FloatDType, string>;

/** Rounds to the nearest value of the dtype, ties to even; the bytes are little-endian. */
export function encodeFloats(source: Float32Array, dtype: FloatDType): Uint8Array {
  if (dtype === 'float32') return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  if (dtype === 'float16') return new Uint8Array(encodeFloat16(source).buffer);
  const words = new Uint32Array(source.buffer, source.byteOffset, source.length);
  const upperHalves = new Uint16Array(words.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    upperHalves[i] = (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return new Uint8Array(upperHalves.buffer);
}

/** Index of the first NaN or infinity, -1 if there is none. */
export function firstNonFinite(values: Float32Array): number {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < words.length; i++) {
    if ((words[i]! & 0x7f800000) === 0x7f800000) return i;
  }
  return -1;
}
