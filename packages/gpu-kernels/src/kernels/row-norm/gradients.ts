import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { ProductParts } from '../matmul/product-parts.ts';
import { definePointwise, pointwiseGrid } from '../pointwise.ts';
import { columnInvocations, columnSum, columnWidths, isColumnsWide } from '../reduction/column-sum.ts';
import {
  type RowLayout,
  type RowText,
  type Sums,
  defineNormKernel,
  elementOf,
  rowGrid,
  rowLayout,
  rowLayouts,
} from './layout.ts';
import { PARTS_PARAMS, addedUp, partsParams } from '../matmul/parts-text.ts';

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
  /** What is summed over a row: `scaled`, gradOutput times weight, and `product`, that times the normalized element. */
  readonly sums: Sums;
  /** What is subtracted from `scaled` for an input's gradient, by `means` of the sums and `normalized`. */
  readonly correction: string;
}

interface GradientArguments {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly stats: Tensor;
  readonly gradOutput: Tensor | ProductParts;
  readonly gradInput?: Tensor;
  readonly accumulate?: boolean;
  readonly gradResidual?: Tensor;
  readonly gradWeight?: Tensor;
}

/** What layer norm and RMS norm share: gradients with respect to input and weight. */
export class RowNormGradients {
  readonly #norm: NormText;
  readonly #inputKernel: (layout: RowLayout) => ReturnType<typeof inputGradientKernel>;
  readonly #residualKernel: (layout: RowLayout) => ReturnType<typeof residualGradientKernel>;
  readonly #partsKernel: (layout: RowLayout) => ReturnType<typeof partsGradientKernel>;
  readonly #weightKernel: (wide: boolean) => ReturnType<typeof weightGradientKernel>;

  constructor(norm: NormText) {
    this.#norm = norm;
    this.#inputKernel = memoizeKernel((layout: RowLayout) => inputGradientKernel(norm, layout));
    this.#residualKernel = memoizeKernel((layout: RowLayout) => residualGradientKernel(norm, layout));
    this.#partsKernel = memoizeKernel((layout: RowLayout) => partsGradientKernel(norm, layout));
    this.#weightKernel = memoizeKernel((wide: boolean) => weightGradientKernel(norm, wide));
  }

