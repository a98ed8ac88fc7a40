import { UNASSIGNED, codePoints } from './characters.ts';

const HEX = `${codePoints(0x30, 0x39)}${codePoints(0x41, 0x46)}${codePoints(0x61, 0x66)}`;
// Small letter that became "other letter" in Unicode 17.0.
const PHARYNGEAL = codePoints(0x295);

/** A class by Unicode 16.0, whatever the engine's version: as a class by itself. */
function of16(source: string, lacks = ''): string {
  return `[[${source}]--[${UNASSIGNED}${lacks}]]`;
}

function property(name: string): string {
  if (name === 'Ll') return `[${of16(String.raw`\p{Ll}`)}${PHARYNGEAL}]`;
  if (name === 'Lo') return of16(String.raw`\p{Lo}`, PHARYNGEAL);
  return of16(`\\p{${name}}`);
}

const CATEGORIES: Readonly<Record<string, string>> = {
  ...{ L: 'Letter', Lu: 'Uppercase_Letter', Ll: 'Lowercase_Letter', Lt: 'Titlecase_Letter' },
  ...{ Lm: 'Modifier_Letter', Lo: 'Other_Letter' },
  ...{ M: 'Mark', Mn: 'Nonspacing_Mark', Mc: 'Spacing_Mark', Me: 'Enclosing_Mark' },
  ...{ N: 'Number', Nd: 'Decimal_Number', Nl: 'Letter_Number', No: 'Other_Number' },
  ...{ P: 'Punctuation', Pc: 'Connector_Punctuation', Pd: 'Dash_Punctuation', Ps: 'Open_Punctuation' },
  ...{ Pe: 'Close_Punctuation', Pi: 'Initial_Punctuation', Pf: 'Final_Punctuation', Po: 'Other_Punctuation' },
  ...{ S: 'Symbol', Sm: 'Math_Symbol', Sc: 'Currency_Symbol', Sk: 'Modifier_Symbol', So: 'Other_Symbol' },
  ...{ Z: 'Separator', Zs: 'Space_Separator', Zl: 'Line_Separator', Zp: 'Paragraph_Separator' },
  ...{ Cc: 'Control', Cf: 'Format', Co: 'Private_Use' },
};
const SCRIPTS = [
  ...['Arabic', 'Armenian', 'Bengali', 'Bopomofo', 'Cyrillic', 'Devanagari', 'Ethiopic', 'Georgian', 'Greek'],
  ...['Gujarati', 'Gurmukhi', 'Han', 'Hangul', 'Hebrew', 'Hiragana', 'Kannada', 'Katakana', 'Khmer', 'Lao'],
  ...['Latin', 'Malayalam', 'Mongolian', 'Myanmar', 'Oriya', 'Sinhala', 'Tamil', 'Telugu', 'Thai', 'Tibetan'],
];

/** What a POSIX bracket, `[[:alpha:]]`, stands for. */
export const POSIX: ReadonlyMap<string, string> = new Map([
  ['alpha', of16(String.raw`\p{Alphabetic}`)],
  ['alnum', of16(String.raw`\p{Alphabetic}\p{Nd}`)],
  ['digit', of16(String.raw`\p{Nd}`)],
  ['lower', `[${of16(String.raw`\p{Lowercase}`)}${PHARYNGEAL}]`],
  ['upper', of16(String.raw`\p{Uppercase}`)],
  ['punct', of16(String.raw`\p{P}\p{S}`)],
  ['space', String.raw`[\p{White_Space}]`],
  ['word', of16(String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}`)],
  ['xdigit', `[${HEX}]`],
  ['cntrl', String.raw`[\p{Cc}]`],
]);

/** Names are compared without case, spaces, hyphens and underscores. */
export function propertyName(name: string): string {
  return name.toLowerCase().replaceAll(/[ _-]/g, '');
}

/** What `\p{name}` stands for, by the name as {@link propertyName} gives it. */
export const PROPERTIES: ReadonlyMap<string, string> = new Map([
  ...Object.entries(CATEGORIES).flatMap(([short, long]): [string, string][] => [
    [propertyName(short), property(short)],
    [propertyName(long), property(short)],
  ]),
  ...SCRIPTS.map((script): [string, string] => [propertyName(script), of16(`\\p{Script=${script}}`)]),
  // As properties, punct and word mean something else.
  ...[...POSIX].filter(([name]) => name !== 'punct' && name !== 'word'),
]);

/** What escapes for classes stand for, inside of a class. */
export const CLASS_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['s', POSIX.get('space')!],
  ['d', POSIX.get('digit')!],
  ['w', POSIX.get('word')!],
  ['h', `[${HEX}]`],
]);

/** `\w` by itself has some superscripts and fractions that `[\w]` lacks. */
export const LONE_WORD = `[${POSIX.get('word')!}${codePoints(0xb2, 0xb3)}${codePoints(0xb9)}${codePoints(0xbc, 0xbe)}]`;
