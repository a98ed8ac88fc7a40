import { UserError } from '@icl-gd/gpu-kernels/errors';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** A row of a data set is a prompt; none has megabytes. */
const LONGEST_LINE = 16 << 20;
const BYTE_ORDER_MARK = Buffer.from('\uFEFF');

/** Splits at `\n` and `\r\n` alone, since texts may contain other line separators. Leaves out a byte order mark. */
export function* splitAtLineFeeds(bytes: Buffer): Generator<Buffer, void> {
  let start = withoutMark(bytes).byteOffset - bytes.byteOffset;
  while (start < bytes.length) {
    const found = bytes.indexOf(LINE_FEED, start);
    const end = found < 0 ? bytes.length : found;
    const carriageReturn = end > start && bytes[end - 1] === CARRIAGE_RETURN;
    yield bytes.subarray(start, carriageReturn ? end - 1 : end);
    start = end + 1;
  }
}

/** The bytes behind a byte order mark. */
export function withoutMark(bytes: Buffer): Buffer {
  return bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
    ? bytes.subarray(BYTE_ORDER_MARK.length)
    : bytes;
}

/**
 * @param longest most bytes
 * @throws UserError naming the place if the bytes are not UTF-8 or too many
 */
export function decodeLine(line: Uint8Array, place: string, longest = LONGEST_LINE): string {
  if (line.length > longest)
    throw new UserError(`${place} has ${line.length} bytes; at most ${longest} are read.`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line);
  } catch {
    throw new UserError(`${place} is not valid UTF-8.`);
  }
}
