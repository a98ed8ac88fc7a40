import { httpSource } from '../../source/http.ts';
import { hubSource } from '../../source/hub.ts';
import type { ModelSource } from '../../source/source.ts';
import type { SourceOptions } from '../source-options.ts';

/**
 * The source that a text stands for: a folder on a web server if it begins with `/`, `./`, `../`, `http://` or `https://`,
 * else a hub id (`owner/name`, `name`, either with `@revision`) whose files are read from the hub.
 * @throws UserError if it is none of these
 */
export async function sourceOf(text: string, { signal }: SourceOptions = {}): Promise<ModelSource> {
  const options = signal ? { signal } : {};
  return /^(\/|\.\.?\/|https?:\/\/)/i.test(text) ? httpSource(text, options) : hubSource(text, options);
}
