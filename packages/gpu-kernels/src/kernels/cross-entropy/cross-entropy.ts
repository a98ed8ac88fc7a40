import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, grid, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { definePointwise, pointwiseGrid } from '../pointwise.ts';
import { defineRowKernel, workgroupReduction } from '../row-kernel.ts';
import { defineRowRuns, dispatchRowRuns, rowRunsKernels, hasLoneRows } from '../row-runs.ts';
import { plus, repeat } from '../wgsl.ts';
import { LONE_ROWS, loneLogSumExp } from './lone-log-sum-exp.ts';

/** Logits that an invocation loads before it brings its maximum and its sum up to date, once for all of them. */
const BLOCK = 8;

/** Blocks whose sums are added up before they join those before them: keeps long rows accurate. */
const RUN = 16;

/** Operands and options of {@link logSumExp}. */
export interface LogSumExpArguments {
  /** float32 [R, V], within the binding limit: callers with more rows take them in chunks. */
  readonly logits: Tensor;
  /** R. */
  readonly rows: number;
  /** V. */
  readonly vocabulary: number;
  /** float32, at least [R]. */
  readonly out: Tensor;
}

/**
 * out[r] = log of the sum over v of exp(logits[r, v]), in nats, the row's maximum taken out first.
 * @throws RangeError if a tensor is too small
 */
export function logSumExp(gpu: Gpu, { logits, rows, vocabulary, out }: LogSumExpArguments): void {
  requireRows('logSumExp', { logits, rows, vocabulary, perRow: out });
  if (rows === 0) return;
  const params = { rows, width: vocabulary };
  if (hasLoneRows(gpu.tuning)) {
    const kernel = loneLogSumExp(vocabulary % 4 === 0);
    gpu.dispatch(kernel, { logits, out }, params, grid(Math.ceil(rows / LONE_ROWS)));
  } else gpu.dispatch(logSumExpKernel(gpu.tuning.invocationsPerRow), { logits, out }, params, grid(rows));
}

/** Operands and options of {@link gatherLogProbs}. */
export interface GatherLogProbsArguments {
  /** float32 [R, V]. */
  readonly logits: Tensor;
  /** float32 [R], from {@link logSumExp}. */
  readonly logSumExp: Tensor;
  /** uint32 [N]: rows of logits. */
  readonly row: Tensor;
  /** uint32 [N]: token ids below V. */
  readonly target: Tensor;
  /** V. */
  readonly vocabulary: number;
  /** float32, at least [outOffset + N]. */
  readonly out: Tensor;
  /** First element written; 0 if absent. */
  readonly outOffset?: number;
}

/**
 * out[outOffset + n] = log softmax(logits[row[n]])[target[n]], in nats.
 * @throws RangeError for sizes that do not agree
 */
export function gatherLogProbs(gpu: Gpu, args: GatherLogProbsArguments): void {
  const { row, target, vocabulary, out, outOffset = 0 } = args;
  const count = row.length;
  if (target.length !== count || out.length < outOffset + count) {
    throw new RangeError(
      `gatherLogProbs: ${count} rows, ${target.length} targets and ${out.label} of ${out.length} from ${outOffset} on do not match`,
    );
  }
  const storage = { logits: args.logits, logSumExp: args.logSumExp, row, targets: target, out };
  gpu.dispatch(GATHER_LOG_PROBS, storage, { count, vocabulary, outOffset }, pointwiseGrid(count));
}

/** Operands and options of {@link crossEntropyGradient}. */
export interface CrossEntropyGradientArguments {
  /** float32 [R, V]. In place: logits before, the gradient with respect to them afterwards. */
  readonly logits: Tensor;
  /** float32 [R], from {@link logSumExp}. */
  readonly logSumExp: Tensor;
  /** uint32, at least [targetOffset + R]: token ids below V. */
  readonly target: Tensor;
  /** Target of row 0; 0 if absent. */
  readonly targetOffset?: number;
  /** Factor on the gradient, e.g. 1 / number of tokens for a mean loss; in float32 where it differs by row, as the targets lie. */
  readonly scale: number | Tensor;
  /** R. */
  readonly rows: number;
  /** V. */
  readonly vocabulary: number;
}

/**
 * logits = (softmax(logits) - onehot(target)) * scale, in place: the gradient of scale times the sum of the rows'
 * negative log-likelihoods.
 * @throws RangeError if a tensor is too small
 */
export function crossEntropyGradient(gpu: Gpu, args: CrossEntropyGradientArguments): void {
  const { logits, target, targetOffset = 0, scale, rows, vocabulary } = args;
  requireRows('crossEntropyGradient', { logits, rows, vocabulary, perRow: args.logSumExp });
  if (target.length < targetOffset + rows) {
    throw new RangeError(
      `crossEntropyGradient: ${target.label} of ${target.length} lacks targets for ${rows} rows from ${targetOffset} on`,
    );
  }
  const of = {
    rows,
    width: vocabulary,
    perElement: hasLoneRows(gpu.tuning) && vocabulary % 4 === 0 ? 4 : 1,
  } as const;
  const storage = { logSumExp: args.logSumExp, targets: target, logits };
  if (typeof scale !== 'number') {
    if (scale.length < targetOffset + rows)
      throw new RangeError(
        `crossEntropyGradient: ${scale.label} of ${scale.length} lacks factors for ${rows} rows from ${targetOffset} on`,
      );
    dispatchRowRuns(gpu, SCALED_GRADIENT, of, { ...storage, scales: scale }, { targetOffset });
  } else dispatchRowRuns(gpu, GRADIENT, of, storage, { targetOffset, scale });
}

