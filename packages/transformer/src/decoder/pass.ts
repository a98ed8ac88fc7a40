import type { Gpu, HeadShape, RowGroups, Scope, Tensor } from '@icl-gd/gpu-kernels';
import type { DecoderConfig } from '../config.ts';
import type { ModuleParameters, ParameterSet } from '../weights/parameter-set.ts';
import { Batch } from './batch.ts';
import { Gradients } from './gradients.ts';
import type { Hooks } from './hooks.ts';
import { type LayerParameters, layerParameters } from './layer-parameters.ts';
import { POSITION_TABLE } from './positions.ts';

/** Runs of a batch's rows whose parameters in some modules are their own, and shared in all others. */
export interface ModuleGroups {
  /** As many groups as parameters are stacked. */
  readonly rows: RowGroups;
  /** Whether a parameter has one more dimension, of the groups, before its others. */
  readonly has: (parameter: string) => boolean;
}

export interface PassOptions {
  readonly gpu: Gpu;
  readonly config: DecoderConfig;
  readonly parameters: ParameterSet;
  /** Token ids of each sequence. */
  readonly sequences: readonly (readonly number[])[];
  /** Tokens that come before every sequence as a key/value prefix; 0 if absent. */
  readonly prefixLength?: number;
  /** By how much all positions are shifted; 0 if absent. */
  readonly positionOffset?: number;
  /** What sees activations on the way, in this order; none if absent. */
  readonly hooks?: readonly Hooks[];
  /** What a backward pass adds the parameters' gradients to; it outlives the pass. */
  readonly gradients?: Gradients;
  /** All rows have the same parameters if absent. */
  readonly groups?: ModuleGroups | undefined;
}

/** What a pass and those nested in it have in common. */
interface Shared extends Omit<PassOptions, 'sequences' | 'prefixLength' | 'positionOffset'> {
  readonly batch: Batch;
  readonly gradients: Gradients;
  readonly headShape: HeadShape;
}

/**
 * One pass of packed sequences through the decoder: what every step of it reads, and the owner of the tensors made on the
 * way. Everything is disposed at its end (`using pass = Pass.over(…)`) except for what is kept.
 */
export class Pass implements Disposable {
  readonly gpu: Gpu;
  readonly config: DecoderConfig;
  readonly parameters: ParameterSet;
  readonly batch: Batch;
  readonly gradients: Gradients;
  readonly headShape: HeadShape;
  readonly hooks: readonly Hooks[];
  readonly groups: ModuleGroups | undefined;
  readonly #scope: Scope;
  readonly #outer: Pass | undefined;

  private constructor(
    { gpu, config, parameters, batch, gradients, headShape, hooks = [], groups }: Shared,
    outer?: Pass,
  ) {
    this.gpu = gpu;
    this.config = config;
    this.parameters = parameters;
    this.batch = batch;
    this.gradients = gradients;
    this.headShape = headShape;
    this.hooks = hooks;
    this.groups = groups;
    this.#scope = gpu.scope();
    this.#outer = outer;
  }

  static over({ sequences, prefixLength = 0, positionOffset = 0, gradients, ...shared }: PassOptions): Pass {
    const { config } = shared;
    // Fine-tuning takes few rows at a time; how many must not show in their bits.
    const gpu = gradients ? shared.gpu.with({ regime: 'training' }) : shared.gpu;
    const { heads, kvHeads, headDim, attentionScale } = config;
    return new Pass({
      ...shared,
      gpu,
      batch: new Batch(gpu, sequences, prefixLength + positionOffset + config.positions.offset),
      gradients: gradients ?? new Gradients(gpu),
      headShape: { heads, kvHeads, headDim, scale: attentionScale },
    });
  }

  /** T. */
  get tokens(): number {
    return this.batch.sequences.totalTokens;
  }

  /** The table that the batch's positions are rows of. */
  get positionTable(): Tensor {
    const { parameters, batch } = this;
    return parameters.positions?.atLeast(batch.positionRows) ?? parameters.get(POSITION_TABLE);
  }

  layer(index: number): LayerParameters {
    return layerParameters(this.parameters, this.config, index);
  }

  /** The runs of rows that have parameters of their own in a module; undefined where all share them. */
  groupsOf({ name }: ModuleParameters): RowGroups | undefined {
    return this.groups?.has(`${name}.weight`) ? this.groups.rows : undefined;
  }

  /** Shows an activation to the hooks. */
  hook(point: keyof Hooks, layer: number, tensor: Tensor): void {
    for (const hooks of this.hooks)
      hooks[point]?.({ gpu: this.gpu, layer, tensor, sequences: this.batch.sequences });
  }

  /** A pass over the same batch whose tensors are disposed earlier. */
  nested(): Pass {
    return new Pass(this, this);
  }

  /** Lets a tensor outlive this pass: it belongs to the pass around it then, or to the caller if there is none. */
  keep(tensor: Tensor): Tensor {
    this.#scope.release(tensor);
    return this.#outer ? this.#outer.#scope.own(tensor) : tensor;
  }

  /** Takes over a tensor that was made elsewhere. */
  own(tensor: Tensor): Tensor {
    return this.#scope.own(tensor);
  }

  /** A new float32 tensor; its contents are undefined until written. */
  tensor(shape: readonly number[], label: string): Tensor {
    return this.#scope.tensor(shape, label);
  }

  /** A new uint32 tensor; its contents are undefined until written. */
  indexTensor(shape: readonly number[], label: string): Tensor {
    return this.#scope.tensor(shape, label, 'uint32');
  }

  /** A uint32 tensor of these indices. */
  indices(values: readonly number[], label: string): Tensor {
    return this.#scope.upload(Uint32Array.from(values), [values.length], label);
  }

  /** A float32 tensor of these numbers. */
  numbers(values: Float32Array, label: string): Tensor {
    return this.#scope.upload(values, [values.length], label);
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
    if (!this.#outer) this.batch[Symbol.dispose]();
  }
}
