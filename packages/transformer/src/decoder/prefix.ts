import type { KeyValuePrefix } from '@icl-gd/gpu-kernels';
import { embed } from './embedding.ts';
import { forwardLayers } from './forward.ts';
import type { Projections } from './attention.ts';
import { layerProjections } from './layer.ts';
import type { Pass } from './pass.ts';

/** Keys and values of a context in every layer, as attention sees them: [length, H_kv D] each. */
export class ContextPrefix implements Disposable {
  /** In tokens. */
  readonly length: number;
  /** One entry a layer. */
  readonly layers: readonly KeyValuePrefix[];
  #disposed = false;

  constructor(length: number, layers: readonly KeyValuePrefix[]) {
    this.length = length;
    this.layers = layers;
  }

  /** Whether keys and values are gone. */
  get disposed(): boolean {
    return this.#disposed;
  }

  /** Frees keys and values of all layers; a second time it does nothing. The prefix is not to be used afterwards. */
  dispose(): void {
    this.#disposed = true;
    for (const { k, v } of this.layers) {
      k.dispose();
      v.dispose();
    }
  }

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Records a pass over one sequence and keeps its keys and values. */
export function recordPrefix(pass: Pass): ContextPrefix {
  const length = pass.tokens;
  const last = pass.config.layers - 1;
  const layers: KeyValuePrefix[] = [];
  const keep = ({ key, value }: Projections, inner: Pass): void => {
    layers.push({ length, k: pass.keep(inner.keep(key)), v: pass.keep(inner.keep(value)) });
  };
  const residual = forwardLayers(pass, embed(pass), {
    layers: last,
    onLayer: (_, { attention }, inner) => keep(attention, inner),
  });
  // Of the last layer nothing but keys and values is ever read.
  using inner = pass.nested();
  keep(layerProjections(inner, last, residual), inner);
  return new ContextPrefix(length, layers);
}
