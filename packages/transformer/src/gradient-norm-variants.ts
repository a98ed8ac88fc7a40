import { type Gpu, type Tensor, addScaled, l2Norm } from '@icl-gd/gpu-kernels';
import type { DecoderConfig } from './config.ts';
import type { Gradients } from './decoder/gradients.ts';
import { inGroup, inLayer, parameterSpecs } from './parameters.ts';

/** One of the definitions that the gradient norm of arXiv 2311.07772v4, Figure 4, may have, and what it gives. */
export interface GradientNormVariant {
  /** All parameters of the layer, its key and value weights and biases, or the bias of its keys alone. */
  readonly parameters: 'all' | 'kv' | 'key_bias';
  /** The loss that the gradient is of: the sum over the predicted tokens, or their mean. */
  readonly reduction: 'sum' | 'mean';
  /**
   * Of the step alone (`reset`), or with the gradients of earlier steps added up (`accumulated`): for `all` those of
   * frozen parameters, which the released trainer never resets; for `kv` those of keys and values, as if they were not either.
   */
  readonly gradients: 'accumulated' | 'reset';
  /** l2 norms by layer. */
  readonly norms: readonly number[];
}

/** What is measured on the device in every step, one number a layer each. */
export const VARIANT_ROWS = [
  ...(['all', 'trained', 'kv', 'keyBias'] as const),
  ...(['frozenSum', 'frozenMean', 'kvSum', 'kvMean'] as const),
];
/** One of `VARIANT_ROWS`. */
export type VariantRow = (typeof VARIANT_ROWS)[number];

/** One layer's gradients in a step. */
interface LayerGradients {
  readonly gradients: Gradients;
  readonly layer: number;
  readonly step: number;
  /** Number of predictions that the loss is a mean over. */
  readonly tokens: number;
  /** Whether a parameter is trained, so that its gradient is reset at every step. */
  readonly isTrained: (name: string) => boolean;
}

/**
 * Gradient norms under every combination of which parameters, which reduction of the loss, and whether gradients are reset
 * between steps. Keeps the sums of all gradients of the layers twice: of the summed and of the mean loss.
 */
export class GradientNormVariants implements Disposable {
  readonly #gpu: Gpu;
  readonly #names: readonly string[];
  readonly #hasKeyBias: boolean;
  readonly #accumulated = new Map<string, Tensor>();
  /** By step. */
  readonly #tokens: number[] = [];

  constructor(gpu: Gpu, config: DecoderConfig) {
    this.#gpu = gpu;
    this.#names = parameterSpecs(config).map(({ name }) => name);
    this.#hasKeyBias = config.biases.keyValue;
  }

  /**
   * Adds up one step's gradients of a layer and records the norms that all variants are made of.
   * @param log receives each row's norm at `at(row)`; nothing for a row without parameters
   */
  take(
    { gradients, layer, step, tokens, isTrained }: LayerGradients,
    log: Tensor,
    at: (row: VariantRow) => number,
  ): void {
    this.#tokens[step] = tokens;
    const own = this.#names.filter((name) => inLayer(name, layer) && gradients.find(name));
    const gradientOf = (name: string): Tensor => gradients.find(name) as Tensor;
    const record = (
      row: VariantRow,
      isPart: (name: string) => boolean,
      tensorOf: (name: string) => Tensor = gradientOf,
    ): void => {
      const tensors = own.filter(isPart).map(tensorOf);
      if (tensors.length > 0) l2Norm(this.#gpu, { tensors, out: log, outIndex: at(row) });
    };
    const isKeyValue = (name: string): boolean => inGroup(name, 'attention.kv');
    const isFrozen = (name: string): boolean => !isTrained(name);
    record('all', () => true);
    record('trained', isTrained);
    record('kv', isKeyValue);
    record('keyBias', (name) => name.endsWith('.attention.key.bias'));
    for (const reduction of ['Sum', 'Mean'] as const) {
      const total = (name: string): Tensor => this.#total(name, reduction, gradientOf(name).shape);
      const scale = reduction === 'Sum' ? tokens : 1;
      for (const name of own) addScaled(this.#gpu, { target: total(name), source: gradientOf(name), scale });
      record(`frozen${reduction}`, isFrozen, total);
      record(`kv${reduction}`, isKeyValue, total);
    }
  }

  /**
   * What a step's norms come to.
   * @param row the norms that `take` recorded, by layer
   */
  report(step: number, row: (name: VariantRow) => readonly number[]): GradientNormVariant[] {
    const scaled = (norms: readonly number[], by: number): number[] => norms.map((norm) => by * norm);
    const joined = (a: readonly number[], b: readonly number[]): number[] =>
      a.map((norm, layer) => Math.hypot(norm, b[layer] as number));
    const of = (reduction: 'sum' | 'mean') => {
      const sum = reduction === 'sum';
      const scale = sum ? (this.#tokens[step] as number) : 1;
      const trained = scaled(row('trained'), scale);
      return {
        all: {
          accumulated: joined(trained, row(sum ? 'frozenSum' : 'frozenMean')),
          reset: scaled(row('all'), scale),
        },
        kv: { accumulated: row(sum ? 'kvSum' : 'kvMean'), reset: scaled(row('kv'), scale) },
      };
    };
    const norms = { sum: of('sum'), mean: of('mean') };
    const variants = (['all', 'kv'] as const).flatMap((parameters) =>
      (['sum', 'mean'] as const).flatMap((reduction) =>
        (['accumulated', 'reset'] as const).map((gradients) => ({
          ...{ parameters, reduction, gradients },
          norms: [...norms[reduction][parameters][gradients]],
        })),
      ),
    );
    const keyBias = { parameters: 'key_bias', reduction: 'mean', gradients: 'reset' } as const;
    return [...variants, ...(this.#hasKeyBias ? [{ ...keyBias, norms: [...row('keyBias')] }] : [])];
  }

  [Symbol.dispose](): void {
    for (const tensor of this.#accumulated.values()) tensor.dispose();
    this.#accumulated.clear();
  }

  #total(name: string, reduction: 'Sum' | 'Mean', shape: readonly number[]): Tensor {
    const key = `${name} (${reduction})`;
    let tensor = this.#accumulated.get(key);
    if (!tensor) {
      tensor = this.#gpu.tensor(shape, { label: `accumulated gradient of ${key}`, exact: true });
      this.#gpu.clear(tensor);
      this.#accumulated.set(key, tensor);
    }
    return tensor;
  }
}
