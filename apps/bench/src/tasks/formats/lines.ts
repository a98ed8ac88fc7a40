import { UserError } from '@icl-gd/gpu-kernels/errors';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = Buffer.from('\uFEFF');

/** Splits at `\n` and `\r\n` alone, since texts may contain other line separators. Leaves out a byte order mark. */
export function splitAtLineFeeds(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  let start = bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  while (start < bytes.length) {
    const found = bytes.indexOf(LINE_FEED, start);
    const end = found < 0 ? bytes.length : found;
    const carriageReturn = end > start && bytes[end - 1] === CARRIAGE_RETURN;
    lines.push(bytes.subarray(start, carriageReturn ? end - 1 : end));
    start = end + 1;
  }
  return lines;
}

/** @throws UserError naming the place if the bytes are not UTF-8 */
export function decodeLine(line: Uint8Array, place: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line);
  } catch {
    throw new UserError(`${place} is not valid UTF-8.`);
  }
}
