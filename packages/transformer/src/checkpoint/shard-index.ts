import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../errors.ts';
import { readTextFile, staysInside } from './files.ts';
import { MAX_NAME, MAX_TENSORS } from './header.ts';
import { type JsonLimits, duplicateKey, parseJson } from './json-file.ts';

const WHAT = 'shard index';

const INDEX_LIMITS: JsonLimits = {
  bytes: 100_000_000,
  depth: 64,
  values: 2 * MAX_TENSORS,
  keys: MAX_TENSORS,
};

/** Tensor name -> file name of its shard, relative to the model directory. */
export type ShardIndex = ReadonlyMap<string, string>;

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/**
 * @param file the index's name within the directory
 * @throws UserError if the index is not JSON, has no weight_map, or names a shard outside of the directory
 */
export async function readShardIndex(directory: string, file: string): Promise<ShardIndex> {
  const path = join(directory, file);
  const text = await readTextFile(path, WHAT, INDEX_LIMITS.bytes);
  const parsed = indexSchema.safeParse(parseJson(text, path, WHAT, INDEX_LIMITS));
  if (!parsed.success) {
    throw new UserError(`${path}: the ${WHAT} has no "weight_map" from tensor names to file names`);
  }
  const duplicate = duplicateKey(text);
  if (duplicate !== undefined)
    throw new UserError(`${path}: the ${WHAT} names ${JSON.stringify(duplicate.slice(0, 100))} twice`);
  const index = new Map(Object.entries(parsed.data.weight_map));
  if (index.size === 0) throw new UserError(`${path}: the "weight_map" is empty`);
  for (const [tensor, shard] of index) {
    if (tensor.length > MAX_NAME || shard.length > MAX_NAME)
      throw new UserError(`${path}: a name in it has more than ${MAX_NAME} characters`);
    if (!staysInside(shard)) {
      throw new UserError(
        `${path}: tensor ${JSON.stringify(tensor)} is placed in ${JSON.stringify(shard)}, which is no file of this directory`,
      );
    }
  }
  return index;
}
