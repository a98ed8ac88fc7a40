import type { CommandStream } from './command-stream.ts';
import type { WordsToRead } from './read-range.ts';
import type { StagingBuffers } from './staging.ts';
import { MapMode } from './webgpu-constants.ts';

/**
 * Copies words of several tensors to the host, through one buffer that is mapped once. What is recorded is submitted.
 * @param wanted of which there is a byte at least
 * @param refuse throws what says more than the mapping that failed, or if the device has reported an error
 */
export async function readPacked(
  wanted: readonly WordsToRead[],
  stream: CommandStream,
  staging: StagingBuffers,
  refuse: () => void,
): Promise<(Float32Array | Uint32Array)[]> {
  const total = wanted.reduce((sum, { bytes }) => sum + bytes, 0);
  const buffer = staging.take(total);
  try {
    const encoder = stream.outsidePass();
    let at = 0;
    for (const { tensor, firstByte, bytes } of wanted) {
      if (bytes > 0) encoder.copyBufferToBuffer(tensor.buffer, firstByte, buffer, at, bytes);
      at += bytes;
    }
    stream.submit();
    await buffer.mapAsync(MapMode.READ, 0, total).catch((error: unknown) => {
      refuse();
      throw error;
    });
    stream.waited();
    refuse();
    const words = buffer.getMappedRange(0, total);
    at = 0;
    return wanted.map(({ bytes, decode }) => {
      at += bytes;
      return decode(words, at - bytes);
    });
  } finally {
    buffer.unmap();
    staging.give(buffer);
  }
}
