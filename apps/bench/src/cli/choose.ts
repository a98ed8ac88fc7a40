import { UserError } from '@icl-gd/gpu-kernels/errors';
import { nearest } from '../tasks/yaml/nearest.ts';
import { listed } from '../terminal/words.ts';

/**
 * The known name that the value is, whatever its case.
 *
 * @param option the option's name, for the error
 * @throws UserError naming the known ones, and the most similar of them, if it is none
 */
export function choose<T extends string>(option: string, value: string, known: readonly T[]): T {
  const found = known.find((name) => name.toLowerCase() === value.toLowerCase());
  if (found !== undefined) return found;
  const near = nearest(value, known);
  const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
  throw new UserError(`${option}: unknown ${JSON.stringify(value)}${hint}; known: ${listed(known)}`);
}

/**
 * A comma-separated list of known names.
 *
 * @throws UserError if a name is unknown, empty or given twice
 */
export function chooseList<T extends string>(option: string, text: string, known: readonly T[]): T[] {
  return unique(
    option,
    splitList(option, text).map((value) => choose(option, value, known)),
  );
}

/**
 * A comma-separated list of non-negative integers.
 *
 * @throws UserError if an entry is no such integer or is given twice
 */
export function integerList(option: string, text: string): number[] {
  return unique(
    option,
    splitList(option, text).map((value) => integer(option, value, 0)),
  );
}

/**
 * An integer from `least` to `most`.
 *
 * @throws UserError if the text is none
 */
export function integer(option: string, text: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const value = /^[+-]?\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const open = most === Number.MAX_SAFE_INTEGER && !(value > most);
  const range = open ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new UserError(`${option} ${text}: must be a whole number ${range}`);
}

/**
 * A positive, finite number.
 *
 * @throws UserError if the text is none
 */
export function positiveNumber(option: string, text: string): number {
  const value = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(text) ? Number(text) : Number.NaN;
  if (Number.isFinite(value) && value > 0) return value;
  const range = value === Infinity ? `of at most ${Number.MAX_VALUE}` : 'above 0';
  throw new UserError(`${option} ${text}: must be a number ${range}`);
}

/**
 * A comma-separated list of positive, finite numbers.
 *
 * @throws UserError if an entry is none or is given twice
 */
export function positiveList(option: string, text: string): number[] {
  return unique(
    option,
    splitList(option, text).map((value) => positiveNumber(option, value)),
  );
}

/**
 * A comma-separated list of numbers from 0 to 1.
 *
 * @throws UserError if an entry is none or is given twice
 */
export function shareList(option: string, text: string): number[] {
  return unique(
    option,
    splitList(option, text).map((value) => {
      const share = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : Number.NaN;
      if (share >= 0 && share <= 1) return share;
      throw new UserError(`${option} ${value}: must be a number from 0 to 1`);
    }),
  );
}

function splitList(option: string, text: string): string[] {
  const values = text.split(',').map((value) => value.trim());
  if (values.includes(''))
    throw new UserError(`${option} ${JSON.stringify(text)}: an entry of the list is empty`);
  return values;
}

function unique<T>(option: string, values: T[]): T[] {
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (twice !== undefined) throw new UserError(`${option}: ${String(twice)} is named twice`);
  return values;
}
