import { UserError } from '../errors.ts';
import { MISSING, type ReadOptions, SourceFileError } from './source.ts';
import { Exchange, TransferError, type TransferLimits, failureReason, withRetries } from './transfer.ts';

/** Bytes that are fetched for a small read: those beside it are asked for next. */
const BLOCK = 1 << 18;
/** Blocks that are kept. */
const MOST_BLOCKS = 16;
/** Of a file that the server sends whole or not at all. */
const LARGEST_WHOLE = 1 << 29;

/** How the bytes of a file are asked for. */
export interface RangeServer extends TransferLimits {
  /** How the file is called in messages. */
  readonly place: string;
  /** Ends everything. */
  readonly signal?: AbortSignal | undefined;
  /** Told of bytes as they arrive. */
  readonly onBytes?: (bytes: number) => void;
  /**
   * One request.
   * @returns an answer of status 200, 206 or 416; undefined if there is no such file
   * @throws TransferError if another attempt may do better, else UserError
   */
  request(
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    method?: 'HEAD',
  ): Promise<Response | undefined>;
}

/** What is known of a file after the first answer. */
interface Opened {
  readonly bytes: number;
  /** ETag or date of the contents; undefined if the server gives none. */
  readonly version: string | undefined;
  /** All of it, if it is empty or the server sends no parts. */
  readonly whole?: Uint8Array<ArrayBuffer>;
}

interface Block {
  readonly start: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * A file on a server, read by ranges. Small reads are answered from blocks that are kept for a while; a server that sends
 * whole files only is asked once. Contents that change on the way are noticed by length, and by ETag or date.
 */
export class RangedFile {
  readonly #server: RangeServer;
  #opened: Promise<Opened | undefined> | undefined;
  /** The one that was used last at the end. */
  readonly #blocks: Block[] = [];

  /** @param bytes length of the file, if it is known beforehand: that it exists is then known, too */
  constructor(server: RangeServer, bytes?: number) {
    this.#server = server;
    if (bytes !== undefined) this.#opened = Promise.resolve({ bytes, version: undefined });
  }

  /** Length in bytes; undefined if there is no such file. */
  async size(signal?: AbortSignal): Promise<number | undefined> {
    return (await this.#open(signal))?.bytes;
  }

  /** Bytes [offset, offset + length), fewer where the file ends before. */
  async read(
    offset: number,
    length: number,
    { signal, into }: ReadOptions = {},
  ): Promise<Uint8Array<ArrayBuffer>> {
    signal?.throwIfAborted();
    const opened = await this.#open(signal);
    if (!opened) throw new SourceFileError(this.#server.place, MISSING);
    const end = Math.min(offset + length, opened.bytes);
    if (end <= offset) return new Uint8Array(0);
    if (opened.whole) return opened.whole.subarray(offset, end);
    const kept = this.#kept(offset, end);
    if (kept) return kept;
    if (end - offset >= BLOCK) return this.#fetch(opened, offset, end, { signal, into });
    // A block that would pass the end begins earlier: the directory of an archive is read backwards.
    const start = Math.max(0, Math.min(offset, opened.bytes - BLOCK));
    const bytes = await this.#fetch(opened, start, Math.min(start + BLOCK, opened.bytes), { signal });
    this.#keep({ start, bytes });
    return bytes.subarray(offset - start, end - start);
  }

  #kept(offset: number, end: number): Uint8Array<ArrayBuffer> | undefined {
    const index = this.#blocks.findIndex(
      ({ start, bytes }) => start <= offset && end <= start + bytes.length,
    );
    const [block] = index < 0 ? [] : this.#blocks.splice(index, 1);
    if (!block) return undefined;
    this.#blocks.push(block);
    return block.bytes.subarray(offset - block.start, end - block.start);
  }

  #keep(block: Block): void {
    this.#blocks.push(block);
    if (this.#blocks.length > MOST_BLOCKS) this.#blocks.shift();
  }

