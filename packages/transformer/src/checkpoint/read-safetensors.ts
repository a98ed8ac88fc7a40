import { basename, dirname } from 'node:path';
import { UserError } from '../errors.ts';
import { FLOAT_CODECS } from './dtype.ts';
import { readHeader } from './header.ts';
import { folderSource } from '../source/folder.ts';
import { OpenedFile } from '../source/opened-file.ts';
import type { ModelSource } from '../source/source.ts';

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
  const folder = folderSource(dirname(path));
  const source: ModelSource = {
    name: folder.name,
    list: () => folder.list(),
    stat: (file) => folder.stat!(file),
    read: (file, offset, length, options) => folder.read(file, offset, length, options),
    locate: () => path,
  };
  const opened = await OpenedFile.open(source, basename(path), 'safetensors file');
  const loaded = new Map<string, LoadedTensor>();
  for (const { name, shape, dtype, offset, bytes } of await readHeader(opened)) {
    const codec = FLOAT_CODECS.get(dtype);
    if (!codec)
      throw new UserError(`${path}: tensor ${JSON.stringify(name)} has dtype ${dtype}, which is not read`);
    const data = new Float32Array(bytes / codec.bytes);
    const into = new Uint8Array(bytes);
    await opened.read(offset, bytes, `tensor ${JSON.stringify(name)}`, { into });
    codec.decode(into.buffer, data);
    loaded.set(name, { shape, data });
  }
  return loaded;
}
