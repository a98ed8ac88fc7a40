import { open } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import { FLOAT_CODECS } from './dtype.ts';
import { fileError } from './files.ts';
import { readExactly, readHeader } from './header.ts';

/** A tensor as it was read. */
export interface LoadedTensor {
  /** Row-major extents; their product is the length of `data`. */
  readonly shape: readonly number[];
  /** Values widened or narrowed to float32. */
  readonly data: Float32Array;
}

/**
 * Reads all tensors of one safetensors file, by name.
 * @throws UserError naming the file, and the tensor where there is one, for every fault of the format or a dtype that is
 *   no floating-point type
 */
export async function readSafetensors(path: string): Promise<ReadonlyMap<string, LoadedTensor>> {
  let handle;
  try {
    handle = await open(path);
  } catch (error) {
    throw fileError(path, 'safetensors file', error);
  }
  try {
    const loaded = new Map<string, LoadedTensor>();
    for (const { name, shape, dtype, offset, bytes } of await readHeader(handle, path)) {
      const codec = FLOAT_CODECS.get(dtype);
      if (!codec)
        throw new UserError(`${path}: tensor ${JSON.stringify(name)} has dtype ${dtype}, which is not read`);
      const data = new Float32Array(bytes / codec.bytes);
      const stored = new Uint8Array(bytes);
      await readExactly(handle, stored, offset, path, `tensor ${JSON.stringify(name)}`);
      codec.decode(stored.buffer, data);
      loaded.set(name, { shape, data });
    }
    return loaded;
  } finally {
    await handle.close();
  }
}
