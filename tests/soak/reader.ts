import type { Pcg64 } from '@icl-gd/transformer';

/** A valid input, and how it is read. */
export interface FileSubject {
  /** The file that is damaged. */
  readonly file: string;
  readonly read: () => Promise<unknown>;
}

/** Something that takes input from outside. */
export interface Reader {
  readonly name: string;
  /** How many inputs it gets for one of the others. */
  readonly share: number;
  /**
   * Puts valid inputs into an empty folder and gives what tries the next damaged one.
   * @returns reads one input that the generator chose; throws UserError where the input is refused
   */
  readonly prepare: (folder: string) => Promise<(random: Pcg64) => Promise<unknown>>;
}
