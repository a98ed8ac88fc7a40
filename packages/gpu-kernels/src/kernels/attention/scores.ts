import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, defineKernel, grid } from '../../runtime/kernel.ts';
import { Resource } from '../../runtime/resource.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { HeadShape } from './shape.ts';

/** A row whose scores are wanted, towards keys [firstKey, row] of its own sequence. */
export interface ScoreRow {
  readonly row: number;
  readonly firstKey: number;
}

/** Rows whose scores are wanted, and where {@link attentionScores} writes them. Dispose it, or let `using` do so. */
export class ScoreRows extends Resource {
  /** Number of rows. */
  readonly count: number;
  /** Scores of all rows of one head shape, in elements. */
  readonly outputLength: number;
  /** First output element of each row. */
  readonly offsets: readonly number[];
  /** uint32 [count, 4]: row, first key, key count, output offset. */
  readonly table: Tensor;

  /**
   * @param heads H
   * @throws UserError (`memory-budget`) if the table does not fit the device
   */
  constructor(gpu: Gpu, rows: readonly ScoreRow[], heads: number) {
    super();
    const table: number[] = [];
    const offsets: number[] = [];
    let offset = 0;
    for (const { row, firstKey } of rows) {
      const keys = row - firstKey + 1;
      offsets.push(offset);
      table.push(row, firstKey, keys, offset);
      offset += keys * heads;
    }
    this.count = rows.length;
    this.outputLength = offset;
    this.offsets = offsets;
    this.table = gpu.upload(Uint32Array.from(table), [rows.length, 4], { label: 'attention.scoreRows' });
  }

  /** Gives the table back; a second call does nothing. */
  dispose(): void {
    this.table.dispose();
  }
}

/** Operands and options of {@link attentionScores}. */
export interface AttentionScoresArguments {
  readonly shape: HeadShape;
  readonly rows: ScoreRows;
  /** float32 [T, H·D]. */
  readonly q: Tensor;
  /** float32 [T, Hkv·D]. */
  readonly k: Tensor;
  /** float32, at least [outOffset + rows.outputLength]: [H, keys] for each row, at the row's offset. */
  readonly out: Tensor;
  /** First element written; 0 if absent. */
  readonly outOffset?: number;
}

/**
 * m of the paper (arXiv 2311.07772v4, section 3; the part of the query's own tokens): scaled q·k of chosen rows before the
 * softmax. Nothing is masked.
 * @throws RangeError if the scores do not fit `out`
 */
export function attentionScores(gpu: Gpu, args: AttentionScoresArguments): void {
  const { shape, rows, q, k, out, outOffset = 0 } = args;
  if (outOffset + rows.outputLength > out.length)
    throw new RangeError(
      `attention scores need ${rows.outputLength} elements at ${outOffset} of ${out.label} (${out.length})`,
    );
  const taskCount = rows.count * shape.heads;
  gpu.dispatch(
    SCORES,
    { rows: rows.table, q, k, out },
    {
      heads: shape.heads,
      queriesPerKeyValueHead: shape.heads / shape.kvHeads,
      kvHeads: shape.kvHeads,
      headDim: shape.headDim,
      scale: shape.scale,
      outOffset,
      taskCount,
    },
    grid(taskCount),
  );
}

/** Every kernel that {@link attentionScores} may run. */
export function attentionScoresKernels(): Kernel[] {
  return [SCORES];
}

/** A workgroup takes one row and head. */
const SCORES = defineKernel({
  label: 'attention.scores',
  storage: { rows: 'vec4<u32>', q: 'f32', k: 'f32', out: '&f32' },
  params: {
    heads: 'u32',
    queriesPerKeyValueHead: 'u32',
    kvHeads: 'u32',
    headDim: 'u32',
    scale: 'f32',
    outOffset: 'u32',
    taskCount: 'u32',
  },
  workgroupSize: [32],
  body: `
    if (workgroup >= params.taskCount) { return; }
    let task = rows[workgroup / params.heads];
    let head = workgroup % params.heads;
    let queryAt = (task.x * params.heads + head) * params.headDim;
    for (var j = localIndex; j < task.z; j += 32u) {
      let keyAt = ((task.y + j) * params.kvHeads + head / params.queriesPerKeyValueHead) * params.headDim;
      var sum = 0.0;
      for (var i = 0u; i < params.headDim; i++) { sum += q[queryAt + i] * k[keyAt + i]; }
      out[params.outOffset + task.w + head * task.z + j] = sum * params.scale;
    }`,
});
