import { waitBegins } from '#platform/polling.ts';
import { type AdapterDescription, describeAdapter } from '../device/description.ts';
import { UserError } from '../errors.ts';
import { BufferPool } from './buffer-pool.ts';
import { CommandStream, DISPATCHES_PER_SUBMIT, EARLY_SUBMIT } from './command-stream.ts';
import { DeviceHealth } from './device-health.ts';
import { refuseSmallLimits } from './device-needs.ts';
import { bindStorage } from './dispatch-arguments.ts';
import { ELEMENT_BYTES, elementCount, storageBytes } from './dtype.ts';
import { packHalves } from './halves.ts';
import type { Kernel } from './kernel.ts';
import type { ParameterForm } from './parameter-form.ts';
import type { MatrixUnits } from './matrix-units.ts';
import { PassTimer } from './pass-timer.ts';
import { PipelineCache } from './pipeline-cache.ts';
import { Profile, type ProfileOptions, refuseWithoutTimestamps } from './profile.ts';
import { readPacked } from './read-packed.ts';
import { type ReadItem, type ReadValues, wordsToRead } from './read-range.ts';
import { Resource } from './resource.ts';
import { Scope } from './scope.ts';
import { StagingBuffers } from './staging.ts';
import { type Operand, Tensor, type TensorOptions } from './tensor.ts';
import type { MatmulRegime } from './tiled-tuning.ts';
import { type Tuning, tuningFor } from './tuning.ts';
import { type WarmOptions, warm } from './warm.ts';

/** How work is recorded. Each {@link Gpu} has its own; see {@link Gpu.with}. */
export interface GpuOptions {
  /** Choices by adapter; those of `tuningFor` if absent. */
  readonly tuning?: Tuning;
  /**
   * Order in which matrix products sum over their inner dimension; `ascending` if absent. `descending` (in blocks) is
   * the same sum but for its rounding: the noise floor measures what rounding does to a score by the difference.
   */
  readonly summation?: 'ascending' | 'descending';
  /** What matrix products are for that do not say so themselves; `probing` if absent. */
  readonly regime?: MatmulRegime;
  /** Bytes that one kernel binding may span at most; what the device allows if absent or more than that. */
  readonly maxBindingBytes?: number;
  /**
   * Matrix units that products of probing run on, as `matrixUnitsOf` finds them; none if absent. Experimental: no kernel for
   * them has run on hardware yet.
   */
  readonly matrixUnits?: MatrixUnits | undefined;
}

/** How {@link Gpu.fromDevice} wraps a device. */
export interface DeviceOptions extends GpuOptions {
  /** Told about each kernel when it is first compiled. */
  readonly onCompile?: (kernel: Kernel) => void;
  /**
   * Where kernels find their parameters: `immediate`, in the command, where the device and its WGSL can and they fit, else
   * (and if `uniform` is given) in a buffer. The numbers are the same.
   */
  readonly parameters?: ParameterForm;
  /** Whether `dispose` leaves the device open, because it is somebody else's. No if absent. */
  readonly keepDevice?: boolean;
}

/** What all Gpus of one device have in common. */
interface Shared {
  readonly device: GPUDevice;
  readonly adapter: AdapterDescription;
  readonly pool: BufferPool;
  readonly pipelines: PipelineCache;
  readonly stream: CommandStream;
  readonly staging: StagingBuffers;
  readonly health: DeviceHealth;
  readonly keepDevice: boolean;
  profile: Profile | undefined;
  disposed: boolean;
}

/**
 * A device with one stream of work: dispatches are recorded and submitted in order, reading back is the only wait.
 * Same calls, same adapter, same options: the same numbers, bit by bit.
 */
export class Gpu extends Resource {
  readonly device: GPUDevice;
  readonly adapter: AdapterDescription;
  readonly pool: BufferPool;
  readonly pipelines: PipelineCache;
  readonly tuning: Tuning;
  readonly summation: 'ascending' | 'descending';
  readonly regime: MatmulRegime;
  readonly matrixUnits: MatrixUnits | undefined;
  /** Largest number of bytes that one kernel binding may span. */
  readonly maxBindingBytes: number;
  readonly #shared: Shared;
  readonly #stream: CommandStream;
  readonly #ownsShared: boolean;

