import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, defineKernel, grid, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { workgroupReduction } from '../row-kernel.ts';
import { hasLoneRows } from '../row-runs.ts';
import { LONE_ROWS, LONE_TOP, pilesOf } from './lone-top-k.ts';

/**
 * A row's columns are dealt to so many piles in turn, each of which remembers the first of what is left of it: taking the
 * next of all looks at the piles and through one of them. Near the square root of large vocabularies; a power of two that
 * workgroups of every size divide.
 */
const PILES = 256;

/** Operands and options of {@link topLogProbs}. */
export interface TopLogProbsArguments {
  /** float32 [R, V], within the binding limit: callers with more rows take them in chunks. */
  readonly logits: Tensor;
  /** float32 [R], from `logSumExp`. */
  readonly logSumExp: Tensor;
  /** uint32 [N]: rows of logits. */
  readonly row: Tensor;
  /** V. */
  readonly vocabulary: number;
  /** How many are wanted of a row; all of them where the vocabulary is smaller. */
  readonly k: number;
  /** uint32, at least [outOffset + N, min(k, V)]: token ids. */
  readonly tokens: Tensor;
  /** float32, as `tokens`: nats. */
  readonly logProbs: Tensor;
  /** First row of `tokens` and `logProbs` that is written; 0 if absent. */
  readonly outOffset?: number;
}

/**
 * The likeliest tokens under each of the rows of logits that `row` names, the likeliest first and of equal ones the lower id:
 * tokens[outOffset + n, i] is the i-th under logits[row[n]], logProbs[outOffset + n, i] its log-probability in nats. Numbers
 * are compared and never rounded, so that the same logits give the same tokens on every adapter. Of rows with NaN nothing is
 * promised.
 * @throws RangeError for sizes that do not agree, or a k that is no whole number from 1
 */
export function topLogProbs(gpu: Gpu, args: TopLogProbsArguments): void {
  const { logits, row, vocabulary, k, tokens, logProbs, outOffset = 0 } = args;
  if (!Number.isInteger(k) || k < 1)
    throw new RangeError(`topLogProbs: k is ${k}, not a whole number from 1`);
  const count = Math.min(k, vocabulary);
  const end = (outOffset + row.length) * count;
  if (tokens.length < end || logProbs.length < end)
    throw new RangeError(
      `topLogProbs: ${count} of each of ${row.length} rows from ${outOffset} on do not fit ${tokens.label} of ${tokens.length} and ${logProbs.label} of ${logProbs.length}`,
    );
  const storage = { logits, logSumExp: args.logSumExp, row, tokens, logProbs };
  const params = { rows: row.length, vocabulary, count, outOffset };
  if (hasLoneRows(gpu.tuning)) {
    const piles = pilesOf(vocabulary);
    gpu.dispatch(LONE_TOP, storage, { ...params, piles }, grid(Math.ceil(row.length / LONE_ROWS)));
  } else gpu.dispatch(topKernel(gpu.tuning.invocationsPerRow), storage, params, grid(row.length));
}

/** Every kernel of the likeliest tokens under a tuning. */
export function topKernels(tuning: Tuning): Kernel[] {
  return [hasLoneRows(tuning) ? LONE_TOP : topKernel(tuning.invocationsPerRow)];
}

const topKernel = memoizeKernel((size: number) =>
  defineKernel({
    label: `top-k.top-log-probs.${size}`,
    storage: { logits: 'f32', logSumExp: 'f32', row: 'u32', tokens: '&u32', logProbs: '&f32' },
    params: { rows: 'u32', vocabulary: 'u32', count: 'u32', outOffset: 'u32' },
    workgroupSize: [size],
    declarations: `
      const NONE = 0xffffffffu;

      struct Entry {
        value: f32,
        column: u32,
      }

      fn isAhead(a: Entry, b: Entry) -> bool {
        if (a.column == NONE) { return false; }
        return b.column == NONE || a.value > b.value || (a.value == b.value && a.column < b.column);
      }

      fn ahead(a: Entry, b: Entry) -> Entry {
        if (isAhead(a, b)) { return a; }
        return b;
      }

      var<workgroup> first: array<Entry, ${PILES}>;
      ${workgroupReduction('foremost', size, 'ahead(a, b)', 'Entry')}`,
    body: `
      if (workgroup >= params.rows) { return; }
      let start = row[workgroup] * params.vocabulary;
      for (var pile = localIndex; pile < ${PILES}u; pile += ${size}u) {
        var best = Entry(0.0, NONE);
        if (pile < params.vocabulary) {
          best = Entry(logits[start + pile], pile);
          for (var c = pile + ${PILES}u; c < params.vocabulary; c += ${PILES}u) {
            let value = logits[start + c];
            if (value > best.value) { best = Entry(value, c); }
          }
        }
        first[pile] = best;
      }
      let out = (params.outOffset + workgroup) * params.count;
      let normalizer = logSumExp[row[workgroup]];
      for (var i = 0u; i < params.count; i++) {
        var best = Entry(0.0, NONE);
        for (var pile = localIndex; pile < ${PILES}u; pile += ${size}u) {
          best = ahead(best, first[pile]);
        }
        let taken = foremost(best, localIndex);
        if (localIndex == 0u) {
          tokens[out + i] = taken.column;
          logProbs[out + i] = taken.value - normalizer;
        }
        // What is left of its pile is all that comes behind it.
        let pile = taken.column % ${PILES}u;
        var next = Entry(0.0, NONE);
        for (var c = pile + localIndex * ${PILES}u; c < params.vocabulary; c += ${size * PILES}u) {
          let other = Entry(logits[start + c], c);
          if (isAhead(taken, other) && isAhead(other, next)) { next = other; }
        }
        next = foremost(next, localIndex);
        // Only the invocation that looks at the pile changes it.
        if (pile % ${size}u == localIndex) { first[pile] = next; }
      }`,
  }),
);
