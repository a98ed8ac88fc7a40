import { type Mutant, mutantsOf } from '../mutant.ts';

const KERNELS = 'packages/gpu-kernels/src/kernels';
const RUNTIME = 'packages/gpu-kernels/src/runtime';
const REDUCTION_TEST = `${KERNELS}/reduction/reduction.test.ts`;
const LAYER_NORM_TEST = `${KERNELS}/row-norm/layer-norm.test.ts`;
const ATTENTION_TEST = `${KERNELS}/attention/attention.test.ts`;
const MATMUL_TESTS = [`${KERNELS}/matmul/matmul.test.ts`];

/** Kernels and what dispatches them. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf({ file: `${KERNELS}/row-kernel.ts`, tests: [REDUCTION_TEST, LAYER_NORM_TEST] }, [
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
      id: 'reduction-barrier-after-result',
      kind: 'missing barrier',
      find: 'let result = ${name}Partial[0];\n      workgroupBarrier();',
      replace: 'let result = ${name}Partial[0];',
    },
    {
      id: 'reduction-tree-stops-early',
      kind: 'reduction step dropped',
      find: 'stride > 0u',
      replace: 'stride > 1u',
    },
    {
      id: 'row-last-column',
      kind: 'tail dropped',
      find: 'c < params.width',
      replace: 'c + 1u < params.width',
    },
  ]),
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
    {
      id: 'norm-of-last-tensor',
      kind: 'accumulate ignored',
      find: 'accumulate: i > 0 })',
      replace: 'accumulate: false })',
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
      find: '* inverse * weight[c] + bias[c];',
      replace: '* inverse * weight[c];',
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
      find: 'total(squares, localIndex) / f32(params.width)',
      replace: 'total(squares, localIndex) / f32(params.width - 1u)',
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
      find: 'stats[2u * workgroup + 1u] = inverse;',
      replace: 'stats[workgroup + 1u] = inverse;',
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
        find: "const scaled = 'let scaled = gradOutput[row + c] * weight[c];';",
        replace: "const scaled = 'let scaled = gradOutput[row + c];';",
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
  ...mutantsOf({ file: `${KERNELS}/attention/forward.ts`, tests: [ATTENTION_TEST] }, [
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
      replace: 'let lastPrefixKey = params.prefixLength - 2u;',
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
      find: 'rows.push(start + row, Math.min(TILE_ROWS, length - row), start,',
      replace: 'rows.push(start + row, Math.min(TILE_ROWS, length - row), 0,',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/attention/backward.ts`, tests: [ATTENTION_TEST] }, [
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
  ...mutantsOf({ file: `${KERNELS}/matmul/shared-tiled.ts`, tests: MATMUL_TESTS }, [
    {
      id: 'matmul-shared-barrier-before',
      kind: 'missing barrier',
      find: '${stageSlab(slabOfB, invocations)}\n        workgroupBarrier();',
      replace: '${stageSlab(slabOfB, invocations)}',
    },
    {
      id: 'matmul-shared-barrier-after',
      kind: 'missing barrier',
      find: '          }\n        }\n        workgroupBarrier();',
      replace: '          }\n        }',
    },
    {
      id: 'matmul-shared-b-tile-stride',
      kind: 'wrong stride',
      find: 'bTile[k * ${tileN}u + j * ${width}u + local.x]',
      replace: 'bTile[k * ${tileN}u + j * ${columns}u + local.x]',
    },
    {
      id: 'matmul-shared-k-tail',
      kind: 'tail dropped',
      find: 'let inside = k < params.k && at < ${end};',
      replace: 'let inside = at < ${end};',
    },
    {
      id: 'matmul-shared-transposed-b',
      kind: 'transposed operand',
      find: 'rowsAlongK: !transposeB }',
      replace: 'rowsAlongK: transposeB }',
    },
    {
      id: 'matmul-shared-bias-offset',
      kind: 'slices',
      find: 'bias[params.biasOffset + n]',
      replace: 'bias[n]',
    },
    {
      id: 'matmul-shared-accumulate',
      kind: 'accumulate ignored',
      find: 'if (params.accumulate != 0u) { value += c[at]; }',
      replace: '',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/matmul/register-tiled.ts`, tests: MATMUL_TESTS }, [
    {
      id: 'matmul-register-c-stride',
      kind: 'wrong stride',
      find: 'params.cOffset + (m0 + r) * params.cStride + n0 + e',
      replace: 'params.cOffset + (m0 + r) * params.n + n0 + e',
    },
    {
      id: 'matmul-register-b-stride',
      kind: 'wrong stride',
      find: 'let bStep = params.bStride / 4u;',
      replace: 'let bStep = params.n / 4u;',
    },
    {
      id: 'matmul-register-row-clamp',
      kind: 'tail dropped',
      find: 'r < min(${rows}u, params.m - m0); r++',
      replace: 'r < min(${rows}u, params.m - m0 - 1u); r++',
    },
    {
      id: 'matmul-register-transposed-a',
      kind: 'transposed operand',
      find: "row${r}${transposeA ? '' : ' * params.aStride'}`",
      replace: "row${r}${transposeA ? ' * params.aStride' : ''}`",
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/matmul/subgroup-tiled.ts`, tests: MATMUL_TESTS }, [
    {
      id: 'matmul-subgroup-k-tail',
      kind: 'tail dropped',
      find: 'if (whole < params.k) {',
      replace: 'if (whole > params.k) {',
    },
    {
      id: 'matmul-subgroup-broadcast-lane',
      kind: 'subgroup broadcast',
      find: '${load % subgroupSize}u)`;',
      replace: '0u)`;',
    },
    {
      id: 'matmul-subgroup-scalar-c-columns',
      kind: 'wrong stride',
      find: 'let n = n0 + (e / 4u * ${subgroupSize}u + lane) * 4u + e % 4u;',
      replace: 'let n = n0 + lane * ${columns}u + e;',
    },
    {
      id: 'matmul-subgroup-bias-offset',
      kind: 'slices',
      find: 'let first = params.biasOffset + n;',
      replace: 'let first = n;',
    },
    {
      id: 'matmul-subgroup-a-stride',
      kind: 'wrong stride',
      find: "step: 'k * aStep',",
      replace: "step: 'k * (params.m / 4u)',",
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/matmul/variant.ts`, tests: MATMUL_TESTS }, [
    {
      id: 'half-words-swapped',
      kind: 'float16 halves swapped',
      find: 'unpack2x16float(b[at / 2u])[at % 2u]',
      replace: 'unpack2x16float(b[at / 2u])[1u - at % 2u]',
    },
    {
      id: 'half-vectors-swapped',
      kind: 'float16 halves swapped',
      find: 'vec4<f32>(unpack2x16float(words.x), unpack2x16float(words.y))',
      replace: 'vec4<f32>(unpack2x16float(words.y), unpack2x16float(words.x))',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/matmul/matmul.ts`, tests: MATMUL_TESTS }, [
    {
      id: 'matmul-bias-in-every-run',
      kind: 'slices',
      find: '...(first ? task : rest),',
      replace: '...task,',
    },
    {
      id: 'matmul-slices-overwrite',
      kind: 'slices',
      find: 'accumulate: !first || task.accumulate,',
      replace: 'accumulate: task.accumulate,',
    },
    {
      id: 'matmul-slice-bias-offset',
      kind: 'slices',
      find: 'biasOffset: task.biasOffset + start,',
      replace: 'biasOffset: task.biasOffset,',
    },
    {
      id: 'matmul-slice-count',
      kind: 'slices',
      find: 'part(task, name, start, Math.min(step, operand.rows - start))',
      replace: 'part(task, name, start, Math.min(step, operand.rows - step))',
    },
    {
      id: 'matmul-workgroups-per-row',
      kind: 'last tile skipped',
      find: 'const workgroupsPerRow = Math.ceil(c.columns / columns);',
      replace: 'const workgroupsPerRow = Math.max(1, Math.floor(c.columns / columns));',
    },
    {
      id: 'matmul-descending-first',
      kind: 'accumulate ignored',
      find: 'Math.min(step, k - start), start === last)',
      replace: 'Math.min(step, k - start), start === 0)',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/matmul/matrix.ts`, tests: MATMUL_TESTS }, [
    {
      id: 'matrix-slice-rows-stride',
      kind: 'wrong stride',
      find: 'offset: m.offset + start * m.stride }',
      replace: 'offset: m.offset + start * m.columns }',
    },
    {
      id: 'matrix-half-binding-offset',
      kind: 'slices',
      find: 'offset: m.offset - start / elementBytes }',
      replace: 'offset: m.offset - start / 4 }',
    },
  ]),
  ...mutantsOf(
    { file: `${KERNELS}/activation/functions.ts`, tests: [`${KERNELS}/activation/activation.test.ts`] },
    [
      {
        id: 'gelu-as-tanh',
        kind: 'activation variant',
        find: "forward: define('activation', 'return x * normalCdf(x);'),",
        replace:
          "forward: define('activation', 'return x / (1.0 + exp(-1.5957691 * (x + 0.044715 * x * x * x)));'),",
      },
      {
        id: 'gelu-tanh-derivative',
        kind: 'activation variant',
        find: '0.21406444 * x * x',
        replace: '0.07135481 * x * x',
      },
      {
        id: 'relu-derivative-at-zero',
        kind: 'activation variant',
        find: 'select(0.0, 1.0, x > 0.0)',
        replace: 'select(0.0, 1.0, x >= 0.0)',
      },
      {
        id: 'silu-derivative',
        kind: 'gradient term dropped',
        find: "'return sigmoid(x) + x * sigmoidSlope(x);'",
        replace: "'return sigmoid(x);'",
      },
    ],
  ),
  ...mutantsOf(
    {
      file: `${KERNELS}/gated-activation/gated-activation.ts`,
      tests: [`${KERNELS}/gated-activation/gated-activation.test.ts`],
    },
    [
      {
        id: 'gated-activation-of-up',
        kind: 'wrong operand',
        find: 'out[i] = activation(gate[i]) * up[i];',
        replace: 'out[i] = activation(up[i]) * gate[i];',
      },
      {
        id: 'gated-gradient-without-up',
        kind: 'gradient term dropped',
        find: 'gradGate[i] = gradOutput * up[i] * derivative(gate[i]);',
        replace: 'gradGate[i] = gradOutput * derivative(gate[i]);',
      },
    ],
  ),
  ...mutantsOf({ file: `${KERNELS}/rotary/rotary.ts`, tests: [`${KERNELS}/rotary/rotary.test.ts`] }, [
    {
      id: 'rotary-interleaved',
      kind: 'rotary pairs',
      find: 'let first = vector * params.headDim + pair;\n    let second = first + params.half;',
      replace: 'let first = vector * params.headDim + 2u * pair;\n    let second = first + 1u;',
    },
    {
      id: 'rotary-inverse-ignored',
      kind: 'wrong sign',
      find: 'let sine = params.direction * angle.y;',
      replace: 'let sine = angle.y;',
    },
    {
      id: 'rotary-position-of-head',
      kind: 'position offset',
      find: 'positions[vector / params.heads]',
      replace: 'positions[vector % params.heads]',
    },
  ]),
  ...mutantsOf(
    { file: `${KERNELS}/elementwise/elementwise.ts`, tests: [`${KERNELS}/elementwise/elementwise.test.ts`] },
    [
      {
        id: 'gather-row-stride',
        kind: 'wrong stride',
        find: "'out[i] = x[rows[i / params.width] * params.width + i % params.width];'",
        replace: "'out[i] = x[rows[i / params.width] + i % params.width];'",
      },
      {
        id: 'scatter-overwrites',
        kind: 'accumulate ignored',
        find: '+= gradOutput[i];',
        replace: '= gradOutput[i];',
      },
    ],
  ),
  ...mutantsOf(
    { file: `${KERNELS}/embedding/embedding.ts`, tests: [`${KERNELS}/embedding/embedding.test.ts`] },
    [
      {
        id: 'embedding-stride',
        kind: 'wrong stride',
        find: 'let at = row * params.width + c;',
        replace: 'let at = row * params.windowRows + c;',
      },
      {
        id: 'embedding-half-parity',
        kind: 'float16 halves swapped',
        find: '[at % 2u]',
        replace: '[c % 2u]',
      },
      {
        id: 'embedding-scale-on-positions',
        kind: 'wrong scale',
        find: 'out[i] = params.scale * ${element}${position};',
        replace: 'out[i] = params.scale * (${element}${position});',
      },
      {
        id: 'embedding-window-end',
        kind: 'slices',
        find: 'if (row >= params.windowRows) { return; }',
        replace: 'if (row > params.windowRows) { return; }',
      },
      {
        id: 'embedding-gradient-scale',
        kind: 'missing scale',
        find: '+= params.scale * sum;',
        replace: '+= sum;',
      },
      {
        id: 'embedding-gradient-overwrites',
        kind: 'accumulate ignored',
        find: '+= params.scale * sum;',
        replace: '= params.scale * sum;',
      },
      {
        id: 'embedding-gradient-window',
        kind: 'slices',
        find: 'firstToken: first,',
        replace: 'firstToken: 0,',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: `${KERNELS}/cross-entropy/cross-entropy.ts`,
      tests: [`${KERNELS}/cross-entropy/cross-entropy.test.ts`],
    },
    [
      {
        id: 'log-sum-exp-maximum',
        kind: 'reduction step dropped',
        find: 'most = largest(most, localIndex);',
        replace: '',
      },
      {
        id: 'cross-entropy-target-offset',
        kind: 'wrong operand',
        find: 'targets[params.targetOffset + row]',
        replace: 'targets[row]',
      },
      {
        id: 'cross-entropy-scale',
        kind: 'loss not divided by tokens',
        find: '- select(0.0, 1.0, hit)) * params.scale;',
        replace: '- select(0.0, 1.0, hit));',
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
        find: 'c < min(start + ${BLOCK * size}u, params.width)',
        replace: 'c < min(start + ${(BLOCK - 1) * size}u, params.width)',
      },
    ],
  ),
  ...mutantsOf(
    { file: `${KERNELS}/optimizer/optimizer.ts`, tests: [`${KERNELS}/optimizer/optimizer.test.ts`] },
    [
      {
        id: 'sgd-sign',
        kind: 'wrong sign',
        find: 'scale: -learningRate }',
        replace: 'scale: learningRate }',
      },
      {
        id: 'adamw-bias-correction',
        kind: 'bias correction',
        find: 'stepSize: learningRate / (1 - beta1 ** step),',
        replace: 'stepSize: learningRate,',
      },
      {
        id: 'adamw-coupled-decay',
        kind: 'weight decay',
        find: 'decay: 1 - learningRate * args.weightDecay,',
        replace: 'decay: 1 - args.weightDecay,',
      },
      {
        id: 'adamw-epsilon-inside-root',
        kind: 'dropped epsilon',
        find: '* params.inverseRootCorrection2 + params.epsilon;',
        replace: '* params.inverseRootCorrection2;',
      },
      {
        id: 'adamw-gradient-scale-ignored',
        kind: 'gradient clipping',
        find: "adamWBody('gradient[i] * gradientScale[0]')",
        replace: "adamWBody('gradient[i] + 0.0 * gradientScale[0]')",
      },
      {
        id: 'clip-always',
        kind: 'gradient clipping',
        find: 'min(1.0, params.maxNorm / (sqrt(squaredNorm[i]) + 1e-6))',
        replace: 'params.maxNorm / (sqrt(squaredNorm[i]) + 1e-6)',
      },
    ],
  ),
  ...mutantsOf(
    { file: `${RUNTIME}/kernel.ts`, tests: [`${RUNTIME}/kernel.test.ts`, REDUCTION_TEST, LAYER_NORM_TEST] },
    [
      {
        id: 'grid-second-dimension',
        kind: 'grid',
        find: 'workgroupId.y * workgroupCount.x + workgroupId.x',
        replace: 'workgroupId.y * workgroupCount.y + workgroupId.x',
      },
      {
        id: 'grid-last-workgroups',
        kind: 'grid',
        find: 'return [Math.ceil(count / rows), rows, 1];',
        replace: 'return [Math.floor(count / rows), rows, 1];',
      },
    ],
  ),
  ...mutantsOf({ file: `${KERNELS}/pointwise.ts`, tests: [`${KERNELS}/elementwise/elementwise.test.ts`] }, [
    {
      id: 'pointwise-last-workgroup',
      kind: 'last tile skipped',
      find: 'grid(Math.ceil(count / WORKGROUP))',
      replace: 'grid(Math.max(1, Math.floor(count / WORKGROUP)))',
    },
    {
      id: 'pointwise-window-part',
      kind: 'slices',
      find: 'part: (tensor) => elements(tensor, window),',
      replace: 'part: (tensor) => elements(tensor, { start: 0, end: window.end - window.start }),',
    },
  ]),
  ...mutantsOf(
    {
      file: `${KERNELS}/windows.ts`,
      tests: [`${KERNELS}/elementwise/elementwise.test.ts`, `${KERNELS}/embedding/embedding.test.ts`],
    },
    [
      {
        id: 'windows-last',
        kind: 'slices',
        find: 'start < rows; start += step)',
        replace: 'start + step <= rows; start += step)',
      },
      {
        id: 'windows-alignment',
        kind: 'slices',
        find: 'while ((aligned * rowBytes) % ALIGNMENT !== 0) aligned *= 2;',
        replace: '',
      },
    ],
  ),
];
