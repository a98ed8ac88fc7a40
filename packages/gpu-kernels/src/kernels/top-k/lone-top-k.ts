import { defineKernel } from '../../runtime/kernel.ts';

/** Most piles of a row; each invocation has as many numbers to itself. */
const MOST_PILES = 256;
/** Rows of a workgroup. */
export const LONE_ROWS = 8;

/** Piles that a row's columns are dealt to: a power of two from the square root on, and never more than there are columns. */
export function pilesOf(vocabulary: number): number {
  return Math.min(2 ** Math.ceil(Math.log2(vocabulary) / 2), MOST_PILES);
}

/** As the kernel with a workgroup a row, but each invocation has a row for itself: there are no barriers. */
export const LONE_TOP = defineKernel({
  label: 'top-k.top-log-probs.lone',
  storage: { logits: 'f32', logSumExp: 'f32', row: 'u32', tokens: '&u32', logProbs: '&f32' },
  params: { rows: 'u32', vocabulary: 'u32', count: 'u32', outOffset: 'u32', piles: 'u32' },
  workgroupSize: [LONE_ROWS],
  declarations: 'const NONE = 0xffffffffu;',
  body: `
      let index = workgroup * ${LONE_ROWS}u + localIndex;
      if (index >= params.rows) { return; }
      let start = row[index] * params.vocabulary;
      var values: array<f32, ${MOST_PILES}>;
      var columns: array<u32, ${MOST_PILES}>;
      for (var pile = 0u; pile < params.piles; pile++) {
        var column = pile;
        var value = logits[start + pile];
        for (var c = pile + params.piles; c < params.vocabulary; c += params.piles) {
          let other = logits[start + c];
          column = select(column, c, other > value);
          value = select(value, other, other > value);
        }
        values[pile] = value;
        columns[pile] = column;
      }
      let out = (params.outOffset + index) * params.count;
      let normalizer = logSumExp[row[index]];
      for (var i = 0u; i < params.count; i++) {
        var best = 0.0;
        var taken = NONE;
        for (var pile = 0u; pile < params.piles; pile++) {
          let value = values[pile];
          let column = columns[pile];
          let isAhead = (column != NONE) & ((taken == NONE) | (value > best) | ((value == best) & (column < taken)));
          best = select(best, value, isAhead);
          taken = select(taken, column, isAhead);
        }
        tokens[out + i] = taken;
        logProbs[out + i] = best - normalizer;
        // What is left of its pile is all that comes behind it.
        let pile = taken % params.piles;
        var next = 0.0;
        var column = NONE;
        for (var c = pile; c < params.vocabulary; c += params.piles) {
          let other = logits[start + c];
          let isLeft = (other < best) | ((other == best) & (c > taken));
          let isAhead = isLeft & ((column == NONE) | (other > next));
          next = select(next, other, isAhead);
          column = select(column, c, isAhead);
        }
        values[pile] = next;
        columns[pile] = column;
      }`,
});
