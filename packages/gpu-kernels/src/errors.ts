/** What kind of limit or lack a {@link UserError} is about, for a caller that knows what can be done about it. */
export type UserErrorCode =
  | 'no-adapter'
  /** A device allows less than the kernels need, or lacks a feature of theirs. */
  | 'unfit-device'
  | 'out-of-memory'
  | 'device-full'
  | 'memory-budget'
  | 'buffer-limit'
  | 'binding-limit'
  | 'float16-range'
  /** A file could not be written or removed: no space, no permission, a device's error. */
  | 'storage';

/**
 * A mistake in the user's input (file, value, size), or more than the machine can do. The message stands alone: what was
 * wrong, where and by how much. It names no command-line options: who has options adds the advice by `code`.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly code: UserErrorCode | undefined;

  constructor(message: string, code?: UserErrorCode) {
    super(message);
    this.code = code;
  }
}
