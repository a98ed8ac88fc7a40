import type { ActivationKind } from '@icl-gd/gpu-kernels';
import { z } from 'zod';
import type { BiasConfig } from '../config.ts';
import { UserError } from '../errors.ts';
import { quote } from '../words.ts';

export const positiveInteger = z.int().positive();
/** Every layer has a list of parameters: a number off by orders of magnitude must not fill the memory with names. */
export const layerCount = positiveInteger.max(10_000);
/** A special token's id, null where the configuration leaves it out; the first where it lists several, the main one. */
export const tokenId = z
  .union([z.int().nonnegative(), z.array(z.int().nonnegative()).nonempty()], {
    error: 'must be a token id, or a list of them',
  })
  .nullable()
  .default(null)
  .transform((ids): number | null => (Array.isArray(ids) ? (ids[0] ?? null) : ids));

export const ALL_BIASES: BiasConfig = {
  query: true,
  keyValue: true,
  attentionOutput: true,
  feedForward: true,
};

const ACTIVATIONS: ReadonlyMap<string, ActivationKind> = new Map<string, ActivationKind>([
  ['gelu', 'gelu'],
  ['gelu_new', 'gelu_tanh'],
  ['gelu_pytorch_tanh', 'gelu_tanh'],
  ['gelu_fast', 'gelu_tanh'],
  ['relu', 'relu'],
  ['silu', 'silu'],
  ['swish', 'silu'],
]);

export function readActivation(name: string, file: string): ActivationKind {
  const kind = ACTIVATIONS.get(name);
  if (!kind)
    throw new UserError(
      `${file}: activation ${quote(name)} is not supported; known: ${[...ACTIVATIONS.keys()].join(', ')}`,
      'unsupported-model',
    );
  return kind;
}

/** @throws UserError naming the first key that does not fit */
export function parseConfig<T>(schema: z.ZodType<T>, json: unknown, file: string): T {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new UserError(
    `${file}: ${issue?.path.join('.') || 'the file'}: ${issue?.message ?? 'is not as expected'}`,
  );
}
