import { closest, distance } from 'fastest-levenshtein';

/** The known name most similar to the text, for "did you mean"; undefined if none is similar. */
export function nearest(text: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const found = closest(text.toLowerCase(), known as string[]);
  const likely = distance(text.toLowerCase(), found.toLowerCase()) <= Math.max(2, text.length / 3);
  return likely ? found : undefined;
}
