import * as tables from './unicode-tables.ts';

/** The inside of a character class, for patterns with the flag v: single characters by number, so that nothing needs escaping. */
export type ClassSource = string;

export function codePoints(first: number, last = first): ClassSource {
  const hex = (point: number): string => `\\u{${point.toString(16)}}`;
  return first === last ? hex(first) : `${hex(first)}-${hex(last)}`;
}

function fromTable(table: string): ClassSource {
  const ranges: string[] = [];
  let start = 0;
  let inside = false;
  for (const length of table.split(' ').map((digits) => Number.parseInt(digits, 36))) {
    if (inside) ranges.push(codePoints(start, start + length - 1));
    start += length;
    inside = !inside;
  }
  return ranges.join('');
}

/** What Oniguruma's Unicode, 16.0, leaves unassigned, whatever the engine's own makes of it. */
export const UNASSIGNED = fromTable(tables.UNASSIGNED);
export const PUNCTUATION = fromTable(tables.PUNCTUATION);
export const ACCENT = fromTable(tables.ACCENT);
export const COMBINING_MARK = fromTable(tables.COMBINING_MARK);
export const CONTROL = fromTable(tables.CONTROL);
export const NOT_NORMALIZED = fromTable(tables.NOT_NORMALIZED);
export const WHITE_SPACE = String.raw`\p{White_Space}`;

/** A pattern that finds runs of characters of a class, or of those outside of it. */
export function runsOf(source: ClassSource, outside = false): RegExp {
  return new RegExp(`[${outside ? '^' : ''}${source}]+`, 'gv');
}

export function oneOf(source: ClassSource): RegExp {
  return new RegExp(`[${source}]`, 'gv');
}
