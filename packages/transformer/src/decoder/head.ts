import {
  type Gpu,
  type Scope,
  type Tensor,
  crossEntropyGradient,
  gatherLogProbs,
  gatherRows,
  logSumExp,
  matmul,
  matrix,
  scatterRowsAdd,
  sliceRows,
  sum,
} from '@icl-gd/gpu-kernels';
import type { ParameterSet } from '../weights/parameter-set.ts';
import type { DecoderContext } from './context.ts';
import type { Gradients } from './gradients.ts';
import { linear, linearInputGradient } from './linear.ts';
import { norm, normBackward } from './norm.ts';

/** Logits are held for this many bytes' worth of rows at a time: a vocabulary of 50,000 over a long text never exists whole. */
const LOGITS_BYTES = 32 * 2 ** 20;

/** Rows whose logits are held at a time, where one binding may span so many bytes. */
export function rowsPerLogitsChunk(vocabSize: number, bindingBytes: number): number {
  return Math.max(1, Math.floor(Math.min(LOGITS_BYTES, bindingBytes) / (4 * vocabSize)));
}

/** Wanted log-probabilities: entry i asks for `tokens[i]` after row `rows[i]` of the batch. */
export interface TokenTargets {
  readonly rows: readonly number[];
  readonly tokens: readonly number[];
}

/** Every next-token prediction of each sequence. */
export function nextTokenTargets(sequences: readonly (readonly number[])[]): TokenTargets {
  const rows: number[] = [];
  const tokens: number[] = [];
  let start = 0;
  for (const sequence of sequences) {
    for (let i = 1; i < sequence.length; i++) {
      rows.push(start + i - 1);
      tokens.push(sequence[i] as number);
    }
    start += sequence.length;
  }
  return { rows, tokens };
}

interface Chunk {
  /** First of the distinct rows and their count. */
  readonly start: number;
  readonly count: number;
  /** First target and their count. */
  readonly firstTarget: number;
  readonly targets: Tensor;
  /** u32: for each target, its row within the chunk. */
  readonly targetRows: Tensor;
}

/** Targets on the device, cut so that each chunk's logits fit. One row may have several targets; targets come sorted by row. */
export class TargetPlan implements Disposable {
  readonly rowCount: number;
  readonly targetCount: number;
  readonly rows: Tensor;
  readonly chunks: readonly Chunk[];
  /** Whether every row has exactly one target, as the loss needs it. */
  readonly oneToOne: boolean;
  /** Place of each target in the order that the caller gave. */
  readonly order: readonly number[];
  #scope: Scope;

  constructor(gpu: Gpu, targets: TokenTargets, vocabSize: number, totalTokens: number) {
    this.#scope = gpu.scope();
    const order = targets.rows
      .map((_, i) => i)
      .sort((a, b) => (targets.rows[a] as number) - (targets.rows[b] as number) || a - b);
    const distinct = [...new Set(order.map((i) => targets.rows[i] as number))];
    for (const i of order) {
      const [row = -1, token = -1] = [targets.rows[i], targets.tokens[i]];
      if (row < 0 || row >= totalTokens || token < 0 || token >= vocabSize)
        throw new RangeError(
          `target token ${token} at row ${row} is outside the vocabulary of ${vocabSize} or the batch of ${totalTokens}`,
        );
    }
    const perChunk = rowsPerLogitsChunk(vocabSize, gpu.maxBindingBytes);
    const chunks: Chunk[] = [];
    let next = 0;
    for (let start = 0; start < distinct.length; start += perChunk) {
      const rows = distinct.slice(start, start + perChunk);
      const firstTarget = next;
      const tokens: number[] = [];
      const localRows: number[] = [];
      for (const [local, row] of rows.entries()) {
        for (; next < order.length && targets.rows[order[next] as number] === row; next++) {
          tokens.push(targets.tokens[order[next] as number] as number);
          localRows.push(local);
        }
      }
      chunks.push({
        start,
        count: rows.length,
        firstTarget,
        targets: this.#scope.upload(Uint32Array.from(tokens), [tokens.length], 'targets'),
        targetRows: this.#scope.upload(Uint32Array.from(localRows), [localRows.length], 'target rows'),
      });
    }
    this.rowCount = distinct.length;
    this.targetCount = order.length;
    this.rows = this.#scope.upload(Uint32Array.from(distinct), [distinct.length], 'rows with targets');
    this.chunks = chunks;
    this.oneToOne = distinct.length === order.length;
    this.order = order;
  }

  [Symbol.dispose](): void {
    this.#scope[Symbol.dispose]();
  }
}

/** The matrix [vocabSize, dModel] that turns normed states into logits. */
export function unembeddingOf(parameters: ParameterSet): { name: string; weight: Tensor } {
  const name = parameters.find('unembedding') ? 'unembedding' : 'embedding.tokens';
  return { name, weight: parameters.get(name) };
}

const PROJECTION = 'unembeddingProjection';

/** From rows of hidden states to what the unembedding reads: `normed`, projected where the model does that. */
interface HeadInput {
  readonly normed: Tensor;
  /** Absent where the model has no final norm. */
  readonly stats?: Tensor;
  /** [rows, dEmbedding]. */
  readonly out: Tensor;
}

