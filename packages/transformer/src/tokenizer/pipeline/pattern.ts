import { z } from 'zod';
import { codePoints } from './characters.ts';
import { type Place } from './component.ts';
import { compileOniguruma } from './oniguruma.ts';

/** A stretch of a text, and whether the pattern matches it. */
export type Stretch = readonly [start: number, end: number, matched: boolean];

/** Cuts a text into what a pattern matches and what lies between, in order. */
export type Find = (text: string) => Stretch[];

export const patternSchema = z.union(
  [z.strictObject({ String: z.string() }), z.strictObject({ Regex: z.string() })],
  'must be {"String": …} or {"Regex": …}',
);

/** What becomes of the matches of a Split or Punctuation. */
export const behaviors = [
  'Removed',
  'Isolated',
  'MergedWithPrevious',
  'MergedWithNext',
  'Contiguous',
] as const;
export type Behavior = (typeof behaviors)[number];

/** @throws UserError naming what in a regular expression is not supported */
export function findMatches(pattern: z.infer<typeof patternSchema>, place: Place): Find {
  if ('Regex' in pattern) return findRegExp(compileOniguruma(pattern.Regex, place));
  const literal = [...pattern.String].map((letter) => codePoints(letter.codePointAt(0)!)).join('');
  return findRegExp(new RegExp(literal, 'gv'));
}

/** Whether a place is between the halves of a character. */
function isLowSurrogate(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return index > 0 && unit >= 0xdc00 && unit <= 0xdfff;
}

/** For a pattern with the flags g and v. */
export function findRegExp(pattern: RegExp): Find {
  return (text) => {
    if (text === '') return [[0, 0, false]];
    const stretches: Stretch[] = [];
    let end = 0;
    let from = 0;
    let lastMatch = -1;
    while (from <= text.length) {
      pattern.lastIndex = from;
      const match = pattern.exec(text);
      if (match === null) break;
      const start = match.index;
      if (isLowSurrogate(text, start) && match[0] === '') {
        // V8 finds empty matches inside of a surrogate pair, where no character begins.
        from = start + 1;
        continue;
      }
      const stop = start + match[0].length;
      // An empty match right after a match does not count.
      if (start === stop && stop === lastMatch) {
        from += text.codePointAt(from)! > 0xffff ? 2 : 1;
        continue;
      }
      if (end !== start) stretches.push([end, start, false]);
      stretches.push([start, stop, true]);
      end = stop;
      from = stop;
      lastMatch = stop;
    }
    if (end !== text.length) stretches.push([end, text.length, false]);
    return stretches;
  };
}

/** A text with other content where stretches match. */
export function replaced(text: string, stretches: readonly Stretch[], content: string): string {
  return stretches.map(([start, end, matched]) => (matched ? content : text.slice(start, end))).join('');
}

/** The pieces of a text cut into stretches; none is empty. `inverted`: what does not match is treated as a match. */
export function split(
  text: string,
  stretches: readonly Stretch[],
  behavior: Behavior,
  inverted = false,
): string[] {
  const pieces: [start: number, end: number][] = [];
  const ordered = behavior === 'MergedWithNext' ? stretches.toReversed() : stretches;
  let previous: boolean | undefined;
  for (const [start, end, found] of ordered) {
    const matched = found !== inverted;
    const last = pieces.at(-1);
    const joins =
      behavior === 'Contiguous'
        ? matched === previous
        : behavior.startsWith('Merged') && matched && previous !== true;
    if (joins && last !== undefined) {
      if (behavior === 'MergedWithNext') last[0] = start;
      else last[1] = end;
    } else if (behavior !== 'Removed' || !matched) {
      pieces.push([start, end]);
    }
    previous = matched;
  }
  if (behavior === 'MergedWithNext') pieces.reverse();
  return pieces.filter(([start, end]) => start !== end).map(([start, end]) => text.slice(start, end));
}
