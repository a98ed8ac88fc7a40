import type { Gpu } from '../../runtime/gpu.ts';
import { defineKernel, grid } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { HeadShape } from './shape.ts';

/** Rows whose scores are wanted, towards keys [firstKey, row] of their own sequence. */
export interface ScoreRow {
  readonly row: number;
  readonly firstKey: number;
}

/** Where {@link attentionScores} writes: one task per row, keys in order. */
export class ScoreRows implements Disposable {
  readonly count: number;
  /** Scores of all rows of one head shape, in floats. */
  readonly outputLength: number;
  /** First output element of each row. */
  readonly offsets: readonly number[];
  /** u32 [rows, 4]: row, first key, key count, output offset. */
  readonly table: Tensor;

  constructor(gpu: Gpu, rows: readonly ScoreRow[], heads: number) {
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

  [Symbol.dispose](): void {
    this.table.dispose();
  }
}

/**
 * m: scaled q·k before the softmax, of chosen rows, as [heads, keys] per row at the row's offset (paper, section 3; the
 * query part only). Nothing is masked.
 */
export function attentionScores(
  gpu: Gpu,
  {
    shape,
    rows,
    q,
    k,
    out,
    outOffset = 0,
  }: { shape: HeadShape; rows: ScoreRows; q: Tensor; k: Tensor; out: Tensor; outOffset?: number },
): void {
  if (outOffset + rows.outputLength > out.length)
    throw new RangeError(
      `attention scores need ${rows.outputLength} elements at ${outOffset} of ${out.label} (${out.length})`,
    );
  const groups = rows.count * shape.heads;
  gpu.dispatch(
    scoresKernel,
    { rows: rows.table, q, k, out },
    {
      heads: shape.heads,
      group: shape.heads / shape.kvHeads,
      kvHeads: shape.kvHeads,
      headDim: shape.headDim,
      scale: shape.scale,
      outOffset,
      groupCount: groups,
    },
    grid(groups),
  );
}

const scoresKernel = defineKernel({
  label: 'attention.scores',
  storage: { rows: 'vec4<u32>', q: 'f32', k: 'f32', out: '&f32' },
  params: {
    heads: 'u32',
    group: 'u32',
    kvHeads: 'u32',
    headDim: 'u32',
    scale: 'f32',
    outOffset: 'u32',
    groupCount: 'u32',
  },
  workgroupSize: [32],
  body: `
  if (group >= params.groupCount) { return; }
  let task = rows[group / params.heads];
  let head = group % params.heads;
  let queryAt = (task.x * params.heads + head) * params.headDim;
  for (var j = localIndex; j < task.z; j += 32u) {
    let keyAt = ((task.y + j) * params.kvHeads + head / params.group) * params.headDim;
    var sum = 0.0;
    for (var i = 0u; i < params.headDim; i++) { sum += q[queryAt + i] * k[keyAt + i]; }
    out[params.outOffset + task.w + head * task.z + j] = sum * params.scale;
  }`,
});
