import { resolveModel } from '../../hub/resolve-model.ts';
import { folderSource } from '../../source/folder.ts';
import type { ModelSource } from '../../source/source.ts';
import type { SourceOptions } from '../source-options.ts';

/**
 * The source that a text stands for: a model directory, or else a hub id (`owner/name`, `name`, either with `@revision`),
 * downloaded to the cache unless it is there.
 * @throws UserError as `resolveModel`
 */
export async function sourceOf(text: string, { warn, signal }: SourceOptions = {}): Promise<ModelSource> {
  signal?.throwIfAborted();
  const { directory, name } = await resolveModel(text, { ...(warn && { warn }), signal });
  return folderSource(directory, { name });
}
