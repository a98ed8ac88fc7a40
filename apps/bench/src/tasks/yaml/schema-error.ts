import { UserError } from '@icl-gd/gpu-kernels/errors';
import type { z } from 'zod';
import { cut, listed } from '../../terminal/words.ts';
import { nearest } from './nearest.ts';

const LONGEST_REASON = 200;

/**
 * The first thing that a schema found wrong in a file, as an error of one line.
 *
 * @param at where in the file the checked value stands, as `a.b`; empty for the whole file
 * @param keys the known keys of the object at a place, to name them all where one is unknown
 */
export function schemaError(
  path: string,
  at: string,
  { issues }: z.ZodError,
  keys: (place: string) => readonly string[],
): UserError {
  // A mistyped key first: the key that it should have been is then missing as well.
  const unknownKeys = issues.find(({ code }) => code === 'unrecognized_keys');
  const issue = unknownKeys ?? (issues[0] as z.core.$ZodIssue);
  const place = [at, ...issue.path.map(String)].filter((part) => part !== '').join('.');
  if (issue.code === 'unrecognized_keys') {
    const unknown = issue.keys[0] as string;
    const known = keys(place);
    const hint = nearest(unknown, known);
    const where = place === '' ? '' : ` in "${cut(place)}"`;
    return new UserError(
      `${path}: unknown key "${cut(unknown)}"${where}${hint === undefined ? '' : ` (did you mean ${hint}?)`}; known: ${listed(known)}`,
    );
  }
  const { message } = issue;
  const missing = issue.code === 'invalid_type' && /received undefined/.test(message);
  if (place === '')
    return new UserError(`${path}: expected keys and values (${cut(message, LONGEST_REASON)})`);
  return new UserError(
    `${path}: "${cut(place)}" ${missing ? 'is missing' : cut(lowerFirst(message), LONGEST_REASON)}`,
  );
}

function lowerFirst(message: string): string {
  return /^[A-Z][a-z]/.test(message)
    ? `is wrong: ${message.charAt(0).toLowerCase()}${message.slice(1)}`
    : message;
}
