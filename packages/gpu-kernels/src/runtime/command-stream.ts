import type { CompiledKernel } from './pipeline-cache.ts';
import { BufferUsage } from './webgpu-constants.ts';

/** Dispatches recorded before a command buffer is submitted: enough to hide the cost of a submit. */
const DISPATCHES_PER_SUBMIT = 256;
/** Suits every adapter as a uniform binding's offset, in bytes. */
const UNIFORM_STRIDE = 256;

/** One stream of work on a device: dispatches and copies are recorded, and submitted in the order of their recording. */
export class CommandStream {
  #device: GPUDevice;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #recorded = 0;
  #uniformData = new ArrayBuffer(DISPATCHES_PER_SUBMIT * UNIFORM_STRIDE);
  #uniforms: GPUBuffer;

  /** View of {@link uniformOffset}'s bytes. */
  readonly uniformView = new DataView(this.#uniformData);

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#uniforms = device.createBuffer({
      label: 'params',
      size: this.#uniformData.byteLength,
      usage: BufferUsage.UNIFORM | BufferUsage.COPY_DST,
    });
  }

  /** Where in {@link uniformView} the parameters of the next dispatch go. */
  get uniformOffset(): number {
    return this.#recorded * UNIFORM_STRIDE;
  }

  /** Records a dispatch, with the parameters that stand at {@link uniformOffset} and storage from binding 1. */
  dispatch(
    { pipeline, layout, uniformBytes }: CompiledKernel,
    storage: readonly GPUBufferBinding[],
    [x, y, z]: readonly [number, number, number],
  ): void {
    const entries: GPUBindGroupEntry[] = [
      { binding: 0, resource: { buffer: this.#uniforms, offset: this.uniformOffset, size: uniformBytes } },
    ];
    for (const resource of storage) entries.push({ binding: entries.length, resource });
    this.#encoder ??= this.#device.createCommandEncoder();
    this.#pass ??= this.#encoder.beginComputePass();
    this.#pass.setPipeline(pipeline);
    this.#pass.setBindGroup(0, this.#device.createBindGroup({ layout, entries }));
    this.#pass.dispatchWorkgroups(x, y, z);
    if (++this.#recorded === DISPATCHES_PER_SUBMIT) this.submit();
  }

  /** For recording copies and clears, which lie between passes. */
  outsidePass(): GPUCommandEncoder {
    this.#pass?.end();
    this.#pass = undefined;
    this.#encoder ??= this.#device.createCommandEncoder();
    return this.#encoder;
  }

  /** Submits what is recorded, without waiting. */
  submit(): void {
    if (!this.#encoder) return;
    this.#pass?.end();
    const { queue } = this.#device;
    if (this.#recorded > 0)
      queue.writeBuffer(this.#uniforms, 0, this.#uniformData, 0, this.#recorded * UNIFORM_STRIDE);
    queue.submit([this.#encoder.finish()]);
    this.#encoder = undefined;
    this.#pass = undefined;
    this.#recorded = 0;
  }

  dispose(): void {
    this.submit();
    this.#uniforms.destroy();
  }
}
