import {
  type Tensor,
  crossEntropyGradient,
  gatherLogProbs,
  gatherRows,
  groupedSum,
  logSumExp,
  matmul,
  matrix,
  sliceRows,
  sum,
  topLogProbs,
} from '@icl-gd/gpu-kernels';
import { addLinearGradients, linear, linearInputGradient } from './linear.ts';
import { type Normed, norm, normBackward } from './norm.ts';
import type { Pass } from './pass.ts';
import type { HeadTargets, TargetChunk, TargetPlan } from './targets.ts';

const FINAL_NORM = 'finalNorm';
const PROJECTION = 'unembeddingProjection';

/** The matrix that turns what the head reads into logits: [V, d], or [V, width of the embeddings]. */
function unembeddingOf({ parameters }: Pass): { readonly name: string; readonly weight: Tensor } {
  const name = parameters.find('unembedding') ? 'unembedding' : 'embedding.tokens';
  return { name, weight: parameters.get(name) };
}

/** Rows of the residual stream on their way to the unembedding: normed and projected, where the model does that. */
interface HeadInput {
  /** [R, d]. */
  readonly rows: Tensor;
  readonly finalNorm: Normed | undefined;
  /** What the unembedding reads. */
  readonly output: Tensor;
}

function headInput(pass: Pass, rows: Tensor): HeadInput {
  const finalNorm =
    pass.config.finalNorm === false ? undefined : norm(pass, pass.parameters.module(FINAL_NORM), rows);
  const normed = finalNorm?.output ?? rows;
  const projection = pass.parameters.findModule(PROJECTION);
  return { rows, finalNorm, output: projection ? linear(pass, projection, normed) : normed };
}

/** The gradient with respect to the rows, [R, d], from that with respect to what the unembedding reads. */
function headInputBackward(pass: Pass, { rows, finalNorm }: HeadInput, gradOutput: Tensor): Tensor {
  const projection = pass.parameters.findModule(PROJECTION);
  let gradNormed = gradOutput;
  if (projection) {
    addLinearGradients(pass, [{ module: projection, x: finalNorm?.output ?? rows, gradOutput }]);
    gradNormed = linearInputGradient(pass, projection, gradOutput);
  }
  if (!finalNorm) return gradNormed;
  return normBackward(pass, pass.parameters.module(FINAL_NORM), finalNorm, gradNormed);
}

/** Logits of rows of the residual stream: [R, d] to [R, V]. */
export function logitsOf(pass: Pass, rows: Tensor): Tensor {
  const { weight } = unembeddingOf(pass);
  const logits = pass.tensor([rows.shape[0] ?? 0, pass.config.vocabSize], 'logits');
  const a = matrix(headInput(pass, rows).output);
  matmul(pass.gpu, { a, b: matrix(weight), c: matrix(logits), transposeB: true });
  return logits;
}

/** Sees a chunk's logits [rows of the chunk, V] before they are dropped. */
type VisitLogits = (chunk: TargetChunk, logits: Tensor, normalizers: Tensor, input: Tensor) => void;

/** The rows that have targets: [T, d] to [R, d]. */
function rowsOf(pass: Pass, residual: Tensor, plan: TargetPlan): Tensor {
  const rows = pass.tensor([plan.rowCount, pass.config.dModel], 'rows');
  gatherRows(pass.gpu, { x: residual, rows: plan.rows, out: rows });
  return rows;
}

/** Log-probabilities of the targets, [targetCount] in the plan's order, and what the head read for their rows, [R, d]. */
function targetLogProbs(
  pass: Pass,
  rows: Tensor,
  plan: HeadTargets,
  visit?: VisitLogits,
): { readonly logProbs: Tensor; readonly input: HeadInput } {
  const { gpu, config } = pass;
  const input = headInput(pass, rows);
  const { weight } = unembeddingOf(pass);
  const logProbs = pass.tensor([plan.targetCount], 'logProbs');
  for (const chunk of plan.chunks) {
    using inner = pass.nested();
    const logits = inner.tensor([chunk.count, config.vocabSize], 'logits');
    const a = sliceRows(matrix(input.output), chunk.start, chunk.count);
    matmul(gpu, { a, b: matrix(weight), c: matrix(logits), transposeB: true });
    const normalizers = inner.tensor([chunk.count], 'logits.logSumExp');
    logSumExp(gpu, { logits, rows: chunk.count, vocabulary: config.vocabSize, out: normalizers });
    gatherLogProbs(gpu, {
      logits,
      logSumExp: normalizers,
      row: chunk.targetRows,
      target: chunk.targets,
      vocabulary: config.vocabSize,
      out: logProbs,
      outOffset: chunk.firstTarget,
    });
    visit?.(chunk, logits, normalizers, input.output);
  }
  return { logProbs, input };
}

