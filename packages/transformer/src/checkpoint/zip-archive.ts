import { UserError } from '../errors.ts';
import type { OpenedFile } from '../source/opened-file.ts';

/** A file inside of an archive. */
export interface ZipEntry {
  readonly name: string;
  /** Of the stored data, in bytes. */
  readonly size: number;
  /** First byte of its local header. */
  readonly header: number;
}

const END = { signature: 0x06054b50, bytes: 22, comment: 0xffff };
const LOCATOR64 = { signature: 0x07064b50, bytes: 20 };
const END64 = { signature: 0x06064b50, bytes: 56 };
const CENTRAL = { signature: 0x02014b50, bytes: 46 };
const LOCAL = { signature: 0x04034b50, bytes: 30 };
const MAX_DIRECTORY_BYTES = 64 * 2 ** 20;
const STORED = 0;

/** A zip file whose entries are stored without compression, as PyTorch writes them, with zip64 for large files. */
export class ZipArchive {
  /** By their names. */
  readonly entries: ReadonlyMap<string, ZipEntry>;
  readonly #opened: OpenedFile;
  readonly #signal: AbortSignal | undefined;

  private constructor(
    entries: ReadonlyMap<string, ZipEntry>,
    opened: OpenedFile,
    signal: AbortSignal | undefined,
  ) {
    this.entries = entries;
    this.#opened = opened;
    this.#signal = signal;
  }

  /**
   * Reads the central directory.
   * @throws UserError naming the file, and the entry where there is one, if it is no such archive
   */
  static async open(opened: OpenedFile, signal?: AbortSignal): Promise<ZipArchive> {
    return new ZipArchive(await readDirectory(opened, signal), opened, signal);
  }

