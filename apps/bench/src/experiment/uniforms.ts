import { Pcg64 } from '@icl-gd/transformer/random';

const FIRST_ROOM = 1024;

/** Numbers of one generator in [0, 1), kept once they are drawn: whoever reads them begins with the first. */
class Uniforms {
  readonly #generator: Pcg64;
  #drawn = new Float64Array(FIRST_ROOM);
  #count = 0;

  constructor(seed: bigint) {
    this.#generator = new Pcg64(seed);
  }

  /** As `random` of a new generator of the same seed. */
  reader(): () => number {
    let drawn = this.#drawn;
    let place = 0;
    return () => {
      if (place >= this.#count) this.#drawMore();
      // Other readers may have made room.
      if (place >= drawn.length) drawn = this.#drawn;
      return drawn[place++] as number;
    };
  }

  /** As many again, up to the room that there is. */
  #drawMore(): void {
    if (this.#count === this.#drawn.length) {
      const larger = new Float64Array(2 * this.#count);
      larger.set(this.#drawn);
      this.#drawn = larger;
    }
    const end = this.#drawn.length;
    while (this.#count < end) this.#drawn[this.#count++] = this.#generator.random();
  }
}

/** Settings of a trial are scored one after another, and so are estimates. */
let latest: { readonly seed: bigint; readonly uniforms: Uniforms } | undefined;

/** A reader of a seed's numbers, the same as of a new generator; those of the last seed are kept. */
export function uniformsOf(seed: bigint): () => number {
  if (latest?.seed !== seed) latest = { seed, uniforms: new Uniforms(seed) };
  return latest.uniforms.reader();
}
