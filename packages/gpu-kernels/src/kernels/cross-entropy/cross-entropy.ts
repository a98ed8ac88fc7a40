import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, grid, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { definePointwise, pointwiseGrid } from '../pointwise.ts';
import { defineRowKernel, eachOwnColumn, workgroupReduction } from '../row-kernel.ts';

/** Terms that an invocation adds up before it adds their sum to its own: keeps long rows accurate. */
const BLOCK = 64;

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
  const kernel = logSumExpKernel(gpu.tuning.invocationsPerRow);
  gpu.dispatch(kernel, { logits, out }, { rows, width: vocabulary }, grid(rows));
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
  const count = rows * vocabulary;
  if (typeof scale !== 'number') {
    if (scale.length < targetOffset + rows)
      throw new RangeError(
        `crossEntropyGradient: ${scale.label} of ${scale.length} lacks factors for ${rows} rows from ${targetOffset} on`,
      );
    const storage = { logSumExp: args.logSumExp, targets: target, scales: scale, logits };
    gpu.dispatch(SCALED_GRADIENT, storage, { count, vocabulary, targetOffset }, pointwiseGrid(count));
    return;
  }
  gpu.dispatch(
    GRADIENT,
    { logSumExp: args.logSumExp, targets: target, logits },
    { count, vocabulary, targetOffset, scale },
    pointwiseGrid(count),
  );
}

/** Every kernel of the cross-entropy under a tuning. */
export function crossEntropyKernels({ invocationsPerRow }: Tuning): Kernel[] {
  return [logSumExpKernel(invocationsPerRow), GATHER_LOG_PROBS, GRADIENT, SCALED_GRADIENT];
}

const logSumExpKernel = memoizeKernel((size: number) =>
  defineRowKernel({
    label: `cross-entropy.log-sum-exp.${size}`,
    size,
    storage: { logits: 'f32', out: '&f32' },
    params: {},
    declarations:
      workgroupReduction('total', size, 'a + b') + workgroupReduction('largest', size, 'max(a, b)'),
    body: `
      var most = logits[row];
      ${eachOwnColumn(size, 'most = max(most, logits[row + c]);')}
      most = largest(most, localIndex);
      var sum = 0.0;
      for (var start = localIndex; start < params.width; start += ${BLOCK * size}u) {
        var block = 0.0;
        for (var c = start; c < min(start + ${BLOCK * size}u, params.width); c += ${size}u) {
          block += exp(logits[row + c] - most);
        }
        sum += block;
      }
      sum = total(sum, localIndex);
      if (localIndex == 0u) { out[workgroup] = most + log(sum); }`,
  }),
);

const GATHER_LOG_PROBS = definePointwise({
  label: 'cross-entropy.gather-log-probs',
  storage: { logits: 'f32', logSumExp: 'f32', row: 'u32', targets: 'u32', out: '&f32' },
  params: { vocabulary: 'u32', outOffset: 'u32' },
  body: 'out[params.outOffset + i] = logits[row[i] * params.vocabulary + targets[i]] - logSumExp[row[i]];',
});

const GRADIENT = definePointwise({
  label: 'cross-entropy.gradient',
  storage: { logSumExp: 'f32', targets: 'u32', logits: '&f32' },
  params: { vocabulary: 'u32', targetOffset: 'u32', scale: 'f32' },
  body: gradientBody('params.scale'),
});

const SCALED_GRADIENT = definePointwise({
  label: 'cross-entropy.gradient.scaled',
  storage: { logSumExp: 'f32', targets: 'u32', scales: 'f32', logits: '&f32' },
  params: { vocabulary: 'u32', targetOffset: 'u32' },
  body: gradientBody('scales[params.targetOffset + row]'),
});

function gradientBody(scale: string): string {
  return `
    let row = i / params.vocabulary;
    let hit = i % params.vocabulary == targets[params.targetOffset + row];
    logits[i] = (exp(logits[i] - logSumExp[row]) - select(0.0, 1.0, hit)) * ${scale};`;
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