  async #open(signal: AbortSignal | undefined): Promise<Opened | undefined> {
    for (;;) {
      const mine = this.#opened === undefined;
      this.#opened ??= this.#attempts(signal, (exchange) => this.#first(exchange)).catch((error: unknown) => {
        this.#opened = undefined;
        throw error;
      });
      try {
        return await this.#opened;
      } catch (error) {
        // What another reader gave up is begun anew.
        if (mine || error instanceof UserError) throw error;
      }
    }
  }

  /** Asks for the first block: it says whether there is a file, and how long it is. */
  async #first(exchange: Exchange): Promise<Opened | undefined> {
    const response = await this.#server.request({ Range: `bytes=0-${BLOCK - 1}` }, exchange.signal);
    if (!response) return undefined;
    const version = versionOf(response);
    if (response.status === 416) return { bytes: 0, version, whole: new Uint8Array(0) };
    if (response.status === 200) {
      const whole = await this.#whole(exchange, response);
      return { bytes: whole.length, version, whole };
    }
    this.#requireStart(response, 0);
    const bytes = totalOf(response) ?? (await this.#lengthByHead(exchange));
    const block = await this.#part(exchange, response, Math.min(bytes, BLOCK));
    this.#keep({ start: 0, bytes: block });
    return { bytes, version };
  }

  /** @throws UserError for a part that begins elsewhere than was asked for */
  #requireStart(response: Response, start: number): void {
    const from = /^bytes (\d+)-/.exec(response.headers.get('Content-Range') ?? '')?.[1];
    if (from !== undefined && Number(from) !== start)
      throw new UserError(`${this.#server.place}: its server sends another part than was asked for`);
  }

  /** The bytes of an answer that must be so many. */
  async #part(
    exchange: Exchange,
    response: Response,
    length: number,
    into?: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { place } = this.#server;
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = await exchange.bytes(response, length, into);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new UserError(`${place}: its server sends more bytes than were asked for`);
    }
    if (bytes.length < length)
      throw new TransferError(
        `${place}: the answer was cut off after ${bytes.length} of ${length} bytes; try again`,
      );
    return bytes;
  }

  /** Another site may hide the length of the whole in an answer that is a part. */
  async #lengthByHead(exchange: Exchange): Promise<number> {
    const response = await this.#server.request({}, exchange.signal, 'HEAD');
    const length = Number(response?.headers.get('Content-Length') ?? Number.NaN);
    if (Number.isSafeInteger(length)) return length;
    throw new SourceFileError(
      this.#server.place,
      'has a length that the server does not say; let it send (and expose to other sites) Content-Range',
    );
  }

  async #whole(exchange: Exchange, response: Response): Promise<Uint8Array<ArrayBuffer>> {
    const promised = Number(response.headers.get('Content-Length') ?? Number.NaN);
    const encoded = response.headers.has('Content-Encoding');
    const tooLarge = (bytes: string): SourceFileError =>
      new SourceFileError(
        this.#server.place,
        `has ${bytes} bytes, and its server sends no parts of files (Range); at most ${LARGEST_WHOLE} are read at once`,
      );
    if (!encoded && promised > LARGEST_WHOLE) throw tooLarge(String(promised));
    let bytes: Uint8Array<ArrayBuffer>;
    try {
      bytes = await exchange.bytes(response, LARGEST_WHOLE);
    } catch (error) {
      throw error instanceof RangeError ? tooLarge(`more than ${LARGEST_WHOLE}`) : error;
    }
    if (!encoded && bytes.length < promised)
      throw new TransferError(`${this.#server.place}: the answer was cut off; try again`);
    return bytes;
  }

  #fetch(
    opened: Opened,
    start: number,
    end: number,
    {
      signal,
      into,
    }: { readonly signal: AbortSignal | undefined; readonly into?: Uint8Array<ArrayBuffer> | undefined },
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { place } = this.#server;
    return this.#attempts(signal, async (exchange) => {
      const response = await this.#server.request({ Range: `bytes=${start}-${end - 1}` }, exchange.signal);
      const version = response && versionOf(response);
      const isSame = version === undefined || opened.version === undefined || version === opened.version;
      if (
        !response ||
        response.status === 416 ||
        !isSame ||
        (totalOf(response) ?? opened.bytes) !== opened.bytes
      )
        throw new UserError(`${place}: has changed since it was opened; load it again`);
      if (response.status === 200) {
        const whole = await this.#whole(exchange, response);
        if (whole.length !== opened.bytes)
          throw new UserError(
            `${place}: has ${whole.length} bytes, and not the ${opened.bytes} that it should have`,
          );
        this.#opened = Promise.resolve({ ...opened, whole });
        return whole.subarray(start, end);
      }
      this.#requireStart(response, start);
      return this.#part(exchange, response, end - start, into);
    });
  }

  #attempts<T>(signal: AbortSignal | undefined, work: (exchange: Exchange) => Promise<T>): Promise<T> {
    const { place, stallTimeout, onBytes, signal: outer } = this.#server;
    return withRetries(
      async () => {
        const exchange = new Exchange([signal, outer], stallTimeout, onBytes);
        try {
          return await work(exchange);
        } catch (error) {
          signal?.throwIfAborted();
          outer?.throwIfAborted();
          if (error instanceof UserError) throw error;
          throw new TransferError(
            `${place}: cannot be read (${exchange.signal.aborted ? 'no answer in time' : failureReason(error)}); check the network, and that the server lets this page read it where it is another site (CORS)`,
          );
        } finally {
          exchange.end();
        }
      },
      this.#server,
      signal ?? outer,
    );
  }
}

/** What changes with the contents. */
function versionOf({ headers }: Response): string | undefined {
  return headers.get('ETag')?.replace(/^W\//, '') ?? headers.get('Last-Modified') ?? undefined;
}

/** The length of the whole file that an answer tells. */
function totalOf({ status, headers }: Response): number | undefined {
  const total = /^bytes \d+-\d+\/(\d+)$/.exec(headers.get('Content-Range') ?? '')?.[1];
  return status === 206 && total !== undefined ? Number(total) : undefined;
}
