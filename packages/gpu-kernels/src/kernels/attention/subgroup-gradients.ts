import type { Gpu } from '../../runtime/gpu.ts';
import { grid } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { WholeBackwardArguments } from './backward-arguments.ts';
import { LARGEST_BLOCK, type PackedSequences } from './packed-sequences.ts';
import { headParams, seenPairs } from './shape.ts';
import { subgroupSums } from './subgroup-sums.ts';
import { type SubgroupHead, requireLaneElements, tileColumns } from './subgroup-tile.ts';
import { subgroupWeights } from './subgroup-weights.ts';

/**
 * Gradients of attention with kernels for subgroups: softmax weights and the gradients of scores are computed once and
 * stored, for a strip of queries at a time; all else is sums of head vectors that they weigh.
 * @param weightBytes of a strip, if a block of queries does not need more
 */
export function subgroupGradients(
  gpu: Gpu,
  args: WholeBackwardArguments,
  head: SubgroupHead,
  weightBytes: number,
): void {
  const { shape, sequences, q, k, v, out, logSumExp, gradOutput, gradQuery, gradKey, gradValue } = args;
  const { heads, kvHeads, headDim } = shape;
  const { scale, ...sizes } = headParams(args, headDim / requireLaneElements(head).width);
  const columns = tileColumns(head);
  const keys = Math.ceil(Math.max(0, ...sequences.lengths) / columns) * columns;
  const strips = [...stripsOf(sequences, weightBytes / (2 * 4 * heads * keys))];
  const rows = Math.max(0, ...strips.map(([start, end]) => end - start));
  const blocks = sequences.blocks(head.rows);
  using scope = gpu.scope();
  const weights = scope.tensor([2, rows, heads, keys], 'attention.weights');
  const gradientsAt = weights.length / 8;
  const flop = (2 * headDim * seenPairs(args)) / sequences.totalTokens;
  for (const [stripStart, stripEnd] of strips) {
    const parameters = {
      ...sizes,
      firstBlock: blocks.first,
      ...{ stripStart, stripEnd, weightStride: keys / 4 },
    };
    const stripFlop = flop * (stripEnd - stripStart);
    const queryTasks = blocks.count * heads;
    gpu.dispatch(
      subgroupWeights(head),
      { blocks: sequences.table, q, k, v, out, gradOutput, logSumExp, weights },
      { ...parameters, scale, taskCount: queryTasks, gradientsAt },
      grid(queryTasks),
      2 * stripFlop,
    );
    const sum = (of: 'queries' | 'keys', values: Tensor, sums: Tensor, weightsAt: number): void => {
      const taskCount = blocks.count * (of === 'queries' ? heads : kvHeads);
      gpu.dispatch(
        subgroupSums({ ...head, of }),
        { blocks: sequences.table, weights, values, sums },
        { ...parameters, taskCount, weightsAt },
        grid(taskCount),
        stripFlop,
      );
    };
    if (gradQuery) sum('queries', k, gradQuery, gradientsAt);
    sum('keys', q, gradKey, gradientsAt);
    sum('keys', gradOutput, gradValue, 0);
  }
}

/** Runs of whole blocks, [first row, first behind], of about so many rows. */
function* stripsOf({ starts, lengths, totalTokens }: PackedSequences, most: number) {
  let first = 0;
  for (const [i, length] of lengths.entries()) {
    const start = starts[i] ?? 0;
    for (let row = start; row < start + length; row += LARGEST_BLOCK) {
      const end = Math.min(row + LARGEST_BLOCK, start + length);
      if (end - first > most && row > first) {
        yield [first, row] as const;
        first = row;
      }
    }
  }
  if (totalTokens > first) yield [first, totalTokens] as const;
}
