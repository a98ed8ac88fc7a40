import { type Tensor, gatherRows } from '@icl-gd/gpu-kernels';
import { embed, embedBackward, trainsEmbedding } from './embedding.ts';
import { forwardLayers } from './forward.ts';
import { headLossAndGradient, headRowsLossAndGradient } from './head.ts';
import {
  type LayerActivations,
  type LayerInput,
  attentionBlockBackward,
  layerBackward,
  layerForward,
  wholeOf,
} from './layer.ts';
import type { Pass } from './pass.ts';
import { type TargetPlan, targetsOfLayers } from './targets.ts';

/**
 * Where the loss is taken: at the model's `output`, gradients flowing through all layers (gradient descent), or
 * `layerwise`, the output of each layer through final norm and unembedding, its input detached (layer-causal gradient
 * descent, arXiv 2311.07772v4).
 */
export type Objective = 'output' | 'layerwise';

/**
 * What of a layer goes through final norm and unembedding under `layerwise`: the whole `layer`'s output, as in the code released
 * with arXiv 2311.07772v4; the `residual` stream after its attention block (x + h, also where the feed-forward block is
 * parallel to it; behind its norm in a model with post-norms); or the `attention` block's output h alone.
 */
export type Readout = 'layer' | 'residual' | 'attention';

export const READOUTS: readonly Readout[] = ['layer', 'residual', 'attention'];

export interface LossOptions {
  readonly objective: Objective;
  /** For `layerwise`; `layer` if absent. */
  readonly readout?: Readout | undefined;
  /** One target a row at most. */
  readonly targets: TargetPlan;
  /**
   * float32; receives the loss in nats at `lossIndex`, of groups of targets one behind the other; for `layerwise` so many for each
   * layer, layer after layer.
   */
  readonly losses: Tensor;
  readonly lossIndex: number;
  /** For `layerwise`: whether all layers are read by one head; if their activations have room if absent. The same bits. */
  readonly layersTogether?: boolean | undefined;
  /** Sees each layer's activations of the forward pass, which live as long as the call. */
  readonly onForward?: ((layer: number, activations: LayerActivations) => void) | undefined;
  /** Called when all gradients of a layer are recorded and its weights are no longer read: they may be updated here. */
  readonly onLayer?: (layer: number) => void;
}

/** Records forward and backward of the loss; the gradients of the pass's parameters are added to. */
export function recordLossGradient(pass: Pass, options: LossOptions): void {
  if (options.objective === 'output') outputGradient(pass, options);
  else layerwiseGradient(pass, options);
}

function outputGradient(pass: Pass, { targets, losses, lossIndex, onForward, onLayer }: LossOptions): void {
  let input: LayerInput = { residual: embed(pass) };
  const { layers } = pass.config;
  const activations: LayerActivations[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const own = layerForward(pass, layer, input, { isFollowed: layer + 1 < layers });
    activations.push(own);
    onForward?.(layer, own);
    input = { residual: own.output, normed: own.nextNorm };
  }
  let gradResidual: Tensor;
  {
    using inner = pass.nested();
    gradResidual = inner.keep(
      headLossAndGradient(inner, input.residual, targets, { losses, index: lossIndex }),
    );
  }
  const wantEmbedding = trainsEmbedding(pass);
  for (const [layer, own] of [...activations.entries()].toReversed()) {
    using inner = pass.nested();
    const gradInput = layerBackward(inner, layer, own, gradResidual, layer > 0 || wantEmbedding);
    if (gradInput) {
      gradResidual.dispose();
      gradResidual = inner.keep(gradInput);
    }
    onLayer?.(layer);
  }
  if (wantEmbedding) embedBackward(pass, gradResidual);
}

/** What activations of all layers may take, so that one head reads all of them. */
const LAYERS_BYTES = 2 ** 28;

/** No gradient flows between layers: one head reads them all if their activations have room, else one layer is in memory at a time. */
function layerwiseGradient(pass: Pass, options: LossOptions): void {
  const { layersTogether = layersHaveRoom(pass) } = options;
  if (layersTogether) layersAtOnce(pass, options);
  else layersInTurn(pass, options);
}

/** Whether roughly what layers keep for their backward passes is small: a rule of sizes alone, which no number depends on. */
function layersHaveRoom({ config, tokens }: Pass): boolean {
  const { layers, dModel, dFeedForward } = config;
  return 4 * layers * tokens * (10 * dModel + 3 * dFeedForward) <= LAYERS_BYTES;
}

function layersAtOnce(
  pass: Pass,
  { readout = 'layer', targets, losses, lossIndex, onForward, onLayer }: LossOptions,
): void {
  const { gpu } = pass;
  const { layers, dModel } = pass.config;
  const { rowCount } = targets;
  using repeated = targetsOfLayers(pass, targets, layers);
  const rows = pass.tensor([layers * rowCount, dModel], 'rows of all layers');
  let input: LayerInput = { residual: embed(pass) };
  const activations: LayerActivations[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const own = layerForward(pass, layer, input, {
      isFollowed: layer + 1 < layers,
      keepsAttention: readout === 'attention',
    });
    activations.push(own);
    onForward?.(layer, own);
    const outOffset = layer * rowCount * dModel;
    gatherRows(gpu, { x: readFrom(own, readout), rows: targets.rows, out: rows, outOffset });
    input = { residual: own.output, normed: own.nextNorm };
  }
  let gradRows: Tensor;
  {
    using inner = pass.nested();
    gradRows = inner.keep(headRowsLossAndGradient(inner, rows, repeated.head, { losses, index: lossIndex }));
  }
  for (const [layer, own] of activations.entries()) {
    using inner = pass.nested();
    const gradOutput = inner.tensor([pass.tokens, dModel], 'gradient of residual');
    gatherRows(gpu, { x: gradRows, rows: repeated.places[layer] as Tensor, out: gradOutput });
    readoutBackward(inner, layer, own, gradOutput, readout);
    onLayer?.(layer);
  }
}

function layersInTurn(
  pass: Pass,
  { readout = 'layer', targets, losses, lossIndex, onForward, onLayer }: LossOptions,
): void {
  forwardLayers(pass, embed(pass), {
    keepsAttention: readout === 'attention',
    onLayer(layer, activations, inner) {
      onForward?.(layer, activations);
      const place = { losses, index: lossIndex + layer * (targets.groups?.targets.counts.length ?? 1) };
      const gradOutput = headLossAndGradient(inner, readFrom(activations, readout), targets, place);
      readoutBackward(inner, layer, activations, gradOutput, readout);
      onLayer?.(layer);
    },
  });
}

function readoutBackward(
  pass: Pass,
  layer: number,
  activations: LayerActivations,
  gradOutput: Tensor,
  readout: Readout,
): void {
  if (readout === 'layer') layerBackward(pass, layer, activations, gradOutput, false);
  else attentionBlockBackward(pass, layer, activations, gradOutput, readout);
}

/** The [T, d] that a readout takes. */
function readFrom({ attention, residualMiddle, output }: LayerActivations, readout: Readout): Tensor {
  if (readout === 'layer') return output;
  return readout === 'residual' ? residualMiddle : wholeOf(attention.output);
}
