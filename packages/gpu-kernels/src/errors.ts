/**
 * What kind of mistake, limit or lack a {@link UserError} is about, for a caller that knows what can be done about it. The
 * README says when each comes.
 */
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
  /** What is stored as float16 cannot be trained. */
  | 'float16-training'
  /** A file could not be written or removed: no space, no permission, a device's error. */
  | 'storage'
  /** A file or folder that is needed is not there. */
  | 'file-missing'
  /** A model of a family, or with an option, that is not supported. */
  | 'unsupported-model'
  /** The hub has no such repository or revision. */
  | 'hub-not-found'
  /** The hub wants a token, or refuses it: the repository is private or gated, or may not exist. */
  | 'hub-access'
  /** The hub, or the network, does not answer now. */
  | 'hub-unavailable'
  /** What is asked for is not in the cache, and downloads are switched off. */
  | 'hub-offline'
  /** A text that cannot be made a prompt, or answer options that cannot be told apart. */
  | 'invalid-text'
  /** The model has no BOS or EOS token. */
  | 'no-special-token';

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
