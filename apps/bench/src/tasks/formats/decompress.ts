import { gunzipSync } from 'node:zlib';
import { UserError } from '@icl-gd/gpu-kernels/errors';

/** Most bytes that a compressed file may become. */
const LARGEST = 384 << 20;
/** Text shrinks to a tenth, hardly ever to less than a hundredth; an archive made to burst to a thousandth. */
const HIGHEST_RATIO = 200;
const ALWAYS_FINE = 8 << 20;

/**
 * The bytes of a file, decompressed if they are gzip's, whatever the file is called.
 *
 * @throws UserError naming the file if it is damaged or becomes too large
 */
export function decompressed(bytes: Buffer, path: string): Buffer {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const most = Math.min(LARGEST, Math.max(ALWAYS_FINE, HIGHEST_RATIO * bytes.length));
  try {
    return gunzipSync(bytes, { maxOutputLength: most });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(
      code === 'ERR_BUFFER_TOO_LARGE'
        ? `${path} has over ${most >> 20} MiB when it is decompressed; decompress or divide it`
        : `${path} cannot be decompressed (${message}); it may be damaged or cut off`,
    );
  }
}
