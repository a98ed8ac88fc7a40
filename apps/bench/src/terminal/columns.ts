/** Columns that a character may take at most: those that are not ASCII may be wide. */
function columnsOf(character: string): number {
  return character < '\u0080' ? 1 : 2;
}

/** The beginning of a text that takes at most so many columns. */
export function cutToWidth(text: string, columns: number): string {
  let width = 0;
  let kept = '';
  for (const character of text) {
    width += columnsOf(character);
    if (width > columns) return kept;
    kept += character;
  }
  return kept;
}

/** A line broken at spaces where it is longer than the terminal is wide; undefined width: as it is. Tables stay whole. */
export function wrapLine(line: string, columns: number | undefined): string {
  if (columns === undefined || line.length <= columns || /[│┌└]/.test(line)) return line;
  const lines: string[] = [];
  let rest = line;
  while (rest.length > columns) {
    const end = rest.lastIndexOf(' ', columns);
    // A word that is longer than the line is the terminal's to break.
    if (end <= rest.length - rest.trimStart().length) break;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end + 1);
  }
  return [...lines, rest].join('\n');
}
