import type { ProbeArrays, ProbeShape } from '@icl-gd/metrics';

/** Bytes of the first page of a {@link SharedMemory}, and of the largest; each is twice the one before. */
const FIRST_PAGE = 1 << 20;
const LARGEST_PAGE = 1 << 25;

/** Room for float32 arrays in memory that threads share, given out page by page and never taken back. */
export class SharedMemory {
  #page = new SharedArrayBuffer(0);
  #used = 0;
  #next = FIRST_PAGE;

  /** An array of zeros. */
  readonly take = (length: number): Float32Array => {
    const bytes = length * Float32Array.BYTES_PER_ELEMENT;
    if (this.#used + bytes > this.#page.byteLength) {
      this.#page = new SharedArrayBuffer(Math.max(bytes, this.#next));
      this.#used = 0;
      this.#next = Math.min(2 * this.#next, LARGEST_PAGE);
    }
    const array = new Float32Array(this.#page, this.#used, length);
    this.#used += bytes;
    return array;
  };
}

/** The same probes in shared memory: as they are if that is where they lie, else copied. */
export function inSharedMemory<P extends ProbeArrays>(probes: readonly P[]): readonly P[] {
  const isShared = ({ attentionOutput, attentionScores }: P): boolean =>
    isSharedArray(attentionOutput) && isSharedArray(attentionScores);
  if (probes.every(isShared)) return probes;
  const memory = new SharedMemory();
  const copy = (values: ArrayLike<number>): Float32Array => {
    const own = memory.take(values.length);
    own.set(values);
    return own;
  };
  return probes.map((probe) => ({
    ...probe,
    attentionOutput: copy(probe.attentionOutput),
    attentionScores: copy(probe.attentionScores),
  }));
}

type SharedArray = Float32Array<SharedArrayBuffer>;

function isSharedArray(values: ArrayLike<number>): values is SharedArray {
  return values instanceof Float32Array && values.buffer instanceof SharedArrayBuffer;
}

/** Where probes lie: a few buffers and numbers are sent to a thread sooner than thousands of arrays. */
export interface ProbePlaces {
  readonly buffers: readonly SharedArrayBuffer[];
  /** By example, of h and then of m: number of the buffer, first byte, elements. */
  readonly places: Float64Array;
}

const NUMBERS_A_PROBE = 6;

/** @throws RangeError for probes that are not in shared memory */
export function placesOf(probes: readonly ProbeArrays[]): ProbePlaces {
  const numbers = new Map<SharedArrayBuffer, number>();
  const places = new Float64Array(NUMBERS_A_PROBE * probes.length);
  for (const [example, { attentionOutput, attentionScores }] of probes.entries())
    for (const [i, values] of [attentionOutput, attentionScores].entries()) {
      if (!isSharedArray(values)) throw new RangeError(`probe ${example} is not in shared memory`);
      const { buffer, byteOffset, length } = values;
      const number = numbers.get(buffer) ?? numbers.size;
      numbers.set(buffer, number);
      places.set([number, byteOffset, length], NUMBERS_A_PROBE * example + 3 * i);
    }
  return { buffers: [...numbers.keys()], places };
}

/** Some layers of probes that are elsewhere, without a copy. */
export function layersOf(
  { buffers, places }: ProbePlaces,
  { layers }: ProbeShape,
  [from, to]: readonly [number, number],
): ProbeArrays[] {
  const part = (at: number): Float32Array => {
    const [number, offset, length] = places.subarray(at, at + 3) as unknown as [number, number, number];
    const whole = new Float32Array(buffers[number] as SharedArrayBuffer, offset, length);
    return whole.subarray((from * length) / layers, (to * length) / layers);
  };
  return Array.from({ length: places.length / NUMBERS_A_PROBE }, (_, example) => ({
    attentionOutput: part(NUMBERS_A_PROBE * example),
    attentionScores: part(NUMBERS_A_PROBE * example + 3),
  }));
}
