// The separators of Python's str.splitlines; \r\n comes first so that it counts as one.
// oxlint-disable-next-line no-control-regex -- the separators are control characters
const SEPARATOR = /\r\n|[\n\r\v\f\u001C\u001D\u001E\u0085\u2028\u2029]/u;

/** Splits a text into lines as Python's `str.splitlines()` does, leaving empty lines out. */
export function splitLines(text: string): string[] {
  return text.split(SEPARATOR).filter((line) => line !== '');
}
