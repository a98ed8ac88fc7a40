import type { AdapterDescription } from '../device/description.ts';
import { UserError } from '../errors.ts';
import { BufferPool } from './buffer-pool.ts';
import { packHalves } from './halves.ts';
import type { Kernel, ParamType } from './kernel.ts';
import { PipelineCache } from './pipeline-cache.ts';
import {
  type Binding,
  ELEMENT_BYTES,
  Scope,
  Tensor,
  type DType,
  elementCount,
  storageBytes,
} from './tensor.ts';
import { BufferUsage, MapMode } from './webgpu-constants.ts';

/** Dispatches recorded before a command buffer is submitted: enough to hide the cost of a submit. */
const DISPATCHES_PER_SUBMIT = 256;
const UNIFORM_STRIDE = 256;

export interface TensorOptions {
  readonly label?: string;
  readonly dtype?: DType;
  /** Allocate exactly, outside the pool's size classes: for weights. */
  readonly exact?: boolean;
}

type Operand = Tensor | Binding;

/** What must live as long as a device. */
const owners = new WeakMap<Gpu, unknown>();

/**
 * A device with one stream of work: dispatches are recorded and submitted in order, reading back is the only wait.
 * Same calls, same adapter: the same numbers, bit by bit.
 */
export class Gpu {
  readonly device: GPUDevice;
  readonly adapter: AdapterDescription;
  readonly pool: BufferPool;
  readonly pipelines: PipelineCache;
  /**
   * Order in which matrix products recorded from now on sum over their inner dimension. `descending` (in blocks) is the
   * same sum but for its rounding: what changes with it is rounding and nothing else.
   */
  summation: 'ascending' | 'descending' = 'ascending';
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #recorded = 0;
  #uniformData = new ArrayBuffer(DISPATCHES_PER_SUBMIT * UNIFORM_STRIDE);
  #uniformView = new DataView(this.#uniformData);
  #uniforms: GPUBuffer;
  #failure: string | undefined;
  #outOfMemory = false;
  #closing = false;

