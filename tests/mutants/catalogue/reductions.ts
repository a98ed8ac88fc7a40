import { type Mutant, mutantsOf } from '../mutant.ts';

const KERNELS = 'packages/gpu-kernels/src/kernels';
const REDUCTION_TEST = `${KERNELS}/reduction/reduction.test.ts`;
const GROUPED_TEST = `${KERNELS}/grouped.property.test.ts`;
const CROSS_ENTROPY_TEST = `${KERNELS}/cross-entropy/cross-entropy.test.ts`;
const ROWS_TEST = `${KERNELS}/rows.property.test.ts`;
const LAYER_NORM_TEST = `${KERNELS}/row-norm/layer-norm.test.ts`;

/** Kernels that reduce rows or columns: sums, norms, the cross-entropy. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf(
    { file: `${KERNELS}/row-kernel.ts`, tests: [REDUCTION_TEST, LAYER_NORM_TEST, CROSS_ENTROPY_TEST] },
    [
      {
        id: 'reduction-barrier-before-tree',
        kind: 'missing barrier',
        find: '${name}Partial[localIndex] = value;\n      workgroupBarrier();',
        replace: '${name}Partial[localIndex] = value;',
      },
      {
        id: 'reduction-barrier-in-tree',
        kind: 'missing barrier',
        find: '        }\n        workgroupBarrier();',
        replace: '        }',
      },
      {
        id: 'reduction-tree-stops-early',
        kind: 'reduction step dropped',
        find: 'stride > 0u',
        replace: 'stride > 1u',
      },
      {
        id: 'row-guard',
        kind: 'bounds check dropped',
        find: '      if (workgroup >= params.rows) { return; }\n',
        replace: '',
      },
    ],
  ),
  ...mutantsOf(
    { file: `${KERNELS}/row-kernel.ts`, tests: [REDUCTION_TEST, ROWS_TEST], adapter: 'swiftshader' },
    [
      {
        id: 'reduction-barrier-after-result',
        kind: 'missing barrier',
        find: 'let result = ${name}Partial[0];\n      workgroupBarrier();',
        replace: 'let result = ${name}Partial[0];',
      },
    ],
  ),
  ...mutantsOf(
    { file: `${KERNELS}/cross-entropy/cross-entropy.ts`, tests: [CROSS_ENTROPY_TEST, ROWS_TEST] },
    [
      {
        id: 'row-last-column',
        kind: 'tail dropped',
        find: '${column} < params.width);`',
        replace: '${column} + 1u < params.width);`',
      },
    ],
  ),
  ...mutantsOf({ file: `${KERNELS}/reduction/reduction.ts`, tests: [REDUCTION_TEST] }, [
    {
      id: 'sum-chunk-tail',
      kind: 'tail dropped',
      find: 'chunks: Math.ceil((end - start) / chunk)',
      replace: 'chunks: Math.max(1, Math.floor((end - start) / chunk))',
    },
    {
      id: 'sum-squares-twice',
      kind: 'wrong operand',
      find: "{ ...reduction, term: 'x', x: partial,",
      replace: '{ ...reduction, x: partial,',
    },
    {
      id: 'sum-scaled-in-each-stage',
      kind: 'wrong scale',
      find: 'outOffset, scale: 1, accumulate: 0',
      replace: 'outOffset, scale, accumulate: 0',
    },
    {
      id: 'sum-accumulate-ignored',
      kind: 'accumulate ignored',
      find: 'scale, accumulate: Number(accumulate) };',
      replace: 'scale, accumulate: 0 };',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/reduction/l2-norm.ts`, tests: [REDUCTION_TEST, ROWS_TEST] }, [
    {
      id: 'norm-of-last-tensors',
      kind: 'accumulate ignored',
      find: 'accumulate: Number(i > 0), root',
      replace: 'accumulate: 0, root',
    },
    {
      id: 'norm-of-first-tensor',
      kind: 'gradient term dropped',
      find: 'result += last;',
      replace: 'result = last;',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/row-norm/layout.ts`, tests: [LAYER_NORM_TEST, ROWS_TEST] }, [
    {
      id: 'norm-rows-share-their-sum',
      kind: 'wrong stride',
      find: 'let result = partial[localIndex / ${lanes}u * ${lanes}u];',
      replace: 'let result = partial[0];',
    },
    {
      id: 'norm-next-past-last-row',
      kind: 'bound left out',
      find: 'min(index + 1u, params.rows - 1u)',
      replace: 'index + 1u',
    },
    {
      id: 'norm-past-last-row',
      kind: 'bound left out',
      find: 'select(0u, width, index < params.rows)',
      replace: 'width',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/row-norm/summed.ts`, tests: [ROWS_TEST] }, [
    {
      id: 'norm-of-addend-alone',
      kind: 'wrong operand',
      find: "again: 'sum[row + c]'",
      replace: "again: 'addend[row + c]'",
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/reduction/column-sum.ts`, tests: [REDUCTION_TEST] }, [
    {
      id: 'column-sum-tail',
      kind: 'tail dropped',
      find: 'const chunks = Math.ceil(rows / ROWS_PER_CHUNK);',
      replace: 'const chunks = Math.floor(rows / ROWS_PER_CHUNK);',
    },
    {
      id: 'column-sum-second-stage',
      kind: 'tail dropped',
      find: 'rowsPerChunk: chunks, outOffset: 0',
      replace: 'rowsPerChunk: ROWS_PER_CHUNK, outOffset: 0',
    },
    {
      id: 'column-sum-window-offset',
      kind: 'slices',
      find: 'const outOffset = (start / ROWS_PER_CHUNK) * columns;',
      replace: 'const outOffset = 0;',
    },
    {
      id: 'column-sum-stride',
      kind: 'wrong stride',
      find: 'x[r * params.columns + c]',
      replace: 'x[r * params.rowsPerChunk + c]',
    },
    {
      id: 'column-sum-accumulate-ignored',
      kind: 'accumulate ignored',
      find: 'if (params.accumulate != 0u) { sum += out[params.outOffset + i]; }',
      replace: '',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/row-norm/layer-norm.ts`, tests: [LAYER_NORM_TEST] }, [
    {
      id: 'layer-norm-bias',
      kind: 'dropped bias',
      find: '* inverse * factor + shift;',
      replace: '* inverse * factor;',
    },
    {
      id: 'layer-norm-epsilon',
      kind: 'dropped epsilon',
      find: '/ f32(params.width) + params.epsilon)',
      replace: '/ f32(params.width))',
    },
    {
      id: 'layer-norm-unbiased-variance',
      kind: 'wrong divisor',
      find: `\${totals('squares')} / f32(params.width) +`,
      replace: `\${totals('squares')} / f32(params.width - 1u) +`,
    },
    {
      id: 'layer-norm-gradient-mean',
      kind: 'gradient term dropped',
      find: "correction: 'means.x - normalized * means.y'",
      replace: "correction: 'normalized * means.y'",
    },
    {
      id: 'layer-norm-bias-gradient-overwritten',
      kind: 'accumulate ignored',
      find: 'out: gradBias, accumulate: true',
      replace: 'out: gradBias, accumulate: false',
    },
    {
      id: 'layer-norm-stats-order',
      kind: 'wrong stride',
      find: 'stats[2u * index + 1u] = inverse;',
      replace: 'stats[index + 1u] = inverse;',
    },
  ]),
  ...mutantsOf(
    {
      file: `${KERNELS}/row-norm/gradients.ts`,
      tests: [LAYER_NORM_TEST, `${KERNELS}/row-norm/rms-norm.test.ts`],
    },
    [
      {
        id: 'norm-gradient-accumulate-ignored',
        kind: 'accumulate ignored',
        find: 'if (params.accumulate != 0u) { value += gradInput[row + c]; }',
        replace: '',
      },
      {
        id: 'norm-weight-gradient-overwritten',
        kind: 'accumulate ignored',
        find: 'out: gradWeight, accumulate: true',
        replace: 'out: gradWeight, accumulate: false',
      },
      {
        id: 'norm-weight-gradient-tail',
        kind: 'tail dropped',
        find: 'const chunks = Math.ceil(rows / ROWS_PER_CHUNK);',
        replace: 'const chunks = Math.max(1, Math.floor(rows / ROWS_PER_CHUNK));',
      },
      {
        id: 'norm-weight-left-out-of-gradient',
        kind: 'wrong operand',
        find: "const SCALED = 'let scaled = gradOutput[row + c] * factor;';",
        replace: "const SCALED = 'let scaled = gradOutput[row + c];';",
      },
    ],
  ),
  ...mutantsOf({ file: `${KERNELS}/row-norm/rms-norm.ts`, tests: [`${KERNELS}/row-norm/rms-norm.test.ts`] }, [
    {
      id: 'rms-norm-epsilon',
      kind: 'dropped epsilon',
      find: '/ f32(params.width) + params.epsilon)',
      replace: '/ f32(params.width))',
    },
    {
      id: 'rms-norm-correction',
      kind: 'gradient term dropped',
      find: "correction: 'normalized * means'",
      replace: "correction: 'means'",
    },
  ]),
  ...mutantsOf(
    {
      file: `${KERNELS}/cross-entropy/cross-entropy.ts`,
      tests: [CROSS_ENTROPY_TEST, `${KERNELS}/rows.property.test.ts`],
    },
    [
      {
        id: 'log-sum-exp-maximum',
        kind: 'reduction step dropped',
        find: 'let largestOfAll = largest(most, localIndex);',
        replace: 'let largestOfAll = most;',
      },
      {
        id: 'cross-entropy-target-offset',
        kind: 'wrong operand',
        find: 'targets[params.targetOffset + row]',
        replace: 'targets[row]',
      },
      {
        id: 'cross-entropy-scale',
        kind: 'factor dropped',
        find: "...gradientOf('params.scale'),",
        replace: "...gradientOf('1.0'),",
      },
      {
        id: 'log-prob-row',
        kind: 'wrong stride',
        find: '- logSumExp[row[i]];',
        replace: '- logSumExp[i];',
      },
      {
        id: 'log-sum-exp-block-tail',
        kind: 'tail dropped',
        find: 'c < min(start + ${BLOCK * RUN * size}u, params.width)',
        replace: 'c < min(start + ${BLOCK * (RUN - 1) * size}u, params.width)',
      },
    ],
  ),
  ...mutantsOf({ file: `${KERNELS}/cross-entropy/lone-log-sum-exp.ts`, tests: [CROSS_ENTROPY_TEST] }, [
    {
      id: 'lone-log-sum-exp-decay',
      kind: 'factor dropped',
      find: 'run = run * decay + ((exp',
      replace: 'run = run + ((exp',
    },
    {
      id: 'lone-log-sum-exp-runs',
      kind: 'tail dropped',
      find: 'for (; c < stop; c++) {',
      replace: 'for (; c + 1u < stop; c++) {',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/top-k/top-k.ts`, tests: [`${KERNELS}/top-k/top-k.test.ts`] }, [
    {
      id: 'top-k-ties',
      kind: 'comparison turned',
      find: '(a.value == b.value && a.column < b.column)',
      replace: '(a.value == b.value && a.column > b.column)',
    },
    {
      id: 'top-k-left-of-pile',
      kind: 'condition dropped',
      find: 'if (isAhead(taken, other) && isAhead(other, next))',
      replace: 'if (isAhead(other, next))',
    },
    {
      id: 'top-k-row',
      kind: 'wrong stride',
      find: 'let normalizer = logSumExp[row[workgroup]];',
      replace: 'let normalizer = logSumExp[workgroup];',
    },
    {
      id: 'top-k-out-offset',
      kind: 'offset dropped',
      find: 'let out = (params.outOffset + workgroup) * params.count;',
      replace: 'let out = workgroup * params.count;',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/top-k/lone-top-k.ts`, tests: [`${KERNELS}/top-k/top-k.test.ts`] }, [
    {
      id: 'lone-top-k-ties-of-piles',
      kind: 'condition dropped',
      find: '(value > best) | ((value == best) & (column < taken))',
      replace: '(value > best)',
    },
    {
      id: 'lone-top-k-ties-of-what-is-left',
      kind: 'condition dropped',
      find: '(other < best) | ((other == best) & (c > taken))',
      replace: '(other < best)',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/reduction/grouped.ts`, tests: [GROUPED_TEST] }, [
    {
      id: 'grouped-column-sum-chunks',
      kind: 'order of summation',
      find: 'for (var start = group.x; start < group.y; start += ${ROWS_PER_CHUNK}u) {',
      replace: 'for (var start = group.x; start < group.y; start += ${2 * ROWS_PER_CHUNK}u) {',
    },
    {
      id: 'grouped-sum-stride',
      kind: 'wrong stride',
      find: 'out[params.outIndex + workgroup * params.outStride]',
      replace: 'out[params.outIndex + workgroup]',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/reduction/squares.ts`, tests: [GROUPED_TEST] }, [
    {
      id: 'l2-norm-of-first-group',
      kind: 'wrong stride',
      find: '[group * params.length${g} + i]',
      replace: '[i]',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/reduction/lone-norm.ts`, tests: [ROWS_TEST, GROUPED_TEST] }, [
    {
      id: 'lone-norm-of-first-group',
      kind: 'wrong stride',
      find: 'let base = group * params.length${g};',
      replace: 'let base = 0u;',
    },
    {
      id: 'grouped-step-of-first-rate',
      kind: 'wrong stride',
      find: 'learningRates[select(0u, group, isOwn)]',
      replace: 'learningRates[0u]',
    },
    {
      id: 'grouped-step-of-whole-turns',
      kind: 'tail dropped',
      find: 'parameter${g}[(base + i) >> 2u] += rate * low;',
      replace: '',
    },
    {
      id: 'lone-norm-order',
      kind: 'order of summation',
      find: 'let quarter = half.xy + half.zw;',
      replace: 'let quarter = half.xz + half.yw;',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/optimizer/optimizer.ts`, tests: [GROUPED_TEST] }, [
    {
      id: 'grouped-step-vectors-of-two-groups',
      kind: 'wrong stride',
      find: '(parameter.length / groups) % 4 === 0',
      replace: 'parameter.length % 4 === 0',
    },
  ]),
];
