import { createHash } from 'node:crypto';
import { type Learner, gradientDescent, layerCausalGradientDescent, zeroShot } from '@icl-gd/methods';
import type {
  DecoderConfig,
  EvaluationRequest,
  EvaluationResult,
  Model,
  ModelVariant,
} from '@icl-gd/transformer';

/** The part of a configuration that runs of a fake model read. */
export const FAKE_CONFIG = {
  ...{ layers: 2, heads: 2, dModel: 3, vocabSize: 100, contextLength: 64, bosTokenId: 1, eosTokenId: 2 },
} as DecoderConfig;

/**
 * A model without weights or device, for tests of what is done with a model's numbers: each follows from the weights' name,
 * the tokens up to its row and the context before them, as a decoder's do, and from nothing else.
 */
export function fakeModel(weights: ModelVariant | (string & {})): Model {
  const draw = (count: number, ...subject: unknown[]): Float32Array =>
    Float32Array.from({ length: count }, numbersOf([weights, ...subject]));
  const evaluate = (
    requests: readonly EvaluationRequest[],
    prefix?: { readonly tokens: readonly number[] },
  ): EvaluationResult[] =>
    requests.map(({ tokens, probes, logProbs, top = [] }) => {
      const { layers, heads, dModel } = FAKE_CONFIG;
      const before = prefix?.tokens ?? [];
      return {
        probes: probes.map(({ row, firstKey }) => {
          const seen = [before, tokens.slice(0, row + 1)];
          return {
            attentionOutput: draw(layers * dModel, 'h', ...seen),
            attentionScores: draw(layers * heads * (row - firstKey + 1), 'm', ...seen),
          };
        }),
        logProbs: Float32Array.from(logProbs, ({ row, token }) => {
          const [uniform = 0] = draw(1, 'log-probability', before, tokens.slice(0, row + 1), token);
          return -1 - uniform;
        }),
        top: top.map(({ row, k }) => {
          const seen = [before, tokens.slice(0, row + 1)];
          const all = draw(FAKE_CONFIG.vocabSize, 'likeliest', ...seen);
          const ids = [...all.keys()].sort((a, b) => all[b]! - all[a]!).slice(0, k);
          return { ids: Uint32Array.from(ids), logProbs: Float32Array.from(ids, (id) => all[id]! - 1) };
        }),
      };
    });
  return {
    name: `fake ${weights}`,
    config: FAKE_CONFIG,
    evaluate: async (...given: Parameters<typeof evaluate>) => evaluate(...given),
    prefix: (tokens: readonly number[]) => ({ tokens, length: tokens.length, dispose: () => {} }),
    gpu: { with: (options: object) => options },
    on: (options: object) => fakeModel(`${weights} on ${JSON.stringify(options)}`),
    dispose: () => {},
    [Symbol.dispose]: () => {},
  } as unknown as Model;
}

/** GD and LCGD of a fake model: other weights, by the demonstrations and the learning rate. */
export const FAKE_LEARNERS: readonly Learner[] = [gradientDescent, layerCausalGradientDescent].map(
  (learner): Learner => ({
    ...learner,
    async adapt({ name }, demonstrations, options = {}) {
      const { learningRate, releasedNorms, halfWeights, onProgress } = options;
      const trained = `${name} ${learner.id} ${learningRate} ${JSON.stringify(demonstrations)}`;
      const numbers = numbersOf(trained);
      const layers = (): number[] => Array.from({ length: FAKE_CONFIG.layers }, () => 1.5 + numbers());
      const training = demonstrations.map((_, i) => {
        onProgress?.({ finished: i + 1, total: demonstrations.length });
        return {
          ...{ gradientNorms: layers(), losses: layers() },
          ...(releasedNorms ? { releasedGradientNorms: layers() } : {}),
        };
      });
      const probed = halfWeights ? `${trained}, rounded` : trained;
      return { ...(await zeroShot.adapt(fakeModel(probed), [])), training };
    },
  }),
);

/** Numbers from −1 to 1 that follow from what they are of. */
function numbersOf(subject: unknown): () => number {
  const text = JSON.stringify(subject);
  let block = 0;
  let bytes = Buffer.alloc(0);
  let at = 0;
  return () => {
    if (at === bytes.length) {
      bytes = createHash('sha256').update(`${block++} ${text}`).digest();
      at = 0;
    }
    at += 4;
    return bytes.readInt32LE(at - 4) / 2 ** 31;
  };
}
