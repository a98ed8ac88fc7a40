/**
 * What a spreadsheet would run as a formula, or might: a text that begins with =, +, -, @ or one of their full-width forms,
 * perhaps after blanks, or with a tab or line break. A sign alone is none: `-` stands where no method applies.
 */
const FORMULA = /^(?:\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20].|[\t\r\n])/s;
const QUOTE = "'";

/** A text as a table has it: what a spreadsheet would run has an apostrophe before it (as OWASP advises), and is shown as text. */
export function toHarmless(text: string): string {
  return FORMULA.test(withoutQuotes(text)) ? `${QUOTE}${text}` : text;
}

/** The text that {@link toHarmless} was given. */
export function fromHarmless(field: string): string {
  return field.startsWith(QUOTE) && FORMULA.test(withoutQuotes(field)) ? field.slice(1) : field;
}

/** Texts that begin with apostrophes themselves get one more, so that reading back is exact. */
function withoutQuotes(text: string): string {
  return text.replace(/^'+/, '');
}
