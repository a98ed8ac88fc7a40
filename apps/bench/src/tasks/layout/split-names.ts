const SYNONYMS: ReadonlyMap<string, readonly string[]> = new Map([
  ['train', ['train', 'training']],
  ['validation', ['validation', 'valid', 'dev', 'val']],
  ['test', ['test', 'testing', 'eval', 'evaluation']],
]);

/** The splits that Python's library finds by the names of files and folders. */
export const FOUND_SPLITS: readonly string[] = [...SYNONYMS.keys()];

/** Names by which a split's files are found, the most usual first. */
export function namesOfSplit(split: string): readonly string[] {
  return SYNONYMS.get(split) ?? [split];
}
