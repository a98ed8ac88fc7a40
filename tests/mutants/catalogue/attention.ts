import { type Mutant, mutantsOf } from '../mutant.ts';

const KERNELS = 'packages/gpu-kernels/src/kernels';
const ATTENTION_TEST = `${KERNELS}/attention/attention.test.ts`;

const SUBGROUPS_TEST = `${KERNELS}/attention/subgroups.test.ts`;
const STAGED_TEST = `${KERNELS}/attention/staged.structure.test.ts`;

/** Attention forward and backward, and its scores. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf({ file: `${KERNELS}/attention/register-forward.ts`, tests: [ATTENTION_TEST] }, [
    {
      id: 'attention-key-stride',
      kind: 'wrong stride',
      find: 'let columnAt${c} = (min(key${c}, ${last}) * params.kvHeads + kvHead) * params.headElements;',
      replace: 'let columnAt${c} = (min(key${c}, ${last}) * params.heads + kvHead) * params.headElements;',
    },
    {
      id: 'attention-query-stride',
      kind: 'wrong stride',
      find: 'let rowAt${r} = (row${r} * params.heads + head) * params.headElements;',
      replace: 'let rowAt${r} = (row${r} * params.kvHeads + head) * params.headElements;',
    },
    {
      id: 'attention-head-mapping',
      kind: 'wrong head mapping',
      find: 'let kvHead = head / params.queriesPerKeyValueHead;',
      replace: 'let kvHead = head % params.kvHeads;',
    },
    {
      id: 'attention-causal-mask',
      kind: 'off-by-one mask',
      find: 'visible: (r, key) => `(${key} <= row${r})',
      replace: 'visible: (r, key) => `(${key} < row${r})',
    },
    {
      id: 'attention-window',
      kind: 'off-by-one mask',
      find: '(row${r} - ${key} < params.window)',
      replace: '(row${r} - ${key} <= params.window)',
    },
    {
      id: 'attention-prefix-window',
      kind: 'off-by-one mask',
      find: '(position${r} - ${key} < params.window)',
      replace: '(position${r} - ${key} <= params.window)',
    },
    {
      id: 'attention-prefix-position',
      kind: 'position offset',
      find: 'let position${r} = params.prefixLength + row${r} - block.z;',
      replace: 'let position${r} = row${r} - block.z;',
    },
    {
      id: 'attention-prefix-last-key',
      kind: 'off-by-one mask',
      find: 'let lastPrefixKey = params.prefixLength - 1u;',
      // Without an underflow, which is a loop of minutes.
      replace: 'let lastPrefixKey = max(params.prefixLength, 2u) - 2u;',
    },
    {
      id: 'attention-scale',
      kind: 'missing scale',
      find: 'select(MASKED, params.scale * s${r}_${c},',
      replace: 'select(MASKED, s${r}_${c},',
    },
    {
      id: 'attention-decay-of-total',
      kind: 'running softmax',
      find: 'total${r} = total${r} * decay${r} +',
      replace: 'total${r} = total${r} +',
    },
    {
      id: 'attention-log-sum-exp-stride',
      kind: 'wrong stride',
      find: 'logSumExp[row${r} * params.heads + head]',
      replace: 'logSumExp[row${r} * params.kvHeads + head]',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/attention/tile.ts`, tests: [ATTENTION_TEST] }, [
    {
      id: 'attention-dot-product-lane',
      kind: 'wrong operand',
      find: "['.x', '.y', '.z', '.w']",
      replace: "['.x', '.y', '.z']",
    },
    {
      id: 'attention-first-key-of-window',
      kind: 'off-by-one mask',
      find: "'select(block.z, block.x + 1u - params.window,",
      replace: "'select(block.z, block.x + 2u - params.window,",
    },
    {
      id: 'attention-rows-past-block',
      kind: 'tail written',
      find: 'if (${r}u < block.y) {',
      replace: 'if (${r}u <= block.y) {',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/attention/packed-sequences.ts`, tests: [ATTENTION_TEST] }, [
    {
      id: 'packing-blocks-across-sequences',
      kind: 'off-by-one mask',
      find: 'table.push(start + row, Math.min(rows, length - row), start,',
      replace: 'table.push(start + row, Math.min(rows, length - row), 0,',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/attention/register-backward.ts`, tests: [ATTENTION_TEST] }, [
    {
      id: 'attention-gradient-of-first-query-head',
      kind: 'wrong head mapping',
      find: 'head < firstHead + params.queriesPerKeyValueHead; head++',
      replace: 'head < firstHead + 1u; head++',
    },
    {
      id: 'attention-gradient-first-head',
      kind: 'wrong head mapping',
      find: 'let firstHead = kvHead * params.queriesPerKeyValueHead;',
      replace: 'let firstHead = kvHead;',
    },
    {
      id: 'attention-gradient-causal',
      kind: 'off-by-one mask',
      find: '(query${c} >= row${r})',
      replace: '(query${c} > row${r})',
    },
    {
      id: 'attention-gradient-window',
      kind: 'off-by-one mask',
      find: '(query${c} - row${r} < params.window)',
      replace: '(query${c} - row${r} <= params.window)',
    },
    {
      id: 'attention-gradient-query-mask',
      kind: 'off-by-one mask',
      find: 'visible: (r, c) => `(key${c} <= row${r})',
      replace: 'visible: (r, c) => `(key${c} < row${r})',
    },
    {
      id: 'attention-gradient-query-end',
      kind: 'off-by-one mask',
      find: 'select(block.w, lastKey + params.window,',
      replace: 'select(block.w, block.x + params.window,',
    },
    {
      id: 'attention-gradient-scale',
      kind: 'missing scale',
      find: '`s${r}_${c} = params.scale * p${r}_${c} *',
      replace: '`s${r}_${c} = p${r}_${c} *',
    },
    {
      id: 'attention-gradient-softmax-term',
      kind: 'gradient term dropped',
      find: '(d${r}_${c} - ${statistics(r, c)}.y)',
      replace: '(d${r}_${c})',
    },
    {
      id: 'attention-gradient-column-stride',
      kind: 'wrong stride',
      find: 'let column${c} = min(query${c}, block.w - 1u) * params.heads + head;',
      replace: 'let column${c} = min(query${c}, block.w - 1u) * params.kvHeads + head;',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/attention/subgroup-forward.ts`, tests: [SUBGROUPS_TEST] }, [
    {
      id: 'subgroup-attention-prefix-end',
      kind: 'off-by-one mask',
      find: '(${keys} < vec4<u32>(params.prefixLength))',
      replace: '(${keys} <= vec4<u32>(params.prefixLength))',
    },
    {
      id: 'subgroup-attention-weight-of-prefix',
      kind: 'running softmax',
      find: 'let total = ofPrefix + own * total0;',
      replace: 'let total = ofPrefix + total0;',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/attention/subgroup-weights.ts`, tests: [SUBGROUPS_TEST] }, [
    {
      id: 'subgroup-attention-gradient-softmax-term',
      kind: 'gradient term dropped',
      find: "(d${r} - ${ofRow(variant, 'mean', r)});",
      replace: 'd${r};',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/quad.ts`, tests: [SUBGROUPS_TEST], adapter: 'swiftshader' }, [
    {
      id: 'quad-attention-turns-exchanged',
      kind: 'wrong operand',
      find: "'quadSwapX', 'quadSwapY'",
      replace: "'quadSwapY', 'quadSwapX'",
    },
  ]),
  ...mutantsOf(
    { file: `${KERNELS}/attention/quad-forward.ts`, tests: [SUBGROUPS_TEST], adapter: 'swiftshader' },
    [
      {
        id: 'quad-attention-prefix-window',
        kind: 'off-by-one mask',
        find: '(params.prefixLength + row${g} - block.z - ${column} < params.window)',
        replace: '(params.prefixLength + row${g} - block.z - ${column} <= params.window)',
      },
    ],
  ),
  ...mutantsOf(
    { file: `${KERNELS}/attention/quad-backward.ts`, tests: [SUBGROUPS_TEST], adapter: 'swiftshader' },
    [
      {
        id: 'quad-attention-last-query',
        kind: 'off-by-one mask',
        find: '& (column${x} < block.w) &',
        replace: '&',
      },
    ],
  ),
  ...mutantsOf({ file: `${KERNELS}/attention/subgroup-sums.ts`, tests: [SUBGROUPS_TEST] }, [
    {
      id: 'subgroup-attention-strip-forgotten',
      kind: 'sum not carried on',
      find: 'if (block.x < params.stripStart) {',
      replace: 'if (false) {',
    },
    {
      id: 'subgroup-attention-first-head-alone',
      kind: 'wrong head mapping',
      find: 'let endHead = firstHead + params.queriesPerKeyValueHead;',
      replace: 'let endHead = firstHead + 1u;',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/attention/staged-forward.ts`, tests: [STAGED_TEST] }, [
    {
      id: 'staged-attention-prefix-end',
      kind: 'off-by-one mask',
      find: '(vec4<u32>(${key}) < vec4<u32>(params.prefixLength))',
      replace: '(vec4<u32>(${key}) <= vec4<u32>(params.prefixLength))',
    },
    {
      id: 'staged-attention-old-maximum',
      kind: 'running softmax',
      find: 'let decay = exp(maximum - most);',
      replace: 'let decay = exp(most - most);',
    },
    {
      id: 'staged-attention-maxima-overwritten',
      kind: 'race',
      find: '// The maxima have been read.\n      workgroupBarrier();',
      replace: '',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/attention/staged-backward.ts`, tests: [STAGED_TEST] }, [
    {
      id: 'staged-attention-first-head-alone',
      kind: 'wrong head mapping',
      find: 'let first = turn == 0u && key == row;',
      replace: 'let first = key == row;',
    },
    {
      id: 'staged-attention-gradient-softmax-term',
      kind: 'gradient term dropped',
      find: '(d${name} - mean);',
      replace: 'd${name};',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/attention/scores.ts`, tests: [ATTENTION_TEST] }, [
    {
      id: 'scores-head-mapping',
      kind: 'wrong head mapping',
      find: 'head / params.queriesPerKeyValueHead',
      replace: 'head % params.kvHeads',
    },
    { id: 'scores-scale', kind: 'missing scale', find: '= sum * params.scale;', replace: '= sum;' },
    {
      id: 'scores-first-key',
      kind: 'off-by-one mask',
      find: '((task.y + j) * params.kvHeads',
      replace: '(j * params.kvHeads',
    },
    {
      id: 'scores-head-stride',
      kind: 'wrong stride',
      find: 'let queryAt = (task.x * params.heads + head)',
      replace: 'let queryAt = (task.x * params.kvHeads + head)',
    },
    {
      id: 'scores-key-count',
      kind: 'off-by-one mask',
      find: 'const keys = row - firstKey + 1;',
      replace: 'const keys = row - firstKey;',
    },
  ]),
  ...mutantsOf(
    { file: `${KERNELS}/attention/shape.ts`, tests: [`${KERNELS}/attention/seen-pairs.test.ts`] },
    [
      {
        id: 'seen-pairs-window',
        kind: 'off-by-one mask',
        find: 'Math.min(i + 1, window)',
        replace: 'Math.min(i, window)',
      },
    ],
  ),
];
