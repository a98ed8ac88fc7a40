import { UserError } from '../errors.ts';
import {
  DTYPE_BITS,
  FLOAT_CODECS,
  SAFETENSORS_NAMES,
  type FloatDType,
  encodeFloats,
  firstNonFinite,
} from './dtype.ts';
import { WholeFile } from '../files/whole-file.ts';
import type { LongRunning } from '../long-running.ts';
import { elementCount } from '../shape.ts';

const CHUNK_ELEMENTS = 1 << 20;

/** A tensor to be written. */
export interface NamedTensor {
  readonly name: string;
  /** Row-major; the product of the extents is the length of `data`. */
  readonly shape: readonly number[];
  /** Stored type; values are rounded to the nearest, ties to even. */
  readonly dtype: FloatDType;
  /** All values, or a function that yields them in order in chunks of any size, for what is too large for memory. */
  readonly data: Float32Array | (() => Iterable<Float32Array>);
}

/** A tensor that is stored as it is. */
export type ExactTensor = Pick<NamedTensor, 'name' | 'shape'> &
  (
    | { readonly dtype: 'float64'; readonly data: Float64Array }
    | { readonly dtype: 'int64'; readonly data: BigInt64Array }
  );

type StoredTensor = NamedTensor | ExactTensor;

const STORED_NAMES = { ...SAFETENSORS_NAMES, float64: 'F64', int64: 'I64' } as const;

function elementBytes(dtype: StoredTensor['dtype']): number {
  return DTYPE_BITS.get(STORED_NAMES[dtype])! / 8;
}

/** The length prefix and the JSON header, padded with spaces so that the data begins at a multiple of 8. */
function encodeHeader(
  tensors: readonly StoredTensor[],
  metadata: Record<string, string> | undefined,
): Uint8Array {
  const header = new Map<string, unknown>();
  if (metadata !== undefined) header.set('__metadata__', metadata);
  let end = 0;
  for (const { name, shape, dtype, data } of tensors) {
    if (header.has(name) || name === '__metadata__')
      throw new TypeError(`writeSafetensors: tensor name "${name}" is taken`);
    const count = elementCount(shape);
    if (typeof data !== 'function' && count !== data.length) {
      throw new RangeError(
        `writeSafetensors: tensor "${name}" has ${data.length} values for shape [${shape.join(', ')}]`,
      );
    }
    const begin = end;
    end += count * elementBytes(dtype);
    header.set(name, { dtype: STORED_NAMES[dtype], shape, data_offsets: [begin, end] });
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, 8);
  return bytes;
}

/** Index of the first value that the dtype cannot hold (NaN, infinite, or rounded to infinity), -1 if there is none. */
function firstUnstorable(source: Float32Array, encoded: Uint8Array, dtype: FloatDType): number {
  const bad = firstNonFinite(source);
  if (bad >= 0 || dtype === 'float32') return bad;
  const stored = new Float32Array(source.length);
  FLOAT_CODECS.get(SAFETENSORS_NAMES[dtype])!.decode(encoded.slice().buffer, stored);
  return firstNonFinite(stored);
}

async function writeTensor(
  file: { append(bytes: Uint8Array): Promise<void> },
  path: string,
  tensor: StoredTensor,
): Promise<void> {
  const { name, shape } = tensor;
  if (tensor.dtype === 'float64' || tensor.dtype === 'int64') {
    const bad = tensor.dtype === 'int64' ? -1 : tensor.data.findIndex((value) => !Number.isFinite(value));
    if (bad >= 0)
      throw new UserError(`${path}: not written, tensor "${name}" is ${tensor.data[bad]} at element ${bad}`);
    const { buffer, byteOffset, byteLength } = tensor.data;
    await file.append(new Uint8Array(buffer, byteOffset, byteLength));
    return;
  }
  const { dtype, data } = tensor;
  let written = 0;
  for (const chunk of typeof data === 'function' ? data() : [data]) {
    for (let start = 0; start < chunk.length; start += CHUNK_ELEMENTS) {
      const source = chunk.subarray(start, start + CHUNK_ELEMENTS);
      const encoded = encodeFloats(source, dtype);
      const bad = firstUnstorable(source, encoded, dtype);
      if (bad >= 0) {
        throw new UserError(
          `${path}: not written, tensor "${name}" is ${source[bad]} at element ${written + bad}, which ${dtype} cannot store`,
        );
      }
      await file.append(encoded);
      written += source.length;
    }
  }
  if (written !== elementCount(shape))
    throw new RangeError(
      `writeSafetensors: tensor "${name}" gave ${written} values for shape [${shape.join(', ')}]`,
    );
}

/**
 * Writes a safetensors file. It appears under its name only when it is complete (temporary file, then rename); its folder is
 * made if there is none. The data is ordered by element size, largest first, so that every tensor is aligned.
 *
 * @param metadata free strings, stored as `__metadata__`
 * @param options progress is in bytes, after every few megabytes
 * @throws the signal's reason if it is aborted: no file is left, and an older one stays; UserError if the file cannot
 *   be written or a value is NaN, infinite or too large for its dtype; TypeError or RangeError if a name is used twice
 *   or a shape does not fit its data
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly StoredTensor[],
  metadata?: Record<string, string>,
  { signal, onProgress }: LongRunning = {},
): Promise<void> {
  signal?.throwIfAborted();
  const ordered = tensors.toSorted((a, b) => elementBytes(b.dtype) - elementBytes(a.dtype));
  const header = encodeHeader(ordered, metadata);
  const total = ordered.reduce(
    (sum, { shape, dtype }) => sum + elementCount(shape) * elementBytes(dtype),
    header.length,
  );
  let finished = 0;
  const file = await WholeFile.create(path);
  const append = async (bytes: Uint8Array): Promise<void> => {
    signal?.throwIfAborted();
    await file.append(bytes);
    finished += bytes.length;
    onProgress?.({ finished, total });
  };
  try {
    await append(header);
    for (const tensor of ordered) await writeTensor({ append }, path, tensor);
    signal?.throwIfAborted();
  } catch (error) {
    await file.abandon();
    throw error;
  }
  await file.publish({ sync: true });
}
