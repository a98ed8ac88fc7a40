import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, grid, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { definePointwise, pointwiseGrid } from '../pointwise.ts';
import { columnSum } from '../reduction/column-sum.ts';
import { defineRowKernel, eachOwnColumn, workgroupReduction } from '../row-kernel.ts';

/** Rows that one invocation sums for the weight's gradient. */
const ROWS_PER_CHUNK = 32;

/** What the gradients of one norm over rows have that another's have not, as WGSL. */
interface NormText {
  readonly name: string;
  /** Statistics that the forward pass keeps of each row. */
  readonly statisticsPerRow: number;
  /** Declares a row's statistics by their names; `inverse` is the factor on the row. */
  readonly statistics: (row: string) => string;
  /** A normalized element, before weight and bias. */
  readonly normalized: (x: string) => string;
  /** A factor times a normalized element, multiplied in the order that results rest on. */
  readonly timesNormalized: (factor: string, x: string) => string;
  /** Type of what is summed over a row. */
  readonly sumType: 'f32' | 'vec2<f32>';
  /** What an element adds to that sum: from `scaled`, gradOutput times weight, and `product`, that times the normalized element. */
  readonly term: string;
  /** What is subtracted from `scaled` for an input's gradient, by `means` of the sum and `normalized`. */
  readonly correction: string;
}

interface GradientArguments {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly stats: Tensor;
  readonly gradOutput: Tensor;
  readonly gradInput?: Tensor;
  readonly accumulate?: boolean;
  readonly gradWeight?: Tensor;
}

/** What layer norm and RMS norm share: gradients with respect to input and weight. */
export class RowNormGradients {
  readonly #norm: NormText;
  readonly #inputKernel: (size: number) => ReturnType<typeof inputGradientKernel>;
  readonly #weightKernel: ReturnType<typeof weightGradientKernel>;

  constructor(norm: NormText) {
    this.#norm = norm;
    this.#inputKernel = memoizeKernel((size: number) => inputGradientKernel(norm, size));
    this.#weightKernel = weightGradientKernel(norm);
  }

  kernels(size: number): Kernel[] {
    return [this.#inputKernel(size), this.#weightKernel];
  }

  /**
   * Records those gradients that there are tensors for; the weight's is added to.
   * @throws RangeError for sizes that do not agree
   */
  record(gpu: Gpu, op: string, args: GradientArguments): void {
    const { x, weight, stats, gradOutput, gradInput, gradWeight } = args;
    const { rows, width } = normShape(op, {
      x,
      weight,
      stats,
      statisticsPerRow: this.#norm.statisticsPerRow,
    });
    if (gradOutput.length !== x.length)
      throw new RangeError(`${op}: ${gradOutput.label} does not match ${x.label}`);
    if (gradInput) {
      gpu.dispatch(
        this.#inputKernel(gpu.tuning.invocationsPerRow),
        { x, weight, stats, gradOutput, gradInput },
        { rows, width, accumulate: Number(args.accumulate === true) },
        grid(rows),
      );
    }
    if (gradWeight) {
      using scope = gpu.scope();
      const chunks = Math.ceil(rows / ROWS_PER_CHUNK);
      const partial = scope.tensor([chunks, width], `${this.#norm.name}.weight-partial`);
      const count = chunks * width;
      gpu.dispatch(
        this.#weightKernel,
        { x, stats, gradOutput, partial },
        { count, rows, width },
        pointwiseGrid(count),
      );
      columnSum(gpu, { x: partial, out: gradWeight, accumulate: true });
    }
  }
}

/** @throws RangeError unless x is [T, d], weight [d] and the statistics [T, statisticsPerRow] */
export function normShape(
  op: string,
  args: {
    readonly x: Tensor;
    readonly weight: Tensor;
    readonly stats: Tensor | undefined;
    readonly statisticsPerRow: number;
  },
): { rows: number; width: number } {
  const { x, weight, stats, statisticsPerRow } = args;
  const width = weight.length;
  const rows = x.length / width;
  if (!Number.isInteger(rows) || (stats && stats.length !== statisticsPerRow * rows)) {
    throw new RangeError(
      `${op}: ${x.label} [${x.shape.join(', ')}] does not match ${weight.label} [${width}] or the statistics`,
    );
  }
  return { rows, width };
}

function inputGradientKernel(norm: NormText, size: number) {
  const scaled = 'let scaled = gradOutput[row + c] * weight[c];';
  return defineRowKernel({
    label: `${norm.name}.input-gradient.${size}`,
    size,
    storage: { x: 'f32', weight: 'f32', stats: 'f32', gradOutput: 'f32', gradInput: '&f32' },
    params: { accumulate: 'u32' },
    declarations: workgroupReduction('total', size, 'a + b', norm.sumType),
    body: `
      ${norm.statistics('workgroup')}
      var sums = ${norm.sumType}();
      ${eachOwnColumn(
        size,
        `${scaled}
        let product = ${norm.timesNormalized('scaled', 'x[row + c]')};
        sums += ${norm.term};`,
      )}
      let means = total(sums, localIndex) / f32(params.width);
      ${eachOwnColumn(
        size,
        `${scaled}
        let normalized = ${norm.normalized('x[row + c]')};
        var value = inverse * (scaled - ${norm.correction});
        if (params.accumulate != 0u) { value += gradInput[row + c]; }
        gradInput[row + c] = value;`,
      )}`,
  });
}

/** Sums over chunks of rows, one invocation for each chunk and column. */
function weightGradientKernel(norm: NormText) {
  return definePointwise({
    label: `${norm.name}.weight-gradient`,
    storage: { x: 'f32', stats: 'f32', gradOutput: 'f32', partial: '&f32' },
    params: { rows: 'u32', width: 'u32' },
    body: `
      let c = i % params.width;
      let start = i / params.width * ${ROWS_PER_CHUNK}u;
      var sum = 0.0;
      for (var r = start; r < min(start + ${ROWS_PER_CHUNK}u, params.rows); r++) {
        ${norm.statistics('r')}
        sum += ${norm.timesNormalized('gradOutput[r * params.width + c]', 'x[r * params.width + c]')};
      }
      partial[i] = sum;`,
  });
}
