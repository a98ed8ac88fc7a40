import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** What a map names and neither holds nor finds: sources, each as `map: source`. */
export function brokenMaps(file: string): string[] {
  const { sources, sourceRoot, sourcesContent } = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly sources: readonly string[];
    readonly sourceRoot?: string;
    readonly sourcesContent?: readonly (string | null)[];
  };
  return sources
    .filter(
      (source, i) =>
        typeof sourcesContent?.[i] !== 'string' &&
        !existsSync(resolve(dirname(file), sourceRoot ?? '', source)),
    )
    .map((source) => `${file}: ${source}`);
}
