/**
 * What a terminal obeys instead of showing it: control characters (C0, DEL, C1), line and paragraph separators, and the
 * characters that change the direction of what stands around them.
 */
const OBEYED = /[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu;
/** The same but for line feeds and tabs, with which our own text is laid out. */
const OBEYED_IN_TEXT = new RegExp(String.raw`(?![\n\t])${OBEYED.source}`, 'gu');

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The text in one line with nothing in it that a terminal would obey: control characters as `\n`, `\u001b`. */
export function visible(text: string): string {
  return text.replaceAll(OBEYED, escaped);
}

/** As {@link visible}, but for text of several lines and columns, whose line feeds and tabs are ours. */
export function visibleText(text: string): string {
  return text.replaceAll(OBEYED_IN_TEXT, escaped);
}

function escaped(character: string): string {
  // As JSON has it, so that escaped JSON is the same JSON.
  return NAMED[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** The text, with … for its middle if it has more than `most` UTF-16 units. */
export function cutMiddle(text: string, most: number): string {
  if (text.length <= most) return text;
  const kept = most - 1;
  // No half of a surrogate pair on either side.
  const head = text.slice(0, Math.ceil(kept / 2)).replace(/[\uD800-\uDBFF]$/, '');
  const tail = text.slice(text.length - Math.floor(kept / 2)).replace(/^[\uDC00-\uDFFF]/, '');
  return `${head}…${tail}`;
}
