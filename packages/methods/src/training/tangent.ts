import {
  GradientDirection,
  type GradientDirectionOptions,
  type Model,
  type TrainingSequence,
  inCanonicalOrder,
} from '@icl-gd/transformer';
import {
  DivergedError,
  type AdaptOptions,
  type LearnerResult,
  type Probe,
  type ProbeToken,
  type ProbeTokensOptions,
  type Query,
} from '../learner.ts';
import { probesOf, probing, queryBatches } from '../probe-queries.ts';
import { DirectionAngles, VECTORS, type VectorName } from './direction-angles.ts';

/** Relative change of h, in the layer where it is largest, at the widest differences that are tried. */
const WIDEST = 0.05;
/** Log ratio to that change which is near enough. */
const NEAR = 0.2;
const SEARCHES = 8;
/** How often the widest ones are halved: somewhere on the way rounding grows larger than what higher orders contribute. */
const HALVINGS = 4;
/** Sequences that ε is chosen by, from the shortest on. */
const SAMPLES = 8;
/**
 * By how many radians a layer's direction may turn when ε is halved, on average over examples (and heads): no cosine with it moves
 * by more.
 */
const MOST_TURNED = 0.005;
/** Where the samples turn by no more, ε is not halved further: queries may turn five times as far. */
const FEW_TURNED = MOST_TURNED / 5;

/** Of which learner and gradient. */
interface TangentOf extends GradientDirectionOptions {
  readonly id: string;
}

/** Points of the differences: ±ε and ±ε/2. */
interface Points {
  readonly epsilon: number;
  /** Relative change of h at ε, in the layer where it is largest. */
  readonly change: number;
}

/**
 * dh/dε and dm/dε at ε = 0, where the parameters are W − ε · gradient of the mean over sequences of each one's mean loss: by
 * central differences at ±ε and ±ε/2, extrapolated (Richardson), so that what is left is of fourth order in ε.
 * @throws as `GradientDirection.of`; DivergedError if the gradient is zero or not finite, or no h changes along it. Probing throws
 *   DivergedError where halving ε turns the direction of a layer
 */
export async function tangentOf(
  model: Model,
  sequences: readonly TrainingSequence[],
  { id, ...of }: TangentOf,
  { signal, onProgress }: AdaptOptions,
): Promise<LearnerResult> {
  const direction = await GradientDirection.of(model, sequences, of, { signal, onProgress });
  try {
    const samples = new Samples(model, direction, sequences, signal);
    const points = await choosePoints(samples, await direction.relativeStep(), id);
    return {
      ...probing((queries, options) => tangentProbes({ model, direction, points, id }, queries, options)),
      directionsOnly: true,
      dispose: () => direction.dispose(),
    };
  } catch (error) {
    direction.dispose();
    throw error;
  }
}

/** The shortest sequences, probed at their last tokens. */
class Samples {
  readonly #model: Model;
  readonly #direction: GradientDirection;
  readonly #queries: readonly Query[];
  readonly #signal: AbortSignal | undefined;

  constructor(
    model: Model,
    direction: GradientDirection,
    sequences: readonly TrainingSequence[],
    signal: AbortSignal | undefined,
  ) {
    this.#model = model;
    this.#direction = direction;
    this.#signal = signal;
    // BOS is put before queries again.
    this.#queries = inCanonicalOrder(sequences)
      .slice(0, SAMPLES)
      .map(({ tokens }) => ({ tokens: tokens.slice(1), options: [] }));
  }

  get config(): Model['config'] {
    return this.#model.config;
  }

  before(): Promise<Probe[]> {
    return this.#probe(this.#model);
  }

  at(epsilon: number): Promise<Probe[]> {
    this.#direction.moveTo(epsilon);
    return this.#probe(this.#direction.model);
  }

