import type { RecordedDispatch } from './profile.ts';
import type { StagingBuffers } from './staging.ts';
import { BufferUsage, MapMode } from './webgpu-constants.ts';

const BYTES = 8;

/** Gives each compute pass two timestamps, and reads them after each submit. */
export class PassTimer {
  readonly #staging: StagingBuffers;
  readonly #queries: GPUQuerySet;
  readonly #resolved: GPUBuffer;
  readonly #add: (recorded: readonly RecordedDispatch[], timestamps: BigUint64Array) => void;
  #recorded: RecordedDispatch[] = [];
  /** In the order of submits. */
  #readings: Promise<void> = Promise.resolve();
  #reading: GPUBuffer | undefined;

  /**
   * @param passes as many as there are between two submits at most
   * @param add given the dispatches of each submit
   */
  constructor(
    device: GPUDevice,
    staging: StagingBuffers,
    passes: number,
    add: (recorded: readonly RecordedDispatch[], timestamps: BigUint64Array) => void,
  ) {
    this.#staging = staging;
    this.#add = add;
    this.#queries = device.createQuerySet({ type: 'timestamp', count: 2 * passes });
    this.#resolved = device.createBuffer({
      label: 'timestamps',
      size: 2 * passes * BYTES,
      usage: BufferUsage.QUERY_RESOLVE | BufferUsage.COPY_SRC,
    });
  }

  /** For the pass of the next dispatch. */
  next(dispatch: RecordedDispatch): GPUComputePassTimestampWrites {
    const at = 2 * this.#recorded.push(dispatch) - 2;
    return { querySet: this.#queries, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
  }

  /** Records what must come after the last pass and before the submit. */
  beforeSubmit(encoder: GPUCommandEncoder): void {
    const count = 2 * this.#recorded.length;
    if (count === 0) return;
    this.#reading = this.#staging.take(count * BYTES);
    encoder.resolveQuerySet(this.#queries, 0, count, this.#resolved, 0);
    encoder.copyBufferToBuffer(this.#resolved, 0, this.#reading, 0, count * BYTES);
  }

  afterSubmit(): void {
    const [recorded, buffer] = [this.#recorded, this.#reading];
    if (buffer === undefined) return;
    this.#recorded = [];
    this.#reading = undefined;
    const mapped = buffer.mapAsync(MapMode.READ, 0, 2 * recorded.length * BYTES);
    // It may fail before those before it are through.
    mapped.catch(() => {});
    const earlier = this.#readings;
    this.#readings = (async () => {
      try {
        await earlier;
        await mapped;
        const words = buffer.getMappedRange(0, 2 * recorded.length * BYTES).slice(0);
        this.#add(recorded, new BigUint64Array(words));
      } finally {
        buffer.unmap();
        this.#staging.give(buffer);
      }
    })();
    this.#readings.catch(() => {});
  }

  /** Waits until the timestamps of all submits are read. */
  async end(): Promise<void> {
    try {
      await this.#readings;
    } finally {
      this.#queries.destroy();
      this.#resolved.destroy();
    }
  }
}
