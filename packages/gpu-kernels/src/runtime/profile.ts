import { UserError } from '../errors.ts';

/** A dispatch as it ran on the device. */
export interface ProfiledDispatch {
  /** Of the kernel. */
  readonly label: string;
  /** In milliseconds since the first dispatch of the profile began, by the device's clock. */
  readonly start: number;
  /** As `start`. */
  readonly end: number;
}

/** All dispatches of a kernel. */
export interface ProfiledKernel {
  readonly label: string;
  readonly calls: number;
  /** Milliseconds on the device. */
  readonly ms: number;
  /** Bytes of what was bound, which a kernel may read or write in part, once or several times. */
  readonly bytes: number;
  readonly workgroups: number;
  /** Floating-point operations, as far as they were given to `dispatch`; 0 if none were. */
  readonly flop: number;
}

/** What {@link Profile.end} gives. */
export interface ProfileResult {
  /** By label, those that took longest first. */
  readonly kernels: readonly ProfiledKernel[];
  /** Every dispatch in the order of recording, for a trace; of long profiles the first `maxDispatches`. */
  readonly dispatches: readonly ProfiledDispatch[];
}

/** How a profile is kept. */
export interface ProfileOptions {
  /** How many dispatches are kept one by one, about 50 bytes each; 2²⁰ if absent. Sums count all. */
  readonly maxDispatches?: number;
}

/** What is known of a dispatch when it is recorded. */
export interface RecordedDispatch {
  readonly label: string;
  readonly bytes: number;
  readonly workgroups: number;
  readonly flop: number;
}

const NS_PER_MS = 1e6;

/**
 * Times what a Gpu dispatches, each dispatch in a compute pass of its own between two timestamps of the device. The numbers
 * are the same; kernels that would have run side by side do so no more, and recording takes longer.
 */
export class Profile {
  readonly #sums = new Map<string, { -readonly [key in keyof ProfiledKernel]: ProfiledKernel[key] }>();
  readonly #dispatches: ProfiledDispatch[] = [];
  readonly #maxDispatches: number;
  readonly #finish: () => Promise<void>;
  #first: bigint | undefined;
  #ended = false;

  /**
   * @param finish waits until every dispatch has been added, and adds none after that
   * @internal
   */
  constructor(finish: () => Promise<void>, { maxDispatches = 2 ** 20 }: ProfileOptions) {
    this.#finish = finish;
    this.#maxDispatches = maxDispatches;
  }

  /**
   * Adds dispatches in the order in which they were recorded.
   * @param timestamps of the device in nanoseconds: where each begins and ends
   * @internal
   */
  add(recorded: readonly RecordedDispatch[], timestamps: BigUint64Array): void {
    for (const [i, { label, bytes, workgroups, flop }] of recorded.entries()) {
      const [begin, finish] = [timestamps[2 * i] as bigint, timestamps[2 * i + 1] as bigint];
      this.#first ??= begin;
      const [start, end] = [begin, finish].map((at) => Number(at - (this.#first as bigint)) / NS_PER_MS) as [
        number,
        number,
      ];
      let sum = this.#sums.get(label);
      if (sum === undefined)
        this.#sums.set(label, (sum = { label, calls: 0, ms: 0, bytes: 0, workgroups: 0, flop: 0 }));
      sum.calls++;
      // A device's clock may be set back.
      sum.ms += Math.max(0, end - start);
      sum.bytes += bytes;
      sum.workgroups += workgroups;
      sum.flop += flop;
      if (this.#dispatches.length < this.#maxDispatches) this.#dispatches.push({ label, start, end });
    }
  }

  /**
   * Waits for all work, and times no more.
   * @throws RangeError at a second call; otherwise as `Gpu.check`
   */
  async end(): Promise<ProfileResult> {
    if (this.#ended) throw new RangeError('the profile has ended');
    this.#ended = true;
    await this.#finish();
    const kernels = [...this.#sums.values()].sort((a, b) => b.ms - a.ms);
    return { kernels, dispatches: this.#dispatches };
  }
}

/** @throws UserError (`unfit-device`) if the device has no timestamps */
export function refuseWithoutTimestamps(device: GPUDevice, adapter: string): void {
  if (device.features.has('timestamp-query')) return;
  throw new UserError(
    `profiling needs the feature timestamp-query, which the device on ${adapter} was opened without: acquireGpu({ profile: true }) asks for it where the adapter has it`,
    'unfit-device',
  );
}
