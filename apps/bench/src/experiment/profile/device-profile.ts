import {
  type Gpu,
  type Profile,
  type ProfiledDispatch,
  type ProfiledKernel,
  UserError,
} from '@icl-gd/gpu-kernels';

/** Dispatches that a trace has one by one, at most: about 25 MB of it. */
const TRACED = 2 ** 18;
/** Milliseconds between what was run on one device and on the next, in the trace. */
const GAP = 1;

/** What the kernels of a command took, on all devices that it opened one after another. */
export class DeviceProfile {
  readonly #sums = new Map<string, ProfiledKernel>();
  readonly #dispatches: ProfiledDispatch[] = [];
  #running: Profile | undefined;

  /** By label, those that took longest first. */
  get kernels(): readonly ProfiledKernel[] {
    return [...this.#sums.values()].sort((a, b) => b.ms - a.ms);
  }

  /** In the order of recording, of the first that there were. */
  get dispatches(): readonly ProfiledDispatch[] {
    return this.#dispatches;
  }

  /** Times what the device does until {@link end}. @throws UserError (`unfit-device`) if it has no timestamps */
  begin(gpu: Gpu): void {
    if (!gpu.device.features.has('timestamp-query'))
      throw new UserError(
        `--profile needs timestamps (the feature timestamp-query), which ${gpu.adapter.description} does not have`,
        'unfit-device',
      );
    this.#running = gpu.profile({ maxDispatches: Math.max(0, TRACED - this.#dispatches.length) });
  }

  /** Waits for all work on the device and adds it. */
  async end(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (!running) return;
    const { kernels, dispatches } = await running.end();
    for (const own of kernels) this.#sums.set(own.label, added(this.#sums.get(own.label), own));
    const last = this.#dispatches.at(-1);
    const after = last === undefined ? 0 : last.end + GAP;
    for (const { label, start, end } of dispatches)
      this.#dispatches.push({ label, start: start + after, end: end + after });
  }
}

function added(before: ProfiledKernel | undefined, own: ProfiledKernel): ProfiledKernel {
  if (!before) return own;
  return {
    label: own.label,
    calls: before.calls + own.calls,
    ms: before.ms + own.ms,
    bytes: before.bytes + own.bytes,
    workgroups: before.workgroups + own.workgroups,
    flop: before.flop + own.flop,
  };
}
