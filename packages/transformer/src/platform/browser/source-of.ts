import { httpSource } from '../../source/http.ts';
import type { ModelSource } from '../../source/source.ts';
import type { SourceOptions } from '../source-options.ts';

/**
 * The source that a text stands for: a folder on a web server if it begins with `/`, `./`, `../`, `http://` or `https://`.
 */
export async function sourceOf(text: string, { signal }: SourceOptions = {}): Promise<ModelSource> {
  return httpSource(text, { ...(signal && { signal }) });
}