  private constructor(shared: Shared, options: GpuOptions, ownsShared: boolean) {
    super();
    const { device, adapter } = shared;
    this.#shared = shared;
    this.#stream = shared.stream;
    this.#ownsShared = ownsShared;
    this.device = device;
    this.adapter = adapter;
    this.pool = shared.pool;
    this.pipelines = shared.pipelines;
    this.tuning = options.tuning ?? tuningFor(adapter, device);
    this.summation = options.summation ?? 'ascending';
    this.regime = options.regime ?? 'probing';
    this.matrixUnits = options.matrixUnits;
    const deviceLimit = device.limits.maxStorageBufferBindingSize;
    this.maxBindingBytes = Math.min(options.maxBindingBytes ?? deviceLimit, deviceLimit);
  }

  /**
   * Wraps any device (browser, Deno, Node), which is the Gpu's from then on unless it is to be kept. A device may have
   * several Gpus: each has a stream and a pool of its own, kernels are compiled once for all. With Dawn's node bindings
   * keep the result of `create()` referenced to the end of the process: Dawn crashes if it is set free too early.
   * @param adapter what is known of its adapter; what `device.adapterInfo` says if absent
   * @throws UserError (`unfit-device`) naming the limit if the device allows less than the kernels need
   */
  static fromDevice(
    device: GPUDevice,
    adapter: AdapterDescription = describeAdapter(device.adapterInfo, 'given'),
    options: DeviceOptions = {},
  ): Gpu {
    refuseSmallLimits(device, adapter.description);
    const stream = new CommandStream(
      device,
      adapter.kind === 'hardware' ? EARLY_SUBMIT : DISPATCHES_PER_SUBMIT,
    );
    const shared: Shared = {
      device,
      adapter,
      pool: new BufferPool(device, () => stream.forgetBuffers()),
      pipelines: new PipelineCache(device, options),
      stream,
      staging: new StagingBuffers(device),
      health: new DeviceHealth(device),
      keepDevice: options.keepDevice ?? false,
      profile: undefined,
      disposed: false,
    };
    return new Gpu(shared, options, true);
  }

