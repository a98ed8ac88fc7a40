import { BindGroupCache } from './bind-group-cache.ts';
import type { Recording } from './buffer-use.ts';
import { BoundRanges, writeParameters } from './dispatch-arguments.ts';
import type { PassTimer } from './pass-timer.ts';
import type { CompiledKernel } from './pipeline-cache.ts';
import { BufferUsage } from './webgpu-constants.ts';

/** Dispatches recorded before a command buffer is submitted: enough to hide the cost of a submit. */
export const DISPATCHES_PER_SUBMIT = 256;
/** Suits every adapter as a uniform binding's offset, in bytes. */
const UNIFORM_STRIDE = 256;

/** One stream of work on a device: dispatches and copies are recorded, and submitted in the order of their recording. */
export class CommandStream {
  readonly #device: GPUDevice;
  readonly #groups: BindGroupCache;
  readonly #uniforms: GPUBuffer;
  readonly #uniformData = new ArrayBuffer(DISPATCHES_PER_SUBMIT * UNIFORM_STRIDE);
  readonly #uniformView = new DataView(this.#uniformData);
  readonly #uniformOffset = new Uint32Array(1);
  #uniformBytes = 0;
  #immediates = new ArrayBuffer(64);
  #immediateView = new DataView(this.#immediates);
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  /** What is set in the pass. */
  #kernel: CompiledKernel | undefined;
  #group: GPUBindGroup | undefined;
  #recorded = 0;
  #timer: PassTimer | undefined;
  #recording: Recording = { open: true, stream: this };

  /** Where a dispatch's storage ranges are put before {@link dispatch}. */
  readonly ranges = new BoundRanges();

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#uniforms = device.createBuffer({
      label: 'params',
      size: this.#uniformData.byteLength,
      usage: BufferUsage.UNIFORM | BufferUsage.COPY_DST,
    });
    this.#groups = new BindGroupCache(device, this.#uniforms);
  }

  /** What is recorded next is part of it. */
  get recording(): Recording {
    return this.#recording;
  }

  /**
   * Writes the parameters of the next dispatch to where it takes them from.
   * @throws as {@link writeParameters}
   */
  parameters(compiled: CompiledKernel, values: Readonly<Record<string, number>>): void {
    if (compiled.form === 'uniform') writeParameters(compiled, values, this.#uniformView, this.#uniformBytes);
    else {
      if (compiled.parameterBytes > this.#immediates.byteLength) {
        this.#immediates = new ArrayBuffer(compiled.parameterBytes);
        this.#immediateView = new DataView(this.#immediates);
      }
      writeParameters(compiled, values, this.#immediateView, 0);
    }
  }

  /**
   * Records a dispatch with the {@link parameters} that were written and the storage in {@link ranges}.
   * @param flop for a profile
   */
  dispatch(compiled: CompiledKernel, workgroups: readonly [number, number, number], flop = 0): void {
    const group = this.#groups.get(compiled, this.ranges);
    if (this.#timer) this.#beginTimedPass(this.#timer, compiled.kernel.label, workgroups, flop);
    this.#encoder ??= this.#device.createCommandEncoder();
    const pass = (this.#pass ??= this.#encoder.beginComputePass());
    if (compiled !== this.#kernel) pass.setPipeline(compiled.pipeline);
    if (compiled.form === 'immediate') {
      pass.setImmediates(0, this.#immediates, 0, compiled.parameterBytes);
      if (group !== this.#group) pass.setBindGroup(0, group);
    } else {
      this.#uniformOffset[0] = this.#uniformBytes;
      pass.setBindGroup(0, group, this.#uniformOffset, 0, 1);
      this.#uniformBytes += UNIFORM_STRIDE;
    }
    this.#kernel = compiled;
    this.#group = group;
    pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
    if (++this.#recorded === DISPATCHES_PER_SUBMIT) this.submit();
  }

  /** For recording copies and clears, which lie between passes. */
  outsidePass(): GPUCommandEncoder {
    this.#endPass();
    this.#encoder ??= this.#device.createCommandEncoder();
    return this.#encoder;
  }

  /** Submits what is recorded, without waiting. */
  submit(): void {
    if (!this.#encoder) return;
    this.#endPass();
    const { queue } = this.#device;
    if (this.#uniformBytes > 0)
      queue.writeBuffer(this.#uniforms, 0, this.#uniformData, 0, this.#uniformBytes);
    this.#timer?.beforeSubmit(this.#encoder);
    queue.submit([this.#encoder.finish()]);
    this.#timer?.afterSubmit();
    this.#encoder = undefined;
    this.#recorded = 0;
    this.#uniformBytes = 0;
    this.#recording.open = false;
    this.#recording = { open: true, stream: this };
  }

  /** Submits what is recorded; from then on each dispatch has a pass of its own that is timed, or no more if undefined. */
  time(timer: PassTimer | undefined): void {
    this.submit();
    this.#timer = timer;
  }

  /** Submits what is recorded and forgets which buffers were bound together: some are about to be destroyed. */
  forgetBuffers(): void {
    this.submit();
    this.#groups.clear();
  }

  dispose(): void {
    this.submit();
    this.#groups.clear();
    this.#uniforms.destroy();
  }

  #beginTimedPass(
    timer: PassTimer,
    label: string,
    [x, y, z]: readonly [number, number, number],
    flop: number,
  ): void {
    const { sizes, count } = this.ranges;
    let bytes = 0;
    for (let i = 0; i < count; i++) bytes += sizes[i] as number;
    const timestampWrites = timer.next({ label, bytes, workgroups: x * y * z, flop });
    this.#pass = this.outsidePass().beginComputePass({ label, timestampWrites });
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = undefined;
    this.#kernel = undefined;
    this.#group = undefined;
  }
}
