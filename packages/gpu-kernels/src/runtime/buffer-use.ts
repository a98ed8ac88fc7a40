/** Commands that are recorded and not submitted yet, or were. */
export interface Recording {
  open: boolean;
  /** The stream that records them. */
  readonly stream: object;
}

/** What is known of a buffer beside what WebGPU says, whichever tensor has it now. */
export interface BufferUse {
  /** No other buffer has it. */
  readonly id: number;
  /** The last commands that use the buffer. */
  recording: Recording | undefined;
}

const USES = new WeakMap<GPUBuffer, BufferUse>();
let buffers = 0;

/** One a buffer. */
export function useOf(buffer: GPUBuffer): BufferUse {
  let use = USES.get(buffer);
  if (use === undefined) USES.set(buffer, (use = { id: ++buffers, recording: undefined }));
  return use;
}
