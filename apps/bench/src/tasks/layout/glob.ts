import { UserError } from '@icl-gd/gpu-kernels/errors';
import { cut } from '../../terminal/words.ts';

/** What matching may cost. */
export interface GlobBudget {
  /** Steps times characters that are left. */
  left: number;
}

/** Steps times characters for all patterns on all files of a data set, some seconds; real ones need a hundredth. */
export const GLOB_BUDGET = 5e7;
/** Longest pattern; those of real data sets have some dozens of characters. */
const LONGEST = 1024;

type Step =
  /** One character for which the test holds. */
  | { readonly kind: 'one'; matches(character: string): boolean }
  /** Any number of characters for which the test holds. */
  | { readonly kind: 'many'; matches(character: string): boolean }
  /** Nothing, or any folders and the slash behind them. */
  | { readonly kind: 'folders' };

const noSlash = (character: string): boolean => character !== '/';
const anything = (): boolean => true;

/** Whether a pattern has `*`, `?` or `[`; without them it is a path. */
export function hasMagic(pattern: string): boolean {
  return /[*?[]/.test(pattern);
}

/**
 * A test for the patterns of data sets as Python's `datasets` has them: `*`, `?`, `[a-z]`, `[!a]` within a name and `**` as a
 * whole part of the path. Braces and parentheses stand for themselves. Its time is bounded by the product of both lengths.
 *
 * @param budget shared by all patterns
 * @throws UserError if the pattern is too long or has `**` beside other characters; the test throws one if the budget is used up
 */
export function compileGlob(pattern: string, budget: GlobBudget): (path: string) => boolean {
  const steps = parse(pattern);
  return (path) => {
    if (budget.left < 0)
      throw new UserError(`the patterns are too many or too long for the files; the last is ${cut(pattern)}`);
    return matches(steps, path, budget);
  };
}

function parse(pattern: string): Step[] {
  if (pattern.length > LONGEST)
    throw new UserError(
      `the pattern ${cut(pattern)} has ${pattern.length} characters; at most ${LONGEST} are read`,
    );
  const parts = pattern.split('/');
  return parts.flatMap((part, index) => {
    const last = index === parts.length - 1;
    if (part === '**') return last ? [{ kind: 'many', matches: anything }] : [{ kind: 'folders' }];
    if (part.includes('**'))
      throw new UserError(`the pattern ${cut(pattern)} has ** beside other characters of a name`);
    const slash: Step[] = last ? [] : [{ kind: 'one', matches: (character) => character === '/' }];
    const name = part === '*' ? [oneOf(noSlash), manyOf(noSlash)] : parseName(part);
    return [...name, ...slash];
  });
}

function oneOf(test: (character: string) => boolean): Step {
  return { kind: 'one', matches: test };
}

function manyOf(test: (character: string) => boolean): Step {
  return { kind: 'many', matches: test };
}

function parseName(name: string): Step[] {
  const steps: Step[] = [];
  const part = Array.from(name);
  for (let i = 0; i < part.length; i++) {
    const character = part[i] as string;
    const end = character === '[' ? part.indexOf(']', part[i + 1] === '!' ? i + 3 : i + 2) : -1;
    if (character === '*') steps.push(manyOf(noSlash));
    else if (character === '?') steps.push(oneOf(noSlash));
    else if (end < 0) steps.push(oneOf((other) => other === character));
    else {
      steps.push(oneOf(characterClass(part.slice(i + 1, end))));
      i = end;
    }
  }
  return steps;
}

function characterClass(text: readonly string[]): (character: string) => boolean {
  const negated = text[0] === '!';
  const members = negated ? text.slice(1) : text;
  const ranges: [string, string][] = [];
  for (let i = 0; i < members.length; i++) {
    const isRange = members[i + 1] === '-' && i + 2 < members.length;
    ranges.push([members[i] as string, members[isRange ? i + 2 : i] as string]);
    if (isRange) i += 2;
  }
  return (character) =>
    character !== '/' && ranges.some(([low, high]) => low <= character && character <= high) !== negated;
}

/** Follows all ways through the steps at once, character by character. */
function matches(steps: readonly Step[], path: string, budget: GlobBudget): boolean {
  let reached = closure(steps, new Set([0]));
  // Places inside the folders of a `**`, which end at a slash.
  let inside = new Set<number>();
  for (const character of path) {
    budget.left -= 1 + reached.size + inside.size;
    if (reached.size + inside.size === 0) return false;
    const next = new Set<number>();
    const nextInside = new Set<number>();
    for (const at of reached) {
      const step = steps[at];
      if (step?.kind === 'folders') nextInside.add(at);
      else if (step?.kind === 'many' && step.matches(character)) next.add(at);
      else if (step?.kind === 'one' && step.matches(character)) next.add(at + 1);
    }
    for (const at of inside) {
      nextInside.add(at);
      if (character === '/') next.add(at + 1);
    }
    reached = closure(steps, next);
    inside = nextInside;
  }
  return reached.has(steps.length);
}

/** Steps that may match nothing are passed as well. */
function closure(steps: readonly Step[], places: Set<number>): Set<number> {
  for (const at of places) {
    const kind = steps[at]?.kind;
    if (kind === 'many' || kind === 'folders') places.add(at + 1);
  }
  return places;
}