  /**
   * The same device, stream, pool and pipelines with other options; those that are not given stay as they are here.
   * The result owns nothing: disposing it does nothing.
   */
  with(options: GpuOptions): Gpu {
    const { tuning, summation, regime, maxBindingBytes, matrixUnits } = this;
    const kept = { tuning, summation, regime, maxBindingBytes, matrixUnits };
    return new Gpu(this.#shared, { ...kept, ...options }, false);
  }

  /**
   * A new tensor; its contents are undefined until written.
   * @throws UserError if it needs more bytes than one buffer may have (`buffer-limit`) or than the memory budget leaves
   *   (`memory-budget`)
   */
  tensor(shape: readonly number[], options: TensorOptions = {}): Tensor {
    const { label = 'tensor', dtype = 'float32', exact = false } = options;
    this.#refuseIfDisposed(`tensor ${label}`);
    const bytes = storageBytes(elementCount(shape), dtype);
    const { maxBufferSize } = this.device.limits;
    if (bytes > maxBufferSize) {
      throw new UserError(
        `tensor ${label} [${shape.join(', ')}] needs ${bytes} bytes in one buffer; adapter ${this.adapter.description} allows ${maxBufferSize}`,
        'buffer-limit',
      );
    }
    const buffer = this.pool.take(bytes, exact, { label, shape, dtype });
    const release = (own: GPUBuffer): void => this.pool.give(own);
    return new Tensor({ device: this.device, buffer, shape, dtype, label, release });
  }

  /**
   * A new tensor with these elements, float32 or uint32 as the array is.
   * @throws RangeError if the shape has another number of elements; UserError as {@link tensor}
   */
  upload(
    data: Float32Array | Uint32Array,
    shape: readonly number[],
    options: Omit<TensorOptions, 'dtype'> = {},
  ): Tensor {
    if (data.length !== elementCount(shape)) {
      throw new RangeError(
        `uploading ${data.length} elements as ${options.label ?? 'tensor'} [${shape.join(', ')}]`,
      );
    }
    const dtype = data instanceof Uint32Array ? 'uint32' : 'float32';
    const tensor = this.tensor(shape, { ...options, dtype });
    this.write(tensor, data);
    return tensor;
  }

  /**
   * Overwrites elements from `offset` on, after all work recorded so far. What goes into a float16 tensor is rounded to
   * the nearest, ties to even; there `offset` is even, and `data` has an even length unless it reaches the tensor's end.
   * @throws RangeError for what does not fit the tensor; UserError (`float16-range`) for a value too large for float16
   */
  write(tensor: Tensor, data: Float32Array | Uint32Array, offset = 0): void {
    this.#refuseIfDisposed('write');
    tensor.refuseUnlessOn(this.device, 'write');
    if (data instanceof Uint32Array !== (tensor.dtype === 'uint32'))
      throw new RangeError(
        `writing a ${data.constructor.name} into ${tensor.label}, which is ${tensor.dtype}`,
      );
    if (offset < 0 || offset + data.length > tensor.length) {
      throw new RangeError(
        `writing ${data.length} elements at ${offset} into ${tensor.label} of ${tensor.length}`,
      );
    }
    const stored = tensor.dtype === 'float16' ? packHalves(tensor, data, offset) : data;
    this.#submitUses(tensor);
    this.device.queue.writeBuffer(
      tensor.buffer,
      offset * ELEMENT_BYTES[tensor.dtype],
      stored as Float32Array<ArrayBuffer>,
    );
  }

  /** A scope whose tensors are disposed at its end. */
  scope(): Scope {
    return new Scope(this);
  }

  /**
   * Records a dispatch.
   * @param workgroups see {@link grid}
   * @param flop floating-point operations that its definition asks for, for {@link profile}
   * @throws RangeError naming the kernel if a binding or parameter is missing, or not of the type that the kernel
   *   declares; UserError (`binding-limit`) if a binding is larger than may be bound
   */
  dispatch<S extends string, P extends string>(
    kernel: Kernel<S, P>,
    storage: Readonly<Record<S, Operand>>,
    params: Readonly<Record<P, number>>,
    workgroups: readonly [number, number, number],
    flop = 0,
  ): void {
    if (this.#shared.disposed) this.#refuseIfDisposed(`kernel ${kernel.label}`);
    if (workgroups[0] * workgroups[1] * workgroups[2] === 0) return;
    const compiled = this.pipelines.get(kernel);
    const stream = this.#stream;
    stream.parameters(compiled, params);
    bindStorage(compiled, storage, this, stream);
    stream.dispatch(compiled, workgroups, flop);
  }

  /**
   * Compiles kernels that work to come will need, side by side on all cores where the driver compiles pipelines when they are
   * made, so that no dispatch waits for its kernel. Those that are compiled already take no time.
   * @param kernels such as a memory plan's; those that `pipelines.expect` was told of if absent
   * @throws Error naming the kernel that does not compile; UserError (`unfit-device`) naming one that the device cannot run;
   *   the signal's reason
   */
  async warm(kernels: Iterable<Kernel> = this.pipelines.expected, options: WarmOptions = {}): Promise<void> {
    this.#refuseIfDisposed('warm');
    await warm(this.pipelines, kernels, options);
  }

  /** Records filling a tensor with zero bits. */
  clear(tensor: Tensor): void {
    this.#refuseIfDisposed('clear');
    tensor.refuseUnlessOn(this.device, 'clear');
    tensor.use.recording = this.#stream.recording;
    this.#stream.outsidePass().clearBuffer(tensor.buffer, 0, tensor.byteLength);
  }

  /**
   * Records a copy of elements between tensors of one dtype, float32 or uint32.
   * @throws RangeError for other tensors, and for elements that are not there
   */
  copy(source: Tensor, target: Tensor, length = source.length, sourceOffset = 0, targetOffset = 0): void {
    this.#refuseIfDisposed('copy');
    for (const tensor of [source, target]) tensor.refuseUnlessOn(this.device, 'copy');
    if (source.dtype === 'float16' || target.dtype !== source.dtype) {
      throw new RangeError(
        `copying ${source.label} (${source.dtype}) to ${target.label} (${target.dtype}): only 32-bit elements of one dtype are copied`,
      );
    }
    if (sourceOffset + length > source.length || targetOffset + length > target.length) {
      throw new RangeError(
        `copying ${length} elements from ${source.label} at ${sourceOffset} to ${target.label} at ${targetOffset} runs over an end`,
      );
    }
    source.use.recording = target.use.recording = this.#stream.recording;
    this.#stream
      .outsidePass()
      .copyBufferToBuffer(source.buffer, sourceOffset * 4, target.buffer, targetOffset * 4, length * 4);
  }

  /** Submits what is recorded, without waiting. */
  flush(): void {
    this.#refuseIfDisposed('flush');
    this.#stream.submit();
  }

  /**
   * Waits for all work and copies elements [offset, offset + length) of a float32 or float16 tensor to the host. What is
   * read is what the tensor holds after all work recorded so far; more may be recorded before it is awaited.
   * @throws RangeError for a uint32 tensor or a range past the end; otherwise as {@link check}
   */
  async read(tensor: Tensor, offset = 0, length = tensor.length - offset): Promise<Float32Array> {
    return (await this.readAll([{ tensor, offset, length }]))[0];
  }

  /**
   * As {@link read}, of a uint32 tensor: all of its elements.
   * @throws RangeError for a tensor of another dtype; otherwise as {@link check}
   */
  async readIndices(tensor: Tensor): Promise<Uint32Array> {
    return (await this.readAll([{ indices: tensor }]))[0];
  }

  /**
   * As {@link read}, of several tensors at once: packed into one buffer, which is mapped once; each into a new array or into
   * the one that is given with it.
   * @returns one array an item, in their order
   * @throws as {@link read} and {@link readIndices}
   */
  async readAll<const Items extends readonly ReadItem[]>(
    items: Items,
  ): Promise<{ -readonly [i in keyof Items]: ReadValues<Items[i]> }> {
    this.#refuseIfDisposed('read');
    const wanted = items.map((item) => wordsToRead(item, this.device));
    const total = wanted.reduce((sum, { bytes }) => sum + bytes, 0);
    const refuse = (): void => {
      this.#refuseIfDisposed('read');
      this.check();
    };
    const read =
      total > 0
        ? this.#waiting(() => readPacked(wanted, this.#stream, this.#shared.staging, refuse))
        : wanted.map(({ decode }) => decode(new ArrayBuffer(0), 0));
    return (await read) as { [i in keyof Items]: ReadValues<Items[i]> };
  }

  /**
   * Waits for all submitted work.
   * @throws as {@link check}
   */
  async finish(): Promise<void> {
    this.#refuseIfDisposed('finish');
    this.flush();
    await this.#waiting(() => this.device.queue.onSubmittedWorkDone());
    this.#stream.waited();
    this.check();
  }

  /**
   * Times every dispatch from now on, also those of Gpus made by {@link with}, until `end` of what is returned.
   * @throws UserError (`unfit-device`) if the device has no timestamps: they come with `acquireGpu({ profile: true })`;
   *   RangeError while another profile is being made
   */
  profile(options: ProfileOptions = {}): Profile {
    this.#refuseIfDisposed('profile');
    const { device, staging } = this.#shared;
    refuseWithoutTimestamps(device, this.adapter.description);
    if (this.#shared.profile) throw new RangeError('profile: another one is being made');
    const profile = new Profile(async () => {
      this.#refuseIfDisposed('profile');
      this.#stream.time(undefined);
      this.#shared.profile = undefined;
      await this.finish();
      await timer.end();
    }, options);
    const timer = new PassTimer(device, staging, DISPATCHES_PER_SUBMIT, (...added) => profile.add(...added));
    this.#stream.time(timer);
    return (this.#shared.profile = profile);
  }

  /**
   * @throws UserError (`out-of-memory`, `device-full`) if the device ran out of memory; Error if it reported a
   *   validation error or was lost. Results since then mean nothing.
   */
  check(): void {
    this.#shared.health.check(this.adapter.description, this.pool.allocatedBytes);
  }

  /**
   * Submits what is recorded and closes the device, or keeps it if so told. It may be used no more, nor may those made of it by
   * {@link with}, of which `dispose` does nothing. A second call does nothing.
   */
  dispose(): void {
    if (!this.#ownsShared || this.#shared.disposed) return;
    this.#shared.health.end();
    this.#stream.dispose();
    this.pool.close();
    this.#shared.staging.close();
    this.#shared.disposed = true;
    if (!this.#shared.keepDevice) this.device.destroy();
  }

  /** Submits what is recorded if that uses the tensor's buffer: a write comes before all that is submitted after it. */
  #submitUses(tensor: Tensor): void {
    const { recording } = tensor.use;
    if (recording === undefined) return;
    if (recording.open || recording.stream !== this.#stream) this.flush();
  }

  async #waiting<T>(work: () => Promise<T>): Promise<T> {
    const ends = waitBegins(this.adapter.kind);
    try {
      return await work();
    } finally {
      ends();
    }
  }

  #refuseIfDisposed(use: string): void {
    if (this.#shared.disposed)
      throw new RangeError(`${use}: the Gpu on ${this.adapter.description} was disposed`);
  }
}