  /** One sequence at a time, which is what is planned to have room. */
  #probe(model: Model): Promise<Probe[]> {
    const options = { probeToken: 'prompt', tokenBudget: 0, signal: this.#signal } as const;
    return probesOf(model).probe(this.#queries, options);
  }
}

/** @param whole ε at which the parameters would change by their own norm */
async function choosePoints(samples: Samples, whole: number, id: string): Promise<Points> {
  if (!Number.isFinite(whole))
    throw new DivergedError(`${id}[tangent]: the gradient is ${Number.isNaN(whole) ? 'not finite' : 'zero'}`);
  const before = await samples.before();
  const { layers } = samples.config;
  let epsilon = whole / 1000;
  let change = largestChange(before, await samples.at(epsilon), layers);
  for (let i = 0; i < SEARCHES && !(Math.abs(Math.log(change / WIDEST)) < NEAR); i++) {
    epsilon *= Math.min(100, Math.max(0.01, WIDEST / change));
    change = largestChange(before, await samples.at(epsilon), layers);
  }
  if (change === 0)
    throw new DivergedError(`${id}[tangent]: h does not change along the gradient, whatever the step`);
  let best: { points: Points; turned: number } | undefined;
  let wide = await differences(samples, epsilon);
  for (let i = 0; i < HALVINGS; i++) {
    const narrow = await differences(samples, epsilon / 2);
    const angles = new DirectionAngles(samples.config);
    for (const [p, probe] of before.entries())
      for (const name of VECTORS)
        angles.add(probe, name, { one: wide[p]![name], other: narrow[p]![name], scale: epsilon / change });
    const turned = angles.largest.angle;
    // Once rounding has the upper hand it grows with every halving.
    if (best && !(turned < best.turned)) break;
    if (turned < Infinity) best = { points: { epsilon, change }, turned };
    if (turned <= FEW_TURNED) break;
    wide = narrow;
    epsilon /= 2;
    change /= 2;
  }
  return best?.points ?? { epsilon, change };
}

type Vectors = Readonly<Record<VectorName, Float64Array>>;

/** (v(ε) − v(−ε)) / 2ε of each probe. */
function slopes(plus: readonly Probe[], minus: readonly Probe[], epsilon: number): Vectors[] {
  const slope = (place: number, name: VectorName): Float64Array => {
    const other = (minus[place] as Probe)[name];
    return Float64Array.from(
      (plus[place] as Probe)[name],
      (value, i) => (value - (other[i] as number)) / (2 * epsilon),
    );
  };
  return plus.map((_, place) => ({
    attentionOutput: slope(place, 'attentionOutput'),
    attentionScores: slope(place, 'attentionScores'),
  }));
}

async function differences(samples: Samples, epsilon: number): Promise<Vectors[]> {
  return slopes(await samples.at(epsilon), await samples.at(-epsilon), epsilon);
}

/** Mean over probes of ‖h′ − h‖/‖h‖, in the layer where it is largest; where h is zero nothing can be said. */
function largestChange(before: readonly Probe[], after: readonly Probe[], layers: number): number {
  const means = Array.from({ length: layers }, (_, layer) => {
    const changes = before.flatMap(({ attentionOutput: all }, i) => {
      const width = all.length / layers;
      const own = all.subarray(layer * width, (layer + 1) * width);
      const moved = (after[i] as Probe).attentionOutput;
      const length = norm(own);
      return length === 0
        ? []
        : norm(own.map((value, j) => (moved[layer * width + j] as number) - value)) / length;
    });
    return changes.reduce((sum, change) => sum + change, 0) / Math.max(1, changes.length);
  });
  return Math.max(...means);
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

interface Tangent {
  readonly model: Model;
  readonly direction: GradientDirection;
  readonly points: Points;
  readonly id: string;
}

async function tangentProbes(
  { model, direction, points: { epsilon, change }, id }: Tangent,
  queries: readonly Query[],
  { signal, onProgress, ...options }: ProbeTokensOptions,
): Promise<ReadonlyMap<ProbeToken, Probe[]>> {
  const angles = new DirectionAngles(model.config);
  const found = new Map(options.probeTokens.map((token) => [token, [] as Probe[]]));
  const { probeTokens, tokenBudget } = options;
  const scale = epsilon / change;
  let finished = 0;
  for (const batch of queryBatches(queries, options)) {
    // What is predicted there is of no interest; the first option is the label that is probed.
    const probed = batch.map((query) => ({ ...query, options: query.options.slice(0, 1) }));
    const at = (step: number): Promise<ReadonlyMap<ProbeToken, Probe[]>> => {
      direction.moveTo(step);
      return probesOf(direction.model).probeTokens(probed, { probeTokens, tokenBudget, signal });
    };
    const base = await probesOf(model).probeTokens(batch, { ...options, signal });
    const [plus, minus] = [await at(epsilon), await at(-epsilon)];
    const [halfPlus, halfMinus] = [await at(epsilon / 2), await at(-epsilon / 2)];
    for (const [token, own] of base) {
      const of = (probes: ReadonlyMap<ProbeToken, Probe[]>): Probe[] => probes.get(token) as Probe[];
      const wide = slopes(of(plus), of(minus), epsilon);
      const narrow = slopes(of(halfPlus), of(halfMinus), epsilon / 2);
      for (const [i, before] of own.entries()) {
        const moved = (name: VectorName): Float32Array => {
          const [outer, inner] = [wide[i]![name], narrow[i]![name]];
          const slope = inner.map((value, j) => value + (value - (outer[j] as number)) / 3);
          angles.add(before, name, { one: slope, other: inner, scale });
          return before[name].map((value, j) => value + scale * (slope[j] as number));
        };
        found.get(token)?.push({
          ...before,
          attentionOutput: moved('attentionOutput'),
          attentionScores: moved('attentionScores'),
        });
      }
    }
    finished += batch.length;
    onProgress?.({ finished, total: queries.length });
  }
  const { angle, place } = angles.largest;
  if (!(angle <= MOST_TURNED))
    throw new DivergedError(
      `${id}[tangent] has not converged: at half the step the direction of ${place}, turns by ${angle.toPrecision(2)} radians, more than ${MOST_TURNED}`,
    );
  return found;
}
