import { TOP_K, demonstrationAttentionAgreement } from '@icl-gd/metrics';
import { Pcg64 } from '@icl-gd/transformer';
import type { AttentionLevel, LayerAgreement, TrainingAttentionRecord } from './record.ts';

/** Its own stream, like that of bootstraps. */
const RANDOM_STREAM = 2n;

const LEVELS = ['token', 'example'] as const;
type Level = (typeof LEVELS)[number];

/** A mean that is added to. */
class Mean {
  #sum = 0;
  count = 0;

  add(value: number | null): void {
    if (value === null) return;
    this.#sum += value;
    this.count++;
  }

  get value(): number | null {
    return this.count === 0 ? null : this.#sum / this.count;
  }
}

/** Means over examples of the agreement of each layer, at both levels. */
export class AgreementMeans {
  readonly #layers: readonly Readonly<Record<Level, Record<'kendallTau' | 'topKRecall', Mean>>>[];
  readonly #lengths: readonly number[];

  /** @param lengths tokens of each demonstration */
  constructor(layers: number, lengths: readonly number[]) {
    const make = () => ({ kendallTau: new Mean(), topKRecall: new Mean() });
    this.#layers = Array.from({ length: layers }, () => ({ token: make(), example: make() }));
    this.#lengths = lengths;
  }

  /**
   * Adds an example: ICL's scores and others, [L, T] each. A layer in which one of them is not finite has no agreement.
   */
  add(inContext: Float32Array, other: Float32Array | Float64Array): void {
    const tokens = inContext.length / this.#layers.length;
    for (const [layer, means] of this.#layers.entries()) {
      const [own, others] = [inContext, other].map((scores) =>
        scores.subarray(layer * tokens, (layer + 1) * tokens),
      ) as [Float32Array, typeof other];
      if (!own.every(Number.isFinite) || !others.every(Number.isFinite)) continue;
      const agreement = demonstrationAttentionAgreement({
        ...{ inContext: own, fineTuned: others, demonstrationLengths: this.#lengths },
      });
      for (const level of LEVELS) {
        means[level].kendallTau.add(agreement[level].kendallTau);
        means[level].topKRecall.add(agreement[level].topKRecall);
      }
    }
  }

  /** What a record holds. @param random of the same examples with random scores */
  toRecord(random: AgreementMeans): TrainingAttentionRecord {
    const level = (name: Level): AttentionLevel => ({
      items: name === 'example' ? this.#lengths.length : this.#lengths.reduce((a, b) => a + b, 0),
      k: TOP_K[name],
      layers: this.#layers.map((own, layer): LayerAgreement => {
        const { kendallTau, topKRecall } = own[name];
        const chance = (random.#layers[layer] as typeof own)[name];
        return {
          examples: kendallTau.count,
          kendallTau: kendallTau.value,
          kendallTauRandom: chance.kendallTau.value,
          topKRecall: topKRecall.value,
          topKRecallRandom: chance.topKRecall.value,
        };
      }),
    });
    return { token: level('token'), example: level('example') };
  }
}

/**
 * The agreement of ICL with scores that know nothing: uniform from 0 to 1, drawn from the trial's seed, example by example and
 * layer by layer. The same for every learner. Over demonstrations it is no coin's: the longer one has the larger sum in both.
 */
export function randomAgreement(
  inContext: readonly Float32Array[],
  {
    layers,
    lengths,
    seed,
  }: { readonly layers: number; readonly lengths: readonly number[]; readonly seed: number },
): AgreementMeans {
  const uniform = new Pcg64((BigInt(seed) << 32n) | RANDOM_STREAM);
  const means = new AgreementMeans(layers, lengths);
  for (const own of inContext)
    means.add(
      own,
      Float64Array.from(own, () => uniform.random()),
    );
  return means;
}
