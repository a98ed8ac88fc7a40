import { sourceOf } from '#platform/source-of.ts';
import type { SourceOptions } from '../platform/source-options.ts';
import { quote } from '../words.ts';
import type { ModelSource } from './source.ts';

/**
 * The source that somebody gave, or that a text stands for.
 * @throws RangeError for what is neither, which JavaScript lets through; UserError as `sourceOf`
 */
export async function givenSource(
  from: string | ModelSource,
  options: SourceOptions = {},
): Promise<ModelSource> {
  if (typeof from === 'string') return sourceOf(from, options);
  if (typeof from?.list === 'function' && typeof from.read === 'function') return from;
  const given = from instanceof URL ? from.href : quote(from);
  throw new RangeError(
    `${given}: a model is read from a text (directory, address or hub id) or from a ModelSource, which has list() and read()`,
  );
}
