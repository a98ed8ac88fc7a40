import { z } from 'zod';
import { UserError } from '../errors.ts';
import { MAX_NAME, MAX_TENSORS } from './header.ts';
import { type JsonLimits, duplicateKey, parseJson } from './json-file.ts';
import { readText } from '../source/opened-file.ts';
import { type ModelSource, placeOf, staysInside } from '../source/source.ts';

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
 * @param file the index's name
 * @throws UserError if the index is not JSON, has no weight_map, or names a shard outside of the directory
 */
export async function readShardIndex(
  source: ModelSource,
  file: string,
  signal?: AbortSignal,
): Promise<ShardIndex> {
  const path = placeOf(source, file);
  const text = await readText(source, file, WHAT, { maxBytes: INDEX_LIMITS.bytes, signal });
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
