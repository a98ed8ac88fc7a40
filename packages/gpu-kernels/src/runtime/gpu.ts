import { type AdapterDescription, describeAdapter } from '../device/description.ts';
import { UserError } from '../errors.ts';
import { BufferPool } from './buffer-pool.ts';
import { CommandStream } from './command-stream.ts';
import { DeviceHealth } from './device-health.ts';
import { refuseSmallLimits } from './device-needs.ts';
import { bindStorage, writeParameters } from './dispatch-arguments.ts';
import { ELEMENT_BYTES, elementCount, storageBytes } from './dtype.ts';
import { decodeFloat16 } from './float16.ts';
import { packHalves } from './halves.ts';
import type { Kernel } from './kernel.ts';
import { PipelineCache } from './pipeline-cache.ts';
import { Resource } from './resource.ts';
import { Scope } from './scope.ts';
import { type Operand, Tensor, type TensorOptions } from './tensor.ts';
import type { MatmulRegime } from './tiled-tuning.ts';
import { type Tuning, tuningFor } from './tuning.ts';
import { BufferUsage, MapMode } from './webgpu-constants.ts';

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
}

/** How {@link Gpu.fromDevice} wraps a device. */
export interface DeviceOptions extends GpuOptions {
  /** Told about each kernel when it is first compiled. */
  readonly onCompile?: (kernel: Kernel) => void;
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
  readonly health: DeviceHealth;
  readonly keepDevice: boolean;
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
    const stream = new CommandStream(device);
    const shared: Shared = {
      device,
      adapter,
      pool: new BufferPool(device, () => stream.submit()),
      pipelines: new PipelineCache(device, options.onCompile),
      stream,
      health: new DeviceHealth(device),
      keepDevice: options.keepDevice ?? false,
      disposed: false,
    };
    return new Gpu(shared, options, true);
  }

  /**
   * The same device, stream, pool and pipelines with other options; those that are not given stay as they are here.
   * The result owns nothing: disposing it does nothing.
   */
  with(options: GpuOptions): Gpu {
    const { tuning, summation, regime, maxBindingBytes } = this;
    return new Gpu(this.#shared, { tuning, summation, regime, maxBindingBytes, ...options }, false);
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
    this.flush();
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
   * @throws RangeError naming the kernel if a binding or parameter is missing, or not of the type that the kernel
   *   declares; UserError (`binding-limit`) if a binding is larger than may be bound
   */
  dispatch<S extends string, P extends string>(
    kernel: Kernel<S, P>,
    storage: Readonly<Record<S, Operand>>,
    params: Readonly<Record<P, number>>,
    workgroups: readonly [number, number, number],
  ): void {
    this.#refuseIfDisposed(`kernel ${kernel.label}`);
    if (workgroups[0] * workgroups[1] * workgroups[2] === 0) return;
    const compiled = this.pipelines.get(kernel);
    const stream = this.#stream;
    writeParameters(compiled, params, stream.uniformView, stream.uniformOffset);
    stream.dispatch(compiled, bindStorage(compiled, storage, this), workgroups);
  }

  /** Records filling a tensor with zero bits. */
  clear(tensor: Tensor): void {
    this.#refuseIfDisposed('clear');
    tensor.refuseUnlessOn(this.device, 'clear');
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
   * Waits for all work and copies elements [offset, offset + length) of a float32 or float16 tensor to the host.
   * @throws RangeError for a uint32 tensor or a range past the end; otherwise as {@link check}
   */
  async read(tensor: Tensor, offset = 0, length = tensor.length - offset): Promise<Float32Array> {
    this.#refuseIfDisposed('read');
    tensor.refuseUnlessOn(this.device, 'read');
    if (tensor.dtype === 'uint32') throw new RangeError(`reading ${tensor.label}, which is uint32`);
    if (offset < 0 || length < 0 || offset + length > tensor.length) {
      throw new RangeError(`reading ${length} elements at ${offset} of ${tensor.label} (${tensor.length})`);
    }
    if (length === 0) return new Float32Array(0);
    const perWord = 4 / ELEMENT_BYTES[tensor.dtype];
    const firstByte = Math.floor(offset / perWord) * 4;
    const bytes = Math.ceil((offset + length) / perWord) * 4 - firstByte;
    const words = await this.#readBytes(tensor.buffer, firstByte, bytes);
    return tensor.dtype === 'float16'
      ? decodeFloat16(new Uint16Array(words, (offset % perWord) * 2, length))
      : new Float32Array(words);
  }

  /**
   * As {@link read}, of a uint32 tensor: all of its elements.
   * @throws RangeError for a tensor of another dtype; otherwise as {@link check}
   */
  async readIndices(tensor: Tensor): Promise<Uint32Array> {
    this.#refuseIfDisposed('read');
    tensor.refuseUnlessOn(this.device, 'read');
    if (tensor.dtype !== 'uint32')
      throw new RangeError(`reading indices of ${tensor.label}, which is ${tensor.dtype}`);
    if (tensor.length === 0) return new Uint32Array(0);
    return new Uint32Array(await this.#readBytes(tensor.buffer, 0, tensor.byteLength));
  }

  async #readBytes(buffer: GPUBuffer, offset: number, size: number): Promise<ArrayBuffer> {
    const usage = BufferUsage.MAP_READ | BufferUsage.COPY_DST;
    const staging = this.device.createBuffer({ size, usage });
    try {
      this.#stream.outsidePass().copyBufferToBuffer(buffer, offset, staging, 0, size);
      this.flush();
      await staging.mapAsync(MapMode.READ).catch((error: unknown) => {
        // What was disposed or lost says more than the mapping that it broke.
        this.#refuseIfDisposed('read');
        this.check();
        throw error;
      });
      this.check();
      return staging.getMappedRange().slice(0);
    } finally {
      staging.destroy();
    }
  }

  /**
   * Waits for all submitted work.
   * @throws as {@link check}
   */
  async finish(): Promise<void> {
    this.#refuseIfDisposed('finish');
    this.flush();
    await this.device.queue.onSubmittedWorkDone();
    this.check();
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
    this.#shared.disposed = true;
    if (!this.#shared.keepDevice) this.device.destroy();
  }

  #refuseIfDisposed(use: string): void {
    if (this.#shared.disposed)
      throw new RangeError(`${use}: the Gpu on ${this.adapter.description} was disposed`);
  }
}
