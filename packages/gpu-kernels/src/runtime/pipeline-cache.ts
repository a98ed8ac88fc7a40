import type { Kernel, StorageBinding } from './kernel.ts';
import { ShaderStage } from './webgpu-constants.ts';

interface CompiledKernel {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Compiles each kernel once per device. A kernel that does not compile surfaces at the next wait, by its label. */
export class PipelineCache {
  #device: GPUDevice;
  #compiled = new Map<Kernel, CompiledKernel>();

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  get size(): number {
    return this.#compiled.size;
  }

  get(kernel: Kernel): CompiledKernel {
    let compiled = this.#compiled.get(kernel);
    if (compiled === undefined) this.#compiled.set(kernel, (compiled = this.#compile(kernel)));
    return compiled;
  }

  #compile(kernel: Kernel): CompiledKernel {
    const { label } = kernel;
    const entries: GPUBindGroupLayoutEntry[] = [
      { binding: 0, visibility: ShaderStage.COMPUTE, buffer: { type: 'uniform' } },
    ];
    for (const { access } of Object.values<StorageBinding>(kernel.storage)) {
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
    return { pipeline, layout };
  }
}
