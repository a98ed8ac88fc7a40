import { Pcg64 } from '@icl-gd/transformer';

/** Numbers of one generator in [0, 1), kept once they are drawn: whoever reads them begins with the first. */
export class Uniforms {
  readonly #generator: Pcg64;
  readonly #drawn: number[] = [];

  constructor(seed: bigint) {
    this.#generator = new Pcg64(seed);
  }

  /** As `random` of a new generator of the same seed. */
  reader(): () => number {
    const drawn = this.#drawn;
    let place = 0;
    return () => {
      const own = drawn[place++];
      if (own !== undefined) return own;
      const next = this.#generator.random();
      drawn.push(next);
      return next;
    };
  }
}

/** Settings of a trial are scored one after another. */
let latest: { readonly seed: bigint; readonly uniforms: Uniforms } | undefined;

/** A reader of a seed's numbers, the same as of a new generator; those of the last seed are kept. */
export function uniformsOf(seed: bigint): () => number {
  if (latest?.seed !== seed) latest = { seed, uniforms: new Uniforms(seed) };
  return latest.uniforms.reader();
}
