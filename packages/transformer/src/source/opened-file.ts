import { UserError } from '../errors.ts';
import { quote } from '../words.ts';
import { MISSING, type ModelSource, SourceFileError, findFile, placeOf, untilAborted } from './source.ts';

/** A file of a source, to be read at any place: its size is known, and every failure names it. */
export class OpenedFile {
  /** How it is called in messages. */
  readonly path: string;
  readonly bytes: number;
  readonly #source: ModelSource;
  readonly #name: string;
  readonly #what: string;

  private constructor(source: ModelSource, name: string, what: string, bytes: number) {
    this.path = placeOf(source, name);
    this.bytes = bytes;
    this.#source = source;
    this.#name = name;
    this.#what = what;
  }

  /**
   * @param what the file's part in plain words, for errors: "model configuration"
   * @throws UserError if there is no such file
   */
  static async open(
    source: ModelSource,
    name: string,
    what: string,
    signal?: AbortSignal,
  ): Promise<OpenedFile> {
    const found = await named(what, () => findFile(source, name, signal));
    if (!found) throw new SourceFileError(placeOf(source, name), MISSING, what);
    return new OpenedFile(source, name, what, found.bytes);
  }

  /**
   * Exactly so many bytes.
   * @param part what they are, for the error: "header"
   * @param options.into filled and returned, if given
   * @throws UserError if the file ends before
   */
  async read(
    offset: number,
    length: number,
    part: string,
    options: { readonly into?: Uint8Array<ArrayBuffer>; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { into, signal } = options;
    const parts = { ...(into && { into }), ...(signal && { signal }) };
    const bytes = await named(this.#what, () =>
      untilAborted(() => this.#source.read(this.#name, offset, length, parts), signal),
    );
    // Of a source of one's own anything may come; a Buffer of Node is a Uint8Array too.
    if (kindOf(bytes) !== 'Uint8Array')
      throw new RangeError(`${this.path}: its source gives ${quote(bytes)} where a Uint8Array was asked for`);
    if (bytes.length < length)
      throw new UserError(`${this.path}: the file ends within ${part}; it was cut off`);
    if (bytes.length > length)
      throw new Error(`${this.path}: its source gives ${bytes.length} bytes where ${length} were asked for`);
    if (into === undefined) return kindOf(bytes.buffer) === 'ArrayBuffer' ? bytes : bytes.slice();
    if (bytes.buffer !== into.buffer || bytes.byteOffset !== into.byteOffset) into.set(bytes);
    return into.subarray(0, length);
  }
}

/** The class of an object, of whatever window or worker. */
function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** Work on a file whose errors say what the file is for. */
async function named<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof SourceFileError ? error.of(what) : error;
  }
}

/** Decodes UTF-8, dropping a byte-order mark. @throws UserError for bytes that are not UTF-8 */
export function decodeText(bytes: Uint8Array, path: string, what: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UserError(`${path}: ${what} is not UTF-8 text; it is damaged or of another kind`);
  }
}

/** How a text is read. */
export interface TextOptions {
  /** Above what any real file of its kind has. */
  readonly maxBytes?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a file as UTF-8 text.
 *
 * @param what the file's part in plain words, for the error: "model configuration"
 * @throws UserError if the file is missing, unreadable, larger than the limit, or not UTF-8
 */
export async function readText(
  source: ModelSource,
  name: string,
  what: string,
  { maxBytes = 2 ** 28, signal }: TextOptions = {},
): Promise<string> {
  const file = await OpenedFile.open(source, name, what, signal);
  const { path, bytes: size } = file;
  if (size > maxBytes)
    throw new UserError(`${path}: ${what} has ${size} bytes; at most ${maxBytes} are allowed`);
  return decodeText(await file.read(0, size, what, { signal }), path, what);
}