/** The likeliest tokens after some rows, in the plan's order. */
export interface HeadTop {
  /** Token ids, the likeliest first, uint32 [topCount, k]. */
  readonly tokens: Tensor;
  /** Nats, float32 [topCount, k]. */
  readonly logProbs: Tensor;
}

/** What is read from the logits of some rows. */
export interface HeadOutputs {
  /** Nats, float32 [targetCount] in the plan's order. */
  readonly logProbs: Tensor;
  /** Undefined where none are wanted. */
  readonly top: HeadTop | undefined;
}

/**
 * Log-probabilities of the targets under final norm and unembedding, and of the same logits the likeliest tokens.
 * @param residual the residual stream after the last layer, [T, d]
 * @param k how many of the likeliest tokens: at most V
 */
export function headOutputs(pass: Pass, residual: Tensor, plan: TargetPlan, k: number): HeadOutputs {
  const { gpu, config } = pass;
  const shape = [plan.topCount, k];
  const top =
    plan.topCount > 0
      ? {
          tokens: pass.indexTensor(shape, 'likeliest tokens'),
          logProbs: pass.tensor(shape, 'likeliest.logProbs'),
        }
      : undefined;
  const { logProbs } = targetLogProbs(
    pass,
    rowsOf(pass, residual, plan),
    plan,
    ({ topRows, firstTop }, logits, normalizers) => {
      if (!top || !topRows) return;
      topLogProbs(gpu, {
        ...{ logits, logSumExp: normalizers, row: topRows, vocabulary: config.vocabSize, k },
        ...{ ...top, outOffset: firstTop },
      });
    },
  );
  return { logProbs, top };
}

/** Elements of a tensor of losses, one behind the other for each group of targets. */
export interface LossPlace {
  readonly losses: Tensor;
  /** Of the first, or only, loss. */
  readonly index: number;
}

/**
 * Writes the mean cross-entropy of the targets, or of each group of them, in nats, and adds the gradients of final norm and unembedding where they
 * are trained.
 * @param residual [T, d]
 * @returns the gradient of the loss, or of all groups' losses together, with respect to `residual`, [T, d]
 * @throws RangeError unless every row with a target has just one
 */
export function headLossAndGradient(
  pass: Pass,
  residual: Tensor,
  plan: TargetPlan,
  place: LossPlace,
): Tensor {
  const gradRows = headRowsLossAndGradient(pass, rowsOf(pass, residual, plan), plan, place);
  const gradResidual = pass.tensor(residual.shape, 'gradient of residual');
  gatherRows(pass.gpu, { x: gradRows, rows: plan.places, out: gradResidual });
  return gradResidual;
}

/** As {@link headLossAndGradient}, of the rows with targets alone: [R, d]. */
export function headRowsLossAndGradient(
  pass: Pass,
  rows: Tensor,
  plan: HeadTargets,
  { losses, index }: LossPlace,
): Tensor {
  const { gpu, config, gradients } = pass;
  if (plan.rowCount !== plan.targetCount) throw new RangeError('the loss needs one target per row');
  const { name, weight } = unembeddingOf(pass);
  const gradHeadInput = pass.tensor([plan.rowCount, weight.shape[1] ?? 0], 'gradient of the head input');
  const backward: VisitLogits = (chunk, logits, normalizers, headRows) => {
    // In the logits' own place: from here on they are the gradient with respect to them.
    const chunked = {
      ...{ logits, logSumExp: normalizers, target: chunk.targets },
      ...{ rows: chunk.count, vocabulary: config.vocabSize },
    };
    crossEntropyGradient(gpu, { ...chunked, scale: chunk.scales ?? 1 / plan.targetCount });
    const gradRows = sliceRows(matrix(gradHeadInput), chunk.start, chunk.count);
    matmul(gpu, { a: matrix(logits), b: matrix(weight), c: gradRows });
    const gradWeight = gradients.target(name, weight.shape);
    if (!gradWeight) return;
    matmul(gpu, {
      a: matrix(logits),
      b: sliceRows(matrix(headRows), chunk.start, chunk.count),
      c: matrix(gradWeight.tensor),
      transposeA: true,
      accumulate: gradWeight.accumulate,
    });
  };
  const { logProbs, input } = targetLogProbs(pass, rows, plan, backward);
  const into = { x: logProbs, out: losses, outIndex: index };
  if (plan.groups) groupedSum(gpu, { ...into, groups: plan.groups.targets, scales: plan.groups.scales });
  else sum(gpu, { ...into, scale: -1 / plan.targetCount });
  return headInputBackward(pass, input, gradHeadInput);
}
