import { expect } from 'vitest';
import { UserError } from '../../errors.ts';

/** The message of the UserError, in one line, that a promise has to be rejected with. */
export async function refusalOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  const { message } = error as UserError;
  expect(message).not.toMatch(/\n/);
  return message;
}
