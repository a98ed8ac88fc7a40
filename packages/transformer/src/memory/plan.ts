import type { DecoderConfig } from '../config.ts';
import type { Objective } from '../decoder/loss-gradient.ts';
import { UserError } from '../errors.ts';
import type { WeightDtype } from '../weights/storage.ts';
import {
  type BatchShape,
  embeddingBytes,
  groupBytes,
  headBackwardBytes,
  headBytes,
  largestWeight,
  layerBackwardBytes,
  layerBytes,
  prefixBytes,
  probeBytes,
  statesBytes,
  weightBytes,
} from './sizes.ts';

/** What a model will be used for, as far as it decides memory. */
export interface Workload {
  readonly dtype: WeightDtype;
  /** Packed batches without a prefix. */
  readonly batches: readonly BatchShape[];
  /** A context whose keys and values are kept, and the packed batches behind it. */
  readonly context?: { readonly tokens: number; readonly batches: readonly BatchShape[] };
  /** Fine-tuning of keys and values; the fine-tuned model then evaluates `batches`. */
  readonly training?: {
    readonly objectives: readonly Objective[];
    /** Of the longest sequence. */
    readonly tokens: number;
    readonly releasedNorms: boolean;
    /** Whether base and fine-tuned model are also evaluated with copies of keys and values rounded to float16. */
    readonly halfCopies?: boolean;
  };
}

/** What an adapter can do, and what it may use. */
export interface DeviceLimits {
  readonly maxBufferBytes: number;
  readonly maxBindingBytes: number;
  /** Bytes that may be allocated on the device in all. */
  readonly budgetBytes: number;
  /** Where the budget comes from, in words that follow "more than". */
  readonly budgetName: string;
}

/** Bytes on the device. */
export interface MemoryPlan {
  /** Stored weights, and the table of positions where it is no weight. */
  readonly weights: number;
  /** Evaluation without a context: activations, logits, probes. */
  readonly evaluation: number;
  /** A context's keys and values, and evaluation behind it. */
  readonly inContext: number;
  /** The trained copy of keys and values, if there is training; three copies with those rounded to float16. */
  readonly overlay: number;
  /** Activations and gradients of a training step. */
  readonly training: number;
  /** The most at any time. One setting is computed after another, so that the largest counts. */
  readonly peak: number;
  /** Buffers that cannot be cut, with what makes them smaller. */
  readonly whole: readonly { readonly name: string; readonly bytes: number; readonly remedy: string }[];
  readonly largestWeight: { readonly name: string; readonly bytes: number };
}

/** Weights on their way to the device, at most. */
const UPLOAD_BYTES = 2 ** 26;

/** Computes what {@link Workload} will allocate, before anything is. */
export function planMemory(
  config: DecoderConfig,
  workload: Workload,
  limits: Pick<DeviceLimits, 'maxBindingBytes'>,
): MemoryPlan {
  const { dtype, batches, context, training } = workload;
  const largest = (shapes: readonly BatchShape[]): number =>
    Math.max(0, ...shapes.map((shape) => evaluationBytes(config, shape, limits.maxBindingBytes)));
  const weights = weightBytes(config, dtype);
  const evaluation = largest(batches);
  const inContext = context
    ? prefixBytes(config, context.tokens) +
      Math.max(
        embeddingBytes(config, context.tokens) + layerBytes(config, context.tokens),
        largest(context.batches),
      )
    : 0;
  const copy = training ? groupBytes(config, 'attention.kv') : 0;
  // Base rounded, trained, trained and rounded.
  const overlay = training?.halfCopies ? 3 * copy : copy;
  const base = training?.halfCopies ? copy : 0;
  const step = training ? trainingBytes(config, training, limits.maxBindingBytes) : 0;
  const uploads = Math.min(UPLOAD_BYTES, weights);
  const peak =
    weights + Math.max(uploads, base + evaluation, base + inContext, overlay + Math.max(step, evaluation));
  return {
    weights,
    evaluation,
    inContext,
    overlay,
    training: step,
    peak,
    whole: wholeBuffers(config, workload),
    largestWeight: largestWeight(config, dtype),
  };
}