  private constructor(device: GPUDevice, adapter: AdapterDescription, owner: unknown) {
    this.device = device;
    owners.set(this, owner);
    this.adapter = adapter;
    this.pool = new BufferPool(device, () => this.flush());
    this.pipelines = new PipelineCache(device);
    this.#uniforms = device.createBuffer({
      label: 'params',
      size: this.#uniformData.byteLength,
      usage: BufferUsage.UNIFORM | BufferUsage.COPY_DST,
    });
    device.addEventListener('uncapturederror', (event) => {
      const { error } = event as GPUUncapturedErrorEvent;
      if (error.constructor.name === 'GPUOutOfMemoryError') this.#outOfMemory = true;
      this.#failure ??= error.message;
    });
    void device.lost.then((info) => {
      if (!this.#closing) this.#failure ??= `device lost: ${(info.message || info.reason).split('\n', 1)[0]}`;
    });
  }

  /**
   * Wraps any device (browser, Deno, Node).
   * @param owner an object that must live as long as the device, as the result of `create()` of Dawn's node bindings
   */
  static fromDevice(device: GPUDevice, adapter: AdapterDescription, owner?: unknown): Gpu {
    return new Gpu(device, adapter, owner);
  }

  /** Largest number of bytes that one kernel binding may span on this adapter. */
  get maxBindingBytes(): number {
    return this.device.limits.maxStorageBufferBindingSize;
  }

  /** A new tensor; its contents are undefined until written. */
  tensor(shape: readonly number[], options: TensorOptions = {}): Tensor {
    const label = options.label ?? 'tensor';
    const dtype = options.dtype ?? 'float32';
    const bytes = storageBytes(elementCount(shape), dtype);
    if (bytes > this.device.limits.maxBufferSize) {
      throw new UserError(
        `tensor ${label} [${shape.join(', ')}] needs ${bytes} bytes in one buffer; adapter ${this.adapter.description} allows ${this.device.limits.maxBufferSize}`,
        'buffer-limit',
      );
    }
    const exact = options.exact === true;
    const release = (buffer: GPUBuffer): void => this.pool.give(buffer);
    return new Tensor(this, this.pool.take(bytes, exact, label), shape, dtype, label, release);
  }

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
    const tensor = this.tensor(shape, {
      ...options,
      dtype: data instanceof Uint32Array ? 'uint32' : 'float32',
    });
    this.write(tensor, data);
    return tensor;
  }

  /**
   * Overwrites elements from `offset` on, after all work recorded so far. What goes into an f16 tensor is rounded to
   * the nearest, ties to even; there `offset` is even, and `data` has an even length unless it reaches the tensor's end.
   * @throws RangeError for what does not fit the tensor; UserError for a value too large for f16
   */
  write(tensor: Tensor, data: Float32Array | Uint32Array, offset = 0): void {
    refuseDisposed(tensor, 'write');
    if (offset + data.length > tensor.length) {
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

  scope(): Scope {
    return new Scope(this);
  }

  /**
   * Records a dispatch.
   * @param workgroups see {@link grid}
   * @throws RangeError if a binding or parameter is missing, or a binding is larger than the adapter allows
   */
  dispatch<S extends string, P extends string>(
    kernel: Kernel<S, P>,
    storage: Readonly<Record<S, Operand>>,
    params: Readonly<Record<P, number>>,
    workgroups: readonly [number, number, number],
  ): void {
    if (workgroups[0] * workgroups[1] * workgroups[2] === 0) return;
    const { pipeline, layout } = this.pipelines.get(kernel);
    const slot = this.#recorded * UNIFORM_STRIDE;
    this.#writeParams(slot, kernel, params);
    const size = Math.max(Object.keys(kernel.params).length * 4, 16);
    const entries: GPUBindGroupEntry[] = [
      { binding: 0, resource: { buffer: this.#uniforms, offset: slot, size: Math.ceil(size / 16) * 16 } },
    ];
    for (const name of Object.keys(kernel.storage) as S[]) {
      entries.push({ binding: entries.length, resource: this.#resource(kernel.label, name, storage[name]) });
    }
    this.#encoder ??= this.device.createCommandEncoder();
    this.#pass ??= this.#encoder.beginComputePass();
    this.#pass.setPipeline(pipeline);
    this.#pass.setBindGroup(0, this.device.createBindGroup({ layout, entries }));
    this.#pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
    if (++this.#recorded === DISPATCHES_PER_SUBMIT) this.flush();
  }

  /** Records filling a tensor with zero bits. */
  clear(tensor: Tensor): void {
    refuseDisposed(tensor, 'clear');
    this.#copyEncoder().clearBuffer(tensor.buffer, 0, tensor.byteLength);
  }

  /**
   * Records a copy of elements between tensors of 32-bit elements.
   * @throws RangeError for f16 tensors, and for elements that are not there
   */
  copy(source: Tensor, target: Tensor, length = source.length, sourceOffset = 0, targetOffset = 0): void {
    refuseDisposed(source, 'copy');
    refuseDisposed(target, 'copy');
    if (source.dtype === 'float16' || target.dtype === 'float16') {
      throw new RangeError(
        `copying ${source.label} (${source.dtype}) to ${target.label} (${target.dtype}): only 32-bit elements are copied`,
      );
    }
    if (sourceOffset + length > source.length || targetOffset + length > target.length) {
      throw new RangeError(
        `copying ${length} elements from ${source.label} at ${sourceOffset} to ${target.label} at ${targetOffset} runs over an end`,
      );
    }
    this.#copyEncoder().copyBufferToBuffer(
      source.buffer,
      sourceOffset * 4,
      target.buffer,
      targetOffset * 4,
      length * 4,
    );
  }

  /** Submits what is recorded, without waiting. */
  flush(): void {
    if (!this.#encoder) return;
    this.#pass?.end();
    if (this.#recorded > 0)
      this.device.queue.writeBuffer(this.#uniforms, 0, this.#uniformData, 0, this.#recorded * UNIFORM_STRIDE);
    this.device.queue.submit([this.#encoder.finish()]);
    this.#encoder = undefined;
    this.#pass = undefined;
    this.#recorded = 0;
  }

  /**
   * Waits for all work and copies elements [offset, offset + length) of a float32 or f16 tensor to the host.
   * @throws RangeError for a range past the end; Error as {@link check}
   */
  async read(tensor: Tensor, offset = 0, length = tensor.length - offset): Promise<Float32Array> {
    refuseDisposed(tensor, 'read');
    if (offset < 0 || length < 0 || offset + length > tensor.length) {
      throw new RangeError(`reading ${length} elements at ${offset} of ${tensor.label} (${tensor.length})`);
    }
    if (length === 0) return new Float32Array(0);
    const perWord = 4 / ELEMENT_BYTES[tensor.dtype];
    const firstByte = Math.floor(offset / perWord) * 4;
    const bytes = Math.ceil((offset + length) / perWord) * 4 - firstByte;
    const staging = this.device.createBuffer({
      size: bytes,
      usage: BufferUsage.MAP_READ | BufferUsage.COPY_DST,
    });
    try {
      this.#copyEncoder().copyBufferToBuffer(tensor.buffer, firstByte, staging, 0, bytes);
      this.flush();
      await staging.mapAsync(MapMode.READ).catch((error: unknown) => {
        // A lost device says more than the mapping that it broke.
        this.check();
        throw error;
      });
      this.check();
      const words = staging.getMappedRange().slice(0);
      return tensor.dtype === 'float16'
        ? Float32Array.from(new Float16Array(words, (offset % perWord) * 2, length))
        : new Float32Array(words);
    } finally {
      staging.destroy();
    }
  }

  /** Waits for all submitted work. */
  async finish(): Promise<void> {
    this.flush();
    await this.device.queue.onSubmittedWorkDone();
    this.check();
  }

  /**
   * @throws UserError if the device ran out of memory; Error if it reported a validation error or was lost. Results
   *   since then mean nothing.
   */
  check(): void {
    if (this.#outOfMemory) {
      const held = (this.pool.allocatedBytes / 2 ** 30).toFixed(2);
      throw new UserError(
        `${this.adapter.description} is out of memory with ${held} GiB in use`,
        'out-of-memory',
      );
    }
    if (this.#failure !== undefined)
      throw new Error(`GPU error on ${this.adapter.description}: ${this.#failure}`);
  }

  dispose(): void {
    this.#closing = true;
    this.flush();
    this.pool.trim();
    this.#uniforms.destroy();
    this.device.destroy();
    owners.delete(this);
  }

  #copyEncoder(): GPUCommandEncoder {
    this.#pass?.end();
    this.#pass = undefined;
    this.#encoder ??= this.device.createCommandEncoder();
    return this.#encoder;
  }

  #writeParams<P extends string>(
    slot: number,
    kernel: Kernel<string, P>,
    params: Readonly<Record<P, number>>,
  ): void {
    let at = slot;
    for (const [name, type] of Object.entries<ParamType>(kernel.params)) {
      const value = (params as Record<string, number>)[name];
      if (value === undefined) throw new RangeError(`kernel ${kernel.label}: parameter ${name} is missing`);
      if (type === 'f32') this.#uniformView.setFloat32(at, value, true);
      else if (type === 'i32') this.#uniformView.setInt32(at, value, true);
      else this.#uniformView.setUint32(at, value, true);
      at += 4;
    }
  }

  #resource(kernel: string, name: string, operand: Operand | undefined): GPUBufferBinding {
    if (operand === undefined) throw new RangeError(`kernel ${kernel}: binding ${name} is missing`);
    if (operand instanceof Tensor) refuseDisposed(operand, `kernel ${kernel}: ${name}`);
    const offset = operand instanceof Tensor ? 0 : operand.offset;
    const size = operand instanceof Tensor ? operand.byteLength : operand.size;
    if (size > this.maxBindingBytes) {
      throw new UserError(
        `kernel ${kernel}: ${name} (${operand.label}) spans ${size} bytes; this adapter binds at most ${this.maxBindingBytes}`,
        'binding-limit',
      );
    }
    // vec4 views need whole vectors; buffers are padded to 256 bytes or checked by their kernels.
    return { buffer: operand.buffer, offset, size: Math.max(size, 4) };
  }
}

function refuseDisposed(tensor: Tensor, use: string): void {
  if (tensor.disposed) throw new RangeError(`${use}: tensor ${tensor.label} was disposed`);
}
