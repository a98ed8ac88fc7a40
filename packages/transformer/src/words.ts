const LONGEST_NAME = 60;
const LONGEST_LIST = 200;

/** A text from elsewhere as it may stand in a message: on one line, without control characters, cut where it is long. */
export function shown(text: string, longest = 120): string {
  return cut(escaped(text), longest);
}

/** A value from elsewhere in a message, a text in quotes; what is inside of objects and lists is not spelt out. */
export function quote(value: unknown): string {
  if (typeof value === 'string') return escaped(JSON.stringify(cut(value, LONGEST_NAME)));
  if (Array.isArray(value)) return '[…]';
  return typeof value === 'object' && value !== null ? '{…}' : String(value);
}

function escaped(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** At most so many characters of a text, none of them halved. */
function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const start = text.slice(0, longest);
  return `${start.isWellFormed() ? start : start.slice(0, -1)}…`;
}

/** Some names in one line, the first of them and how many there are besides. */
export function listed(names: readonly string[], most = 12): string {
  const some = names.slice(0, most).map((name) => shown(name, LONGEST_NAME));
  let text = some.join(', ');
  while (text.length > LONGEST_LIST && some.length > 1) {
    some.pop();
    text = some.join(', ');
  }
  return names.length > some.length ? `${text} and ${names.length - some.length} more` : text;
}