/** @throws UserError if the plan does not fit, with what would make it smaller */
export function checkMemoryPlan(
  plan: MemoryPlan,
  { dtype, context, training }: Workload,
  limits: DeviceLimits,
): void {
  const halve = dtype === 'float32' ? ' use --dtype float16-storage,' : '';
  const shrink = context || training ? 'lower --token-budget or --shots' : 'shorten the text';
  if (plan.peak > limits.budgetBytes) {
    throw new UserError(
      `this needs ${formatBytes(plan.peak)} on the device, more than ${limits.budgetName} (${describeMemoryPlan(plan)}):${halve} ${shrink}, or take a smaller model`,
    );
  }
  if (plan.largestWeight.bytes > limits.maxBufferBytes) {
    throw new UserError(
      `${plan.largestWeight.name} needs ${plan.largestWeight.bytes} bytes in one buffer, and this adapter allows ${limits.maxBufferBytes}:${halve} take a smaller model or another --adapter`,
    );
  }
  for (const { name, bytes, remedy } of plan.whole) {
    if (bytes > limits.maxBindingBytes) {
      throw new UserError(
        `${name} need ${bytes} bytes at once, and this adapter binds at most ${limits.maxBindingBytes}: ${remedy}`,
      );
    }
  }
}

/** The plan's parts in one line. */
export function describeMemoryPlan(plan: MemoryPlan): string {
  const { weights, evaluation, inContext, overlay, training } = plan;
  const parts = { weights, evaluation, 'in context': inContext, 'K/V copy': overlay, training };
  return Object.entries(parts)
    .filter(([, bytes]) => bytes > 0)
    .map(([name, bytes]) => `${name} ${formatBytes(bytes)}`)
    .join(', ');
}

/** In GiB, or MiB where that is less than one. */
export function formatBytes(bytes: number): string {
  return bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(2)} MiB` : `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}

function evaluationBytes(config: DecoderConfig, shape: BatchShape, bindingBytes: number): number {
  const layer = layerBytes(config, shape.tokens);
  const head = headBytes(config, shape.targets, bindingBytes);
  return embeddingBytes(config, shape.tokens) + probeBytes(config, shape) + Math.max(layer, head);
}

function trainingBytes(
  config: DecoderConfig,
  { objectives, tokens, releasedNorms }: NonNullable<Workload['training']>,
  bindingBytes: number,
): number {
  const forward = layerBytes(config, tokens);
  const head = headBytes(config, tokens, bindingBytes) + headBackwardBytes(config, tokens);
  const embedded = embeddingBytes(config, tokens);
  const backward = layerBackwardBytes(config, tokens);
  const activations = objectives.includes('output')
    ? // Activations of all layers, and the gradient that goes from layer to layer.
      config.layers * forward + embedded + Math.max(head, statesBytes(config, tokens) + backward)
    : embedded + forward + head + backward;
  const gradients = groupBytes(config, releasedNorms ? 'layers' : 'attention.kv', 0);
  const accumulated = releasedNorms ? groupBytes(config, 'layers') - groupBytes(config, 'attention.kv') : 0;
  return activations + gradients + accumulated;
}

function wholeBuffers(config: DecoderConfig, workload: Workload): MemoryPlan['whole'] {
  const { layers, dModel, heads, kvHeads, headDim } = config;
  const { batches, context, training } = workload;
  const shapes = [...batches, ...(context?.batches ?? [])];
  const perToken = Math.max(dModel, heads * headDim) * 4;
  const batchTokens = Math.max(0, ...shapes.map(({ tokens }) => tokens));
  return [
    { name: 'the states of a batch', bytes: batchTokens * perToken, remedy: 'lower --token-budget' },
    {
      name: 'the attention scores of a batch',
      bytes: Math.max(0, ...shapes.map(({ keys }) => layers * keys * heads * 4)),
      remedy: 'lower --token-budget',
    },
    {
      name: "the context's states, keys or values",
      bytes: (context?.tokens ?? 0) * Math.max(perToken, kvHeads * headDim * 4),
      remedy: 'lower --shots',
    },
    {
      name: 'the states of the longest demonstration',
      bytes: (training?.tokens ?? 0) * perToken,
      remedy: 'use shorter demonstrations or another --adapter',
    },
  ];
}
