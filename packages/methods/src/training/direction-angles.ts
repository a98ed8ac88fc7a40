import type { DecoderConfig } from '@icl-gd/transformer';
import type { Probe } from '../learner.ts';

/** What of a probe has a direction. */
export const VECTORS = ['attentionOutput', 'attentionScores'] as const;
export type VectorName = (typeof VECTORS)[number];

/** Below this share of the vector that is updated an update has no direction: what is left of it is rounding. */
const NO_DIRECTION = 2e-6;

/** Two estimates of an update. */
export interface Estimates {
  readonly one: ArrayLike<number>;
  readonly other: ArrayLike<number>;
  /** What both are multiplied with to be an update of the probe. */
  readonly scale: number;
}

/** Angles between estimates of updates of h by layer, and of m by layer and head, means over what is added. */
export class DirectionAngles {
  readonly #config: Pick<DecoderConfig, 'layers' | 'heads'>;
  readonly #sums = new Map<string, { angles: number; count: number }>();

  constructor(config: Pick<DecoderConfig, 'layers' | 'heads'>) {
    this.#config = config;
  }

  add(probe: Probe, of: VectorName, { one, other, scale }: Estimates): void {
    const { layers, heads } = this.#config;
    const reference = probe[of];
    const perLayer = of === 'attentionOutput' ? 1 : heads;
    const width = reference.length / (layers * perLayer);
    for (let part = 0; part < layers * perLayer; part++) {
      const angle = angleWithin(reference, { one, other, scale }, [part * width, (part + 1) * width]);
      if (angle === undefined) continue;
      const key = `layer ${Math.floor(part / perLayer)}, ${of === 'attentionOutput' ? 'h' : 'm'}`;
      const sum = this.#sums.get(key) ?? { angles: 0, count: 0 };
      this.#sums.set(key, { angles: sum.angles + angle, count: sum.count + 1 });
    }
  }

  /** The largest mean, in radians, and where it is; 0 if nothing has a direction. */
  get largest(): { readonly angle: number; readonly place: string } {
    let largest = { angle: 0, place: '' };
    for (const [place, { angles, count }] of this.#sums)
      // What is not a number is no small angle.
      if (!(angles / count <= largest.angle)) largest = { angle: angles / count, place };
    return largest;
  }
}

/** The angle between two parts of vectors, undefined where one of them has no direction. */
function angleWithin(
  reference: ArrayLike<number>,
  { one, other, scale }: Estimates,
  [start, end]: readonly [number, number],
): number | undefined {
  let [ones, others, product, squares] = [0, 0, 0, 0];
  for (let i = start; i < end; i++) {
    const [u, v, r] = [one[i] as number, other[i] as number, reference[i] as number];
    ones += u * u;
    others += v * v;
    product += u * v;
    squares += r * r;
  }
  if (scale * Math.sqrt(Math.min(ones, others)) <= NO_DIRECTION * Math.sqrt(squares)) return undefined;
  const lengths = Math.sqrt(ones * others);
  const cosine = Math.min(1, Math.max(-1, product / lengths));
  return Math.acos(cosine);
}
