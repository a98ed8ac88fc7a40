import { refuseUnfit } from './device-needs.ts';
import type { DType } from './dtype.ts';
import type { Kernel, ParameterType, StorageBinding } from './kernel.ts';
import { type ParameterForm, immediateBytes, textWith } from './parameter-form.ts';
import { elementDType } from './storage-element.ts';
import { ShaderStage } from './webgpu-constants.ts';

/** A kernel on a device, and what each of its dispatches must be given. */
export interface CompiledKernel {
  readonly kernel: Kernel;
  /** No other compiled kernel has it. */
  readonly number: number;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  /** In binding order, from binding 1. */
  readonly storage: readonly { readonly name: string; readonly dtype: DType }[];
  /** In the order of their block. */
  readonly params: readonly { readonly name: string; readonly type: ParameterType }[];
  /** Where the kernel finds its parameters. */
  readonly form: ParameterForm;
  /** Bytes of all parameters. */
  readonly parameterBytes: number;
  /** Bytes of the block as a uniform: a multiple of 16. */
  readonly uniformBytes: number;
}

/** How a {@link PipelineCache} compiles. */
export interface CompileOptions {
  /** Told about each kernel before it is compiled. */
  readonly onCompile?: ((kernel: Kernel) => void) | undefined;
  /** Where kernels find their parameters; in the command where the device can and they fit, if absent. */
  readonly parameters?: ParameterForm | undefined;
}

/** What a kernel is compiled of. */
type Parts = Omit<CompiledKernel, 'pipeline'> & { readonly descriptor: GPUComputePipelineDescriptor };
type Compiled = Map<Kernel, CompiledKernel>;

/** What is compiled, by device and form: all Gpus of a device share it. */
const compiledOn = new WeakMap<GPUDevice, Record<ParameterForm, Compiled>>();
let compiledKernels = 0;

/** Compiles each kernel once per device. A kernel that does not compile surfaces at the next wait, by its label. */
export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #onCompile: ((kernel: Kernel) => void) | undefined;
  readonly #immediateBytes: number;
  readonly #compiled: Compiled = new Map();
  readonly #expected = new Set<Kernel>();
  readonly #compiling = new Map<Kernel, Promise<void>>();

  constructor(device: GPUDevice, { onCompile, parameters = 'immediate' }: CompileOptions = {}) {
    this.#device = device;
    this.#onCompile = onCompile;
    this.#immediateBytes = parameters === 'immediate' ? immediateBytes(device) : 0;
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
      const shared = this.#sharedFor(kernel);
      compiled = shared.get(kernel) ?? this.#compile(kernel);
      shared.set(kernel, compiled);
      this.#compiled.set(kernel, compiled);
    }
    return compiled;
  }

  /** Kernels that work to come is known to need: those that `Gpu.warm` compiles. */
  get expected(): Iterable<Kernel> {
    return this.#expected;
  }

  /** Adds to {@link expected}. */
  expect(kernels: Iterable<Kernel>): void {
    for (const kernel of kernels) this.#expected.add(kernel);
  }

  /**
   * Compiles a kernel for the device, unless it is, while others are compiled.
   * @throws Error naming the kernel if it does not compile; otherwise as {@link get}
   */
  async compile(kernel: Kernel): Promise<void> {
    const shared = this.#sharedFor(kernel);
    if (shared.has(kernel)) return;
    let compiling = this.#compiling.get(kernel);
    if (compiling === undefined) {
      const { descriptor, ...parts } = this.#parts(kernel);
      compiling = this.#device
        .createComputePipelineAsync(descriptor)
        .then((pipeline) => {
          // It may have been needed in the meantime.
          if (!shared.has(kernel)) shared.set(kernel, { ...parts, pipeline });
        })
        .catch((error: unknown) => {
          const { message } = error as Error;
          throw new Error(`kernel ${kernel.label} does not compile: ${message}`, { cause: error });
        })
        .finally(() => this.#compiling.delete(kernel));
      this.#compiling.set(kernel, compiling);
    }
    await compiling;
  }

  #sharedFor(kernel: Kernel): Compiled {
    let shared = compiledOn.get(this.#device);
    if (shared === undefined)
      compiledOn.set(this.#device, (shared = { immediate: new Map(), uniform: new Map() }));
    return shared[this.#formOf(kernel)];
  }

  #formOf({ params }: Kernel): ParameterForm {
    return Object.keys(params).length * 4 <= this.#immediateBytes ? 'immediate' : 'uniform';
  }

  #compile(kernel: Kernel): CompiledKernel {
    const { descriptor, ...parts } = this.#parts(kernel);
    return { ...parts, pipeline: this.#device.createComputePipeline(descriptor) };
  }

  #parts(kernel: Kernel): Parts {
    refuseUnfit(kernel, this.#device);
    this.#onCompile?.(kernel);
    const { label } = kernel;
    const form = this.#formOf(kernel);
    const storage = Object.entries<StorageBinding>(kernel.storage);
    const params = Object.entries<ParameterType>(kernel.params);
    const entries: GPUBindGroupLayoutEntry[] = storage.map(([, { access }], i) => ({
      binding: i + 1,
      visibility: ShaderStage.COMPUTE,
      buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
    }));
    if (form === 'uniform')
      entries.unshift({
        binding: 0,
        visibility: ShaderStage.COMPUTE,
        buffer: { type: 'uniform', hasDynamicOffset: true },
      });
    const layout = this.#device.createBindGroupLayout({ label, entries });
    const parameterBytes = params.length * 4;
    const module = this.#device.createShaderModule({ label, code: textWith(kernel, form) });
    return {
      kernel,
      number: ++compiledKernels,
      layout,
      storage: storage.map(([name, { element }]) => ({ name, dtype: elementDType(element) })),
      params: params.map(([name, type]) => ({ name, type })),
      form,
      parameterBytes,
      uniformBytes: Math.max(Math.ceil(parameterBytes / 16), 1) * 16,
      descriptor: {
        label,
        layout: this.#device.createPipelineLayout({
          label,
          bindGroupLayouts: [layout],
          ...(form === 'immediate' ? { immediateSize: parameterBytes } : {}),
        }),
        compute: { module, entryPoint: 'main' },
      },
    };
  }
}