/** Every kernel of the cross-entropy under a tuning. */
export function crossEntropyKernels(tuning: Tuning): Kernel[] {
  return [
    ...(hasLoneRows(tuning) ? [true, false].map(loneLogSumExp) : [logSumExpKernel(tuning.invocationsPerRow)]),
    GATHER_LOG_PROBS,
    ...rowRunsKernels(tuning, GRADIENT),
    ...rowRunsKernels(tuning, SCALED_GRADIENT),
  ];
}

/** WGSL that combines what a block's logits give, as a tree. */
function ofBlock(element: (i: number) => string, combine: (a: string, b: string) => string): string {
  let level = Array.from({ length: BLOCK }, (_, i) => element(i));
  while (level.length > 1)
    level = level.flatMap((x, i) => (i % 2 === 0 ? [combine(x, level[i + 1] ?? x)] : []));
  return level[0] ?? '';
}

/** One pass over a row: its maximum so far, and the sum relative to it (Milakov and Gimelshein 2018, arXiv 1805.02867). */
const logSumExpKernel = memoizeKernel((size: number) =>
  defineRowKernel({
    label: `cross-entropy.log-sum-exp.${size}`,
    size,
    storage: { logits: 'f32', out: '&f32' },
    params: {},
    declarations: `// Stands for no logit; finite, because WGSL knows no infinities.
      const LEAST = -3.4e38;
      ${workgroupReduction('total', size, 'a + b')}
      ${workgroupReduction('largest', size, 'max(a, b)')}`,
    body: `
      var most = LEAST;
      var sum = 0.0;
      for (var start = localIndex; start < params.width; start += ${BLOCK * RUN * size}u) {
        var run = 0.0;
        for (var c = start; c < min(start + ${BLOCK * RUN * size}u, params.width); c += ${BLOCK * size}u) {
          ${repeat(BLOCK, (i) => {
            const column = plus('c', i * size);
            return `let x${i} = select(LEAST, logits[row + min(${column}, params.width - 1u)], ${column} < params.width);`;
          })}
          let next = max(most, ${ofBlock(
            (i) => `x${i}`,
            (x, y) => `max(${x}, ${y})`,
          )});
          let decay = exp(most - next);
          most = next;
          sum *= decay;
          run = run * decay + ${ofBlock(
            (i) => `exp(x${i} - next)`,
            (x, y) => `(${x} + ${y})`,
          )};
        }
        sum += run;
      }
      let largestOfAll = largest(most, localIndex);
      sum = total(sum * exp(most - largestOfAll), localIndex);
      if (localIndex == 0u) { out[workgroup] = largestOfAll + log(sum); }`,
  }),
);

const GATHER_LOG_PROBS = definePointwise({
  label: 'cross-entropy.gather-log-probs',
  storage: { logits: 'f32', logSumExp: 'f32', row: 'u32', targets: 'u32', out: '&f32' },
  params: { vocabulary: 'u32', outOffset: 'u32' },
  body: 'out[params.outOffset + i] = logits[row[i] * params.vocabulary + targets[i]] - logSumExp[row[i]];',
});

const GRADIENT = defineRowRuns({
  label: 'cross-entropy.gradient',
  storage: (element) => ({ logSumExp: 'f32', targets: 'u32', logits: `&${element}` }) as const,
  params: { targetOffset: 'u32', scale: 'f32' },
  ...gradientOf('params.scale'),
});

const SCALED_GRADIENT = defineRowRuns({
  label: 'cross-entropy.gradient.scaled',
  storage: (element) => ({ logSumExp: 'f32', targets: 'u32', scales: 'f32', logits: `&${element}` }) as const,
  params: { targetOffset: 'u32' },
  ...gradientOf('scales[params.targetOffset + row]'),
});

function gradientOf(scale: string): {
  readonly ofRow: string;
  readonly ofElement: (element: 'f32' | 'vec4<f32>') => string;
} {
  return {
    ofRow: `
    let normalizer = logSumExp[row];
    let token = targets[params.targetOffset + row];
    let scale = ${scale};`,
    ofElement: (element) => {
      const hit =
        element === 'f32'
          ? 'c == token'
          : 'vec4<u32>(4u * c) + vec4<u32>(0u, 1u, 2u, 3u) == vec4<u32>(token)';
      return `
    let hit = select(${element}(0.0), ${element}(1.0), ${hit});
    logits[i] = (exp(logits[i] - normalizer) - hit) * scale;`;
    },
  };
}

function requireRows(
  op: string,
  args: {
    readonly logits: Tensor;
    readonly rows: number;
    readonly vocabulary: number;
    readonly perRow: Tensor;
  },
): void {
  const { logits, rows, vocabulary, perRow } = args;
  if (logits.length < rows * vocabulary || perRow.length < rows) {
    throw new RangeError(
      `${op}: ${logits.label} of ${logits.length} or ${perRow.label} of ${perRow.length} is too small for [${rows}, ${vocabulary}]`,
    );
  }
}
