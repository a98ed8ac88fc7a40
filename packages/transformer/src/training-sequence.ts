import { recordLossGradient, type LossOptions } from './decoder/loss-gradient.ts';
import type { Gradients } from './decoder/gradients.ts';
import { lastTokenTargets, planTargets } from './decoder/targets.ts';
import { type Model, passOver, requireSequence } from './model.ts';

/** A sequence that is trained on, and what of it the loss is of. */
export interface TrainingSequence {
  /** Token ids with BOS, two or more. */
  readonly tokens: readonly number[];
  /** The loss is the mean cross-entropy of so many of its last tokens; of all but the first if absent. */
  readonly predicted?: number | undefined;
}

/** Tokens alone, or with what is predicted of them. */
export type TrainingInput = readonly number[] | TrainingSequence;

/** @throws RangeError for what is neither tokens nor an object with them */
export function trainingSequence(input: TrainingInput): TrainingSequence {
  return isTokens(input) ? { tokens: input } : input;
}

function isTokens(input: TrainingInput): input is readonly number[] {
  return Array.isArray(input) || ArrayBuffer.isView(input);
}

/**
 * The same sequences in an order that does not depend on theirs: by length, then by tokens, then by what is predicted. Sums in
 * this order are the same bits however the sequences were shuffled.
 */
export function inCanonicalOrder(inputs: readonly TrainingInput[]): TrainingSequence[] {
  return inputs.map(trainingSequence).toSorted((a, b) => {
    const shorter = a.tokens.length - b.tokens.length;
    if (shorter !== 0) return shorter;
    const place = a.tokens.findIndex((token, i) => token !== b.tokens[i]);
    if (place >= 0) return (a.tokens[place] as number) - (b.tokens[place] as number);
    return (a.predicted ?? a.tokens.length) - (b.predicted ?? b.tokens.length);
  });
}

/**
 * Of a sequence what the model is fed to train on it: all but the last token, after which nothing is predicted. Its row would
 * add zeros to every gradient.
 * @throws RangeError as `passOver`, of the last token too
 */
export function fedTokens(model: Model, tokens: readonly number[]): readonly number[] {
  requireSequence(model, tokens);
  return tokens.slice(0, -1);
}

/** Where the loss is taken, and where it and the gradients go. */
interface SequenceLoss extends Omit<LossOptions, 'targets' | 'onLayer'> {
  readonly gradients: Gradients;
  /** As {@link LossOptions.onLayer}, with the number of predictions that the loss is a mean over. */
  readonly onLayer?: (layer: number, predictions: number) => void;
}

/**
 * Records the loss of a sequence under a model, and adds its gradients. Does not wait for them.
 * @throws RangeError for a sequence of fewer than two tokens or past the model's context, a token outside of its vocabulary,
 *   or more predictions than there are; UserError if the device has no room or cannot bind what is needed
 */
export function recordSequenceGradient(
  model: Model,
  { tokens, predicted }: TrainingSequence,
  { gradients, onLayer, ...loss }: SequenceLoss,
): void {
  const wanted = lastTokenTargets(tokens, predicted);
  const fed = fedTokens(model, tokens);
  // Whoever sees activations sees those of every token.
  using pass = passOver(model, [loss.onForward ? tokens : fed], { gradients });
  const targets = planTargets(pass, wanted);
  recordLossGradient(pass, {
    ...loss,
    targets,
    ...(onLayer ? { onLayer: (layer) => onLayer(layer, targets.targetCount) } : {}),
  });
}