  /** First byte of an entry's data. @throws UserError if the entry's own header is not what the directory says */
  async dataStart({ name, size, header }: ZipEntry): Promise<number> {
    const { path: file, bytes: fileBytes } = this.#opened;
    if (header + LOCAL.bytes > fileBytes)
      throw damaged(file, `${JSON.stringify(name)} lies outside of the file`);
    const view = await readView(this.#opened, header, LOCAL.bytes, this.#signal);
    const nameBytes = view.getUint16(26, true);
    const start = header + LOCAL.bytes + nameBytes + view.getUint16(28, true);
    if (view.getUint32(0, true) !== LOCAL.signature || view.getUint16(8, true) !== STORED)
      throw damaged(file, `${JSON.stringify(name)} is not where the directory says`);
    if (start + size > fileBytes)
      throw damaged(
        file,
        `${JSON.stringify(name)} ends at byte ${start + size}, but the file has ${fileBytes}`,
      );
    return start;
  }

  /** An entry's data. @throws UserError if there is no such entry, or it has more bytes than the limit */
  async read(name: string, limit: number): Promise<Uint8Array> {
    const entry = this.entries.get(name);
    if (!entry) throw new UserError(`${this.#opened.path}: it lacks ${name}`);
    if (entry.size > limit)
      throw new UserError(
        `${this.#opened.path}: ${name} has ${entry.size} bytes; at most ${limit} are allowed`,
      );
    return this.#opened.read(await this.dataStart(entry), entry.size, name, { signal: this.#signal });
  }
}

async function readDirectory(
  opened: OpenedFile,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, ZipEntry>> {
  const { path: file, bytes: fileBytes } = opened;
  const { start, bytes, entries } = await findDirectory(opened, signal);
  if (bytes > MAX_DIRECTORY_BYTES)
    throw new UserError(
      `${file}: its directory claims ${bytes} bytes; at most ${MAX_DIRECTORY_BYTES} are allowed`,
    );
  if (start + bytes > fileBytes) throw damaged(file, 'its directory lies outside of the file');
  const view = await readView(opened, start, bytes, signal);
  const directory = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < entries; i++) {
    if (at + CENTRAL.bytes > bytes || view.getUint32(at, true) !== CENTRAL.signature)
      throw damaged(file, `its directory ends after ${i} of ${entries} entries`);
    const end = at + CENTRAL.bytes + lengthOf(view, at);
    if (end > bytes) throw damaged(file, `its directory ends within entry ${i}`);
    const entry = parseEntry(view, at, file);
    if (directory.has(entry.name)) throw damaged(file, `it holds ${JSON.stringify(entry.name)} twice`);
    directory.set(entry.name, entry);
    at = end;
  }
  return directory;
}

async function findDirectory(
  opened: OpenedFile,
  signal: AbortSignal | undefined,
): Promise<{ start: number; bytes: number; entries: number }> {
  const { path: file, bytes: fileBytes } = opened;
  const tailStart = Math.max(0, fileBytes - END.bytes - END.comment);
  const tail = await readView(opened, tailStart, fileBytes - tailStart, signal);
  let at = tail.byteLength - END.bytes;
  const isEnd = (): boolean =>
    tail.getUint32(at, true) === END.signature &&
    at + END.bytes + tail.getUint16(at + 20, true) === tail.byteLength;
  while (at >= 0 && !isEnd()) at--;
  if (at < 0) throw damaged(file, 'its end is missing');
  const locator = at - LOCATOR64.bytes;
  if (locator < 0 || tail.getUint32(locator, true) !== LOCATOR64.signature) {
    requireOneDisk(file, tail.getUint16(at + 4, true), tail.getUint16(at + 6, true));
    const entries = tail.getUint16(at + 10, true);
    return { start: tail.getUint32(at + 16, true), bytes: tail.getUint32(at + 12, true), entries };
  }
  const position = readSize(tail, locator + 8, file);
  if (position + END64.bytes > fileBytes) throw damaged(file, 'its directory lies outside of the file');
  const end = await readView(opened, position, END64.bytes, signal);
  if (end.getUint32(0, true) !== END64.signature) throw damaged(file, 'its end is not where it says');
  requireOneDisk(file, end.getUint32(16, true), end.getUint32(20, true));
  return { start: readSize(end, 48, file), bytes: readSize(end, 40, file), entries: readSize(end, 32, file) };
}

function parseEntry(view: DataView, at: number, file: string): ZipEntry {
  const nameBytes = view.getUint16(at + 28, true);
  const nameStart = view.byteOffset + at + CENTRAL.bytes;
  const name = new TextDecoder().decode(new Uint8Array(view.buffer, nameStart, nameBytes));
  const where = `${file}: ${JSON.stringify(name)}`;
  if (view.getUint16(at + 8, true) & 1) throw new UserError(`${where} is encrypted`);
  if (view.getUint16(at + 10, true) !== STORED)
    throw new UserError(
      `${where} is compressed; PyTorch stores weights without: save them again with torch.save`,
    );
  // Sizes and offset that do not fit 32 bits stand in an extra field, in this order.
  const wide = wideFields(view, at + CENTRAL.bytes + nameBytes, view.getUint16(at + 30, true));
  const read = (offset: number): number => {
    const value = view.getUint32(at + offset, true);
    if (value !== 0xffffffff) return value;
    const field = wide.shift();
    if (field === undefined) throw damaged(file, `${JSON.stringify(name)} lacks its size`);
    return readSize(view, field, file);
  };
  const size = read(24);
  if (read(20) !== size) throw damaged(file, `${JSON.stringify(name)} has two sizes`);
  return { name, size, header: read(42) };
}

/** Places of the 64-bit numbers of an entry's zip64 field. */
function wideFields(view: DataView, start: number, length: number): number[] {
  for (let at = start; at + 4 <= start + length;) {
    const bytes = view.getUint16(at + 2, true);
    const end = Math.min(at + 4 + bytes, start + length);
    if (view.getUint16(at, true) === 1)
      return Array.from({ length: Math.floor((end - at - 4) / 8) }, (_, i) => at + 4 + 8 * i);
    at = end;
  }
  return [];
}

/** Bytes of an entry's name, extra fields and comment. */
function lengthOf(view: DataView, at: number): number {
  return view.getUint16(at + 28, true) + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
}

function requireOneDisk(file: string, ...numbers: readonly number[]): void {
  if (numbers.some((number) => number !== 0)) throw damaged(file, 'it is one of several parts');
}

function readSize(view: DataView, at: number, file: string): number {
  const value = Number(view.getBigUint64(at, true));
  if (!Number.isSafeInteger(value)) throw damaged(file, 'it claims an impossible size');
  return value;
}

async function readView(
  opened: OpenedFile,
  start: number,
  bytes: number,
  signal: AbortSignal | undefined,
): Promise<DataView> {
  const data = await opened.read(start, bytes, 'its directory', { signal });
  return new DataView(data.buffer, data.byteOffset, data.length);
}

function damaged(file: string, what: string): UserError {
  return new UserError(`${file}: ${what}; the zip file was cut off or is damaged`);
}
