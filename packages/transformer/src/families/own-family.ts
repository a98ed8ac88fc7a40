import { z } from 'zod';
import type { DecoderConfig } from '../config.ts';
import { UserError } from '../errors.ts';
import { parameterSpecs } from '../parameters.ts';
import { elementCount } from '../shape.ts';
import { quote } from '../words.ts';
import { type Family, type ParameterSource, outputRanges } from './family.ts';

const isFunction = (value: unknown): boolean => typeof value === 'function';
const name = z.string().refine((own) => own.trim() !== '', 'is empty');

const familyShape = z.looseObject({
  modelType: name,
  architecture: name,
  keys: z.array(z.string()),
  aliases: z.record(z.string(), z.string()).optional(),
  replacesBuiltIn: z.boolean().optional(),
  readConfig: z.custom(isFunction, 'must be a function'),
  sources: z.custom(isFunction, 'must be a function'),
});

const size = z.int().positive();
const token = z.int().nonnegative().nullable();
const scale = z.number();
const factor = z.number().positive();

const rescaling = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('linear'), factor }),
  z.object({
    ...{ kind: z.literal('llama3'), factor, originalContext: size },
    ...{ lowFrequencyFactor: z.number(), highFrequencyFactor: z.number() },
  }),
  z.object({
    ...{ kind: z.literal('yarn'), factor, originalContext: size, betaFast: z.number(), betaSlow: z.number() },
    ...{ truncate: z.boolean(), amplitude: z.number() },
  }),
]);

/** Sizes are looked at again by `checkConfig`, which knows how they depend on each other. */
const decoderShape = z.looseObject({
  ...{ layers: size.max(10_000), dModel: size, heads: size, kvHeads: size, headDim: z.number().positive() },
  ...{ dFeedForward: size, vocabSize: size, contextLength: size, bosTokenId: token, eosTokenId: token },
  activation: z.enum(['gelu', 'gelu_tanh', 'relu', 'silu']),
  gatedFeedForward: z.boolean(),
  norm: z.enum(['layer', 'rms']),
  normEpsilon: z.number().nonnegative(),
  positions: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('learned'), offset: z.int().nonnegative() }),
    z.object({
      ...{ kind: z.literal('sinusoidal'), offset: z.int().nonnegative() },
      zeroRow: z.int().nonnegative().optional(),
    }),
    z.object({
      ...{ kind: z.literal('rotary'), offset: z.literal(0), size, theta: factor },
      rescaling: rescaling.optional(),
    }),
  ]),
  biases: z.object({
    ...{ query: z.boolean(), keyValue: z.boolean(), attentionOutput: z.boolean(), feedForward: z.boolean() },
  }),
  parallelResidual: z.boolean(),
  embeddingScale: scale,
  attentionScale: scale,
  tiedUnembedding: z.boolean(),
  dEmbedding: size.optional(),
  attentionWindows: z.array(size.nullable()).optional(),
  queryKeyNorm: z.boolean().optional(),
  postNorm: z.boolean().optional(),
  finalNorm: z.boolean().optional(),
});

/**
 * Whether a value is a family, by its members.
 * @throws UserError naming the member that is missing or of another type
 */
export function checkFamily(value: unknown): Family {
  const result = familyShape.safeParse(value);
  if (result.success) return value as Family;
  const [issue] = result.error.issues;
  throw new UserError(`${['family', ...(issue?.path ?? [])].map(String).join('.')}: ${issue?.message}`);
}

/** The family, whose configurations and sources are those of a decoder, or refused by name. */
export function checkedFamily(family: Family): Family {
  const called = `the family ${quote(family.modelType)}`;
  return {
    ...family,
    readConfig(json, file): DecoderConfig {
      const config = family.readConfig(json, file);
      const result = decoderShape.safeParse(config);
      if (result.success) return { ...config, family: family.modelType };
      const [issue] = result.error.issues;
      throw new UserError(
        `${file}: ${called} gives a decoder whose ${issue?.path.map(String).join('.') || 'options'} cannot be: ${issue?.message}`,
      );
    },
    sources(config): ReadonlyMap<string, ParameterSource> {
      const sources = family.sources(config);
      for (const { name: parameter, shape } of parameterSpecs(config)) {
        const source = sources.get(parameter);
        if (!source) throw new UserError(`${called} names no tensor for ${parameter} [${shape.join(', ')}]`);
        if (elementsOf(source) !== elementCount(shape))
          throw new UserError(
            `${called} takes ${elementsOf(source)} numbers of ${source.tensors.join(' or ')} for ${parameter}, which is [${shape.join(', ')}]`,
          );
      }
      return sources;
    },
  };
}

/** How many numbers a parameter has by its source. */
function elementsOf(source: ParameterSource): number {
  const outputs = (source.transposed ? source.shape.at(-1) : source.shape[0]) ?? 0;
  const taken = outputRanges(source).reduce((total, [first, end]) => total + end - first, 0);
  return outputs === 0 ? 0 : (elementCount(source.shape) / outputs) * taken;
}