  kernels(tuning: Tuning): Kernel[] {
    const layouts = rowLayouts(tuning);
    return [
      ...layouts.flatMap((layout) => [this.#inputKernel(layout), this.#residualKernel(layout)]),
      ...(tuning.matmul.strategy === 'tiled' ? layouts.map(this.#partsKernel) : []),
      ...columnWidths(tuning).map(this.#weightKernel),
    ];
  }

  /**
   * Records those gradients that there are tensors for; the weight's is added to.
   * @throws RangeError for sizes that do not agree
   */
  record(gpu: Gpu, op: string, args: GradientArguments): void {
    const { x, weight, stats, gradOutput, gradInput, gradResidual, gradWeight } = args;
    const { rows, width } = normShape(op, {
      x,
      weight,
      stats,
      statisticsPerRow: this.#norm.statisticsPerRow,
    });
    for (const tensor of [gradOutput, gradInput, gradResidual])
      if (tensor && tensor.length !== x.length)
        throw new RangeError(`${op}: ${tensor.label} does not match ${x.label}`);
    const layout = rowLayout(gpu.tuning, width);
    if (gradOutput instanceof ProductParts) {
      if (!gradInput || !gradResidual || gradWeight || args.accumulate)
        throw new RangeError(
          `${op}: of a gradient in parts, ${gradOutput.label}, what is before the norm has a gradient alone, with gradResidual`,
        );
      gpu.dispatch(
        this.#partsKernel(layout),
        { x, weight, stats, parts: gradOutput.tensor, gradResidual, gradInput },
        { rows, width, ...partsParams(gradOutput, layout) },
        rowGrid(layout, rows),
      );
      return;
    }
    if (gradInput) {
      const storage = { x, weight, stats, gradOutput, gradInput };
      const params = { rows, width, accumulate: Number(args.accumulate === true) };
      const workgroups = rowGrid(layout, rows);
      if (gradResidual)
        gpu.dispatch(this.#residualKernel(layout), { ...storage, gradResidual }, params, workgroups);
      else gpu.dispatch(this.#inputKernel(layout), storage, params, workgroups);
    }
    if (gradWeight) {
      using scope = gpu.scope();
      const chunks = Math.ceil(rows / ROWS_PER_CHUNK);
      const partial = scope.tensor([chunks, width], `${this.#norm.name}.weight-partial`);
      const wide = isColumnsWide(gpu.tuning, [{ rows, columns: width }]);
      const columns = wide ? width / 4 : width;
      const count = chunks * columns;
      gpu.dispatch(
        this.#weightKernel(wide),
        { x, stats, gradOutput, partial },
        { count, rows, width: columns },
        pointwiseGrid(count, columnInvocations(wide)),
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

function inputGradientKernel(norm: NormText, layout: RowLayout) {
  return defineNormKernel({
    name: `${norm.name}.input-gradient`,
    layout,
    sums: norm.sums.length,
    storage: ({ element }) => ({
      x: element,
      weight: element,
      stats: 'f32',
      gradOutput: element,
      gradInput: `&${element}`,
    }),
    params: { accumulate: 'u32' },
    body: inputGradientBody(norm, ''),
  });
}

/** With a gradient that reaches the input past the norm. */
function residualGradientKernel(norm: NormText, layout: RowLayout) {
  return defineNormKernel({
    name: `${norm.name}.input-gradient.residual`,
    layout,
    sums: norm.sums.length,
    storage: ({ element }) => ({
      x: element,
      weight: element,
      stats: 'f32',
      gradOutput: element,
      gradResidual: element,
      gradInput: `&${element}`,
    }),
    params: { accumulate: 'u32' },
    body: inputGradientBody(norm, RESIDUAL),
  });
}

/** The same where the gradient is a product in parts: the sum waits in `gradInput` until what takes its place is known. */
function partsGradientKernel(norm: NormText, layout: RowLayout) {
  return defineNormKernel({
    name: `${norm.name}.input-gradient.residual.parts`,
    layout,
    sums: norm.sums.length,
    storage: ({ element }) => ({
      x: element,
      weight: element,
      stats: 'f32',
      parts: element,
      gradResidual: element,
      gradInput: `&${element}`,
    }),
    params: PARTS_PARAMS,
    declarations: addedUp(elementOf(layout)),
    body: inputGradientBody(norm, RESIDUAL, {
      first: `let upstream = addedUp(row + c);
        gradInput[row + c] = upstream;
        let scaled = upstream * factor;`,
      again: 'let scaled = gradInput[row + c] * factor;',
      accumulate: '',
    }),
  });
}

const RESIDUAL = 'value += gradResidual[row + c];';

const SCALED = 'let scaled = gradOutput[row + c] * factor;';

/** @param gradient WGSL: declares `scaled`, the first time and later, and adds what gradInput was */
function inputGradientBody(
  norm: NormText,
  added: string,
  gradient = {
    first: SCALED,
    again: SCALED,
    accumulate: 'if (params.accumulate != 0u) { value += gradInput[row + c]; }',
  },
): (text: RowText) => string {
  const ofColumn = 'let factor = weight[c];';
  return ({ element, each, totals }) => `
      ${norm.statistics('min(index, params.rows - 1u)')}
      ${norm.sums.map((name) => `var ${name}Sum = ${element}();`).join('\n')}
      ${each(
        `${gradient.first}
        let product = ${norm.timesNormalized('scaled', 'x[row + c]')};
        ${norm.sums.map((name) => `${name}Sum += ${name};`).join('\n')}`,
        { ofColumn },
      )}
      let means = ${totals(...(norm.sums.map((name) => `${name}Sum`) as [string]))} / f32(params.width);
      ${each(
        `${gradient.again}
        let normalized = ${norm.normalized('x[row + c]')};
        var value = inverse * (scaled - ${norm.correction});
        ${added}
        ${gradient.accumulate}`,
        { ofColumn, write: 'gradInput[row + c] = value;' },
      )}`;
}

/** Sums over chunks of rows, one invocation for each chunk and column, or four columns. */
function weightGradientKernel(norm: NormText, wide: boolean) {
  const element = wide ? 'vec4<f32>' : 'f32';
  return definePointwise({
    label: `${norm.name}.weight-gradient${wide ? '.vec4' : ''}`,
    invocations: columnInvocations(wide),
    storage: { x: element, stats: 'f32', gradOutput: element, partial: `&${element}` },
    params: { rows: 'u32', width: 'u32' },
    body: `
      let c = i % params.width;
      let start = i / params.width * ${ROWS_PER_CHUNK}u;
      var sum = ${element}();
      for (var r = start; r < min(start + ${ROWS_PER_CHUNK}u, params.rows); r++) {
        ${norm.statistics('r')}
        sum += ${norm.timesNormalized('gradOutput[r * params.width + c]', 'x[r * params.width + c]')};
      }
      partial[i] = sum;`,
  });
}
