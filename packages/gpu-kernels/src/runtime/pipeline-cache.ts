import { refuseUnfit } from './device-needs.ts';
import type { DType } from './dtype.ts';
import type { Kernel, ParameterType, StorageBinding } from './kernel.ts';
import { elementDType } from './storage-element.ts';
import { ShaderStage } from './webgpu-constants.ts';

/** A kernel on a device, and what each of its dispatches must be given. */
export interface CompiledKernel {
  readonly kernel: Kernel;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** In binding order, from binding 1. */
  readonly storage: readonly { readonly name: string; readonly dtype: DType }[];
  /** In the order of the uniform block. */
  readonly params: readonly { readonly name: string; readonly type: ParameterType }[];
  /** Bytes of the uniform block: a multiple of 16. */
  readonly uniformBytes: number;
}

/** What is compiled, by device: all Gpus of a device share it. */
const compiledOn = new WeakMap<GPUDevice, Map<Kernel, CompiledKernel>>();

/** Compiles each kernel once per device. A kernel that does not compile surfaces at the next wait, by its label. */
export class PipelineCache {
  #device: GPUDevice;
  #onCompile: ((kernel: Kernel) => void) | undefined;
  #compiled = new Map<Kernel, CompiledKernel>();

  /** @param onCompile told about each kernel before it is compiled */
  constructor(device: GPUDevice, onCompile?: (kernel: Kernel) => void) {
    this.#device = device;
    this.#onCompile = onCompile;
  }

  /** Every kernel that was asked for so far, of this cache. */
  get kernels(): readonly Kernel[] {
    return [...this.#compiled.keys()];
  }

  /**
   * The pipeline of a kernel, compiled at the first call for the device.
   * @throws UserError (`unfit-device`) naming the kernel if the device lacks what it needs
   */
  get(kernel: Kernel): CompiledKernel {
    let compiled = this.#compiled.get(kernel);
    if (compiled === undefined) {
      const shared = compiledOn.get(this.#device) ?? new Map<Kernel, CompiledKernel>();
      compiledOn.set(this.#device, shared);
      compiled = shared.get(kernel) ?? this.#compile(kernel);
      shared.set(kernel, compiled);
      this.#compiled.set(kernel, compiled);
    }
    return compiled;
  }

  #compile(kernel: Kernel): CompiledKernel {
    refuseUnfit(kernel, this.#device);
    this.#onCompile?.(kernel);
    const { label } = kernel;
    const storage = Object.entries<StorageBinding>(kernel.storage);
    const params = Object.entries<ParameterType>(kernel.params);
    const entries: GPUBindGroupLayoutEntry[] = [
      { binding: 0, visibility: ShaderStage.COMPUTE, buffer: { type: 'uniform' } },
    ];
    for (const [, { access }] of storage) {
      entries.push({
        binding: entries.length,
        visibility: ShaderStage.COMPUTE,
        buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
      });
    }
    const layout = this.#device.createBindGroupLayout({ label, entries });
    const module = this.#device.createShaderModule({ label, code: kernel.wgsl });
    const pipeline = this.#device.createComputePipeline({
      label,
      layout: this.#device.createPipelineLayout({ label, bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: 'main' },
    });
    return {
      kernel,
      pipeline,
      layout,
      storage: storage.map(([name, { element }]) => ({ name, dtype: elementDType(element) })),
      params: params.map(([name, type]) => ({ name, type })),
      uniformBytes: Math.max(Math.ceil(params.length / 4), 1) * 16,
    };
  }
}
