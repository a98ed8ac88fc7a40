// Controls but tab and line feed, line separators, and what turns the direction of a text.
const UNPRINTABLE = /(?![\t\n])[\p{Cc}\u{2028}\u{2029}\u{202a}-\u{202e}\u{2066}-\u{2069}]/u;
/** What the command line cuts messages to, with a little over for `icl-gd: ` and the line's end. */
const LONGEST = 310;

/** @throws Error for a text that would do something to a terminal, or fill it with one line */
export function requirePrintable(text: string, longest = LONGEST): void {
  const found = UNPRINTABLE.exec(text);
  if (found)
    throw new Error(
      `prints U+${found[0].codePointAt(0)!.toString(16)}: ${JSON.stringify(text.slice(0, 400))}`,
    );
  const line = text.split('\n').find(({ length }) => length > longest);
  if (line !== undefined) throw new Error(`a line of ${line.length} characters: ${line.slice(0, 200)} …`);
}