export function headInput(
  context: DecoderContext,
  scope: Scope,
  parameters: ParameterSet,
  rows: Tensor,
): HeadInput {
  const { out: normed, stats } =
    context.config.finalNorm === false
      ? { out: rows, stats: undefined }
      : norm(context, scope, parameters, 'finalNorm', rows);
  const projected = parameters.find(`${PROJECTION}.weight`) !== undefined;
  const out = projected ? linear(context, scope, parameters, PROJECTION, normed) : normed;
  return { normed, ...(stats ? { stats } : {}), out };
}

/** The gradient with respect to the rows, from that by the head's input; parameters' gradients are added where the group has them. */
function headInputBackward(
  context: DecoderContext,
  scope: Scope,
  parameters: ParameterSet,
  rows: Tensor,
  { normed, stats }: HeadInput,
  gradOutput: Tensor,
  gradients: Gradients,
): Tensor {
  let gradNormed = gradOutput;
  if (parameters.find(`${PROJECTION}.weight`)) {
    gradients.addLinear(PROJECTION, normed, gradOutput);
    gradNormed = linearInputGradient(context, scope, parameters, PROJECTION, gradOutput);
  }
  if (!stats) return gradNormed;
  const gradRows = scope.tensor(rows.shape, 'gradient.rows');
  context.gpu.clear(gradRows);
  normBackward(context, parameters, 'finalNorm', rows, stats, gradNormed, gradRows, gradients);
  return gradRows;
}

/**
 * Log-probabilities of the plan's targets under final norm and unembedding of `hidden` [totalTokens, dModel].
 * @param visit sees each chunk's logits [count, vocabSize] before they are dropped
 * @returns f32 [targetCount] in the plan's order, the rows of `hidden`, and what the unembedding read of them
 */
function targetLogProbs(
  context: DecoderContext,
  scope: Scope,
  parameters: ParameterSet,
  hidden: Tensor,
  plan: TargetPlan,
  visit?: (chunk: Chunk, logits: Tensor, normalizers: Tensor, input: Tensor) => void,
): { logProbs: Tensor; gathered: Tensor; input: HeadInput } {
  const { gpu, config } = context;
  const gathered = scope.tensor([plan.rowCount, config.dModel], 'rows');
  gatherRows(gpu, { x: hidden, rows: plan.rows, out: gathered });
  const input = headInput(context, scope, parameters, gathered);
  const logProbs = scope.tensor([plan.targetCount], 'logProbs');
  for (const chunk of plan.chunks) {
    using chunkScope = gpu.scope();
    const logits = chunkScope.tensor([chunk.count, config.vocabSize], 'logits');
    const a = sliceRows(matrix(input.out), chunk.start, chunk.count);
    matmul(gpu, { a, b: matrix(unembeddingOf(parameters).weight), c: matrix(logits), transposeB: true });
    const normalizers = chunkScope.tensor([chunk.count], 'logits.logSumExp');
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
    visit?.(chunk, logits, normalizers, input.out);
  }
  return { logProbs, gathered, input };
}

/** Log-probabilities only. */
export function logProbsOf(
  context: DecoderContext,
  scope: Scope,
  parameters: ParameterSet,
  hidden: Tensor,
  plan: TargetPlan,
): Tensor {
  return targetLogProbs(context, scope, parameters, hidden, plan).logProbs;
}

/**
 * Mean cross-entropy of the plan's targets, written to `losses[lossIndex]` in nats, and its gradient with respect to `hidden`.
 * The gradients of final norm and unembedding are added where the group has them.
 */
export function headLossAndGradient(
  context: DecoderContext,
  scope: Scope,
  parameters: ParameterSet,
  hidden: Tensor,
  plan: TargetPlan,
  gradients: Gradients,
  losses: Tensor,
  lossIndex: number,
): Tensor {
  const { gpu, config } = context;
  if (!plan.oneToOne) throw new RangeError('the loss needs one target per row');
  const { name, weight } = unembeddingOf(parameters);
  const gradInput = scope.tensor([plan.rowCount, weight.shape[1] ?? 0], 'gradient.head');
  const { logProbs, gathered, input } = targetLogProbs(
    context,
    scope,
    parameters,
    hidden,
    plan,
    (chunk, logits, normalizers, read) => {
      crossEntropyGradient(gpu, {
        logits,
        logSumExp: normalizers,
        target: chunk.targets,
        scale: 1 / plan.targetCount,
        rows: chunk.count,
        vocabulary: config.vocabSize,
      });
      matmul(gpu, {
        a: matrix(logits),
        b: matrix(weight),
        c: sliceRows(matrix(gradInput), chunk.start, chunk.count),
      });
      if (gradients.wants(name)) {
        const gradWeight = gradients.get(name, weight.shape);
        matmul(gpu, {
          a: matrix(logits),
          b: sliceRows(matrix(read), chunk.start, chunk.count),
          c: matrix(gradWeight),
          transposeA: true,
          accumulate: true,
        });
      }
    },
  );
  sum(gpu, { x: logProbs, scale: -1 / plan.targetCount, out: losses, outIndex: lossIndex });
  const gradGathered = headInputBackward(context, scope, parameters, gathered, input, gradInput, gradients);
  const gradResidual = scope.tensor(hidden.shape, 'gradient.hidden');
  gpu.clear(gradResidual);
  scatterRowsAdd(gpu, { gradOutput: gradGathered, rows: plan.rows, gradInput: gradResidual });
  return gradResidual;
}
