import { UserError } from '../errors.ts';

/** A file of a source. */
export interface SourceFile {
  /** Relative, with `/` between folders. */
  readonly name: string;
  readonly bytes: number;
}

/** How a part of a file is read. */
export interface ReadOptions {
  /** Ends the reading: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** At least as long as what is read; a source may fill it and return its beginning instead of memory of its own. */
  readonly into?: Uint8Array<ArrayBuffer>;
}

/**
 * Where the files of a model are read from: a folder, a web server, the hub, memory, or whatever else has these functions.
 * Files that belong together stay as they are while a source is in use; one that cannot promise this throws where it
 * sees a change.
 */
export interface ModelSource {
  /** What the model is called where nothing else is said. */
  readonly name: string;
  /** Id of the model on the hub (`owner/name`), where it comes from there: transformers chooses some tokenizers by it. */
  readonly hubId?: string;
  /** The files that there are, at least those of the model. May be asked for often. */
  list(): Promise<readonly SourceFile[]>;
  /** One file, undefined if there is no such; looked for in the list without it. */
  stat?(
    file: string,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<SourceFile | undefined>;
  /**
   * Bytes [offset, offset + length) of a file, fewer where it ends before.
   * @throws UserError in one line, naming the file, if they cannot be read
   */
  read(file: string, offset: number, length: number, options?: ReadOptions): Promise<Uint8Array<ArrayBuffer>>;
  /** How a file is called in messages, the source itself with ''; `name/file` and `name` without it. */
  locate?(file: string): string;
}

/** The reason of a file that is not there. */
export const MISSING = 'does not exist';

/** A file of a source that cannot be read: whoever knows what it is for can say so in the message. */
export class SourceFileError extends UserError {
  readonly #place: string;
  readonly #reason: string;

  /**
   * @param place how the file is called
   * @param reason what goes on after "the file": "does not exist"
   * @param what the file's part in plain words: "model configuration"
   */
  constructor(place: string, reason: string, what = 'file') {
    super(`${place}: ${what} ${reason}`, reason === MISSING ? 'file-missing' : undefined);
    this.#place = place;
    this.#reason = reason;
  }

  /** The same with the file's part in plain words. */
  of(what: string): SourceFileError {
    return new SourceFileError(this.#place, this.#reason, what);
  }
}

/** How a file of a source is called in messages. */
export function placeOf(source: ModelSource, file: string): string {
  return source.locate?.(file) ?? (file === '' ? source.name : `${source.name}/${file}`);
}

/** A file of a source by its name, undefined if there is none. */
export async function findFile(
  source: ModelSource,
  file: string,
  signal?: AbortSignal,
): Promise<SourceFile | undefined> {
  const found = source.stat
    ? await untilAborted(() => source.stat!(file, signal ? { signal } : {}), signal)
    : (await listFiles(source, signal)).find(({ name }) => name === file);
  if (found && (!Number.isSafeInteger(found.bytes) || found.bytes < 0))
    throw new RangeError(
      `${placeOf(source, file)}: its source says that it has ${String(found.bytes)} bytes`,
    );
  return found;
}

/** The files of a source. @throws RangeError if they are no list */
export async function listFiles(source: ModelSource, signal?: AbortSignal): Promise<readonly SourceFile[]> {
  const files = await untilAborted(() => source.list(), signal);
  const isList =
    Array.isArray(files) && (files as unknown[]).every((file) => typeof file === 'object' && file !== null);
  if (!isList)
    throw new RangeError(`${placeOf(source, '')}: its source's list() gives no list of { name, bytes }`);
  return files;
}

/** Work that is not waited for any more once a signal says so, whether it obeys the signal itself or not. */
export async function untilAborted<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work();
  signal.throwIfAborted();
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, fail) => {
    stop = () => fail(signal.reason as Error);
    signal.addEventListener('abort', stop);
  });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    if (stop) signal.removeEventListener('abort', stop);
  }
}

/** Whether a source has a file of this name. */
export async function hasFile(source: ModelSource, file: string, signal?: AbortSignal): Promise<boolean> {
  return (await findFile(source, file, signal)) !== undefined;
}

/** A relative path that cannot leave the directory, on any operating system. */
export function staysInside(path: string): boolean {
  return (
    !/[\0:]/.test(path) && path.split(/[/\\]/).every((part) => part !== '' && part !== '.' && part !== '..')
  );
}
