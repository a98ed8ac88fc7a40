import { type Mutant, mutantsOf } from '../mutant.ts';

const KERNELS = 'packages/gpu-kernels/src/kernels';
const MATMUL_TESTS = [`${KERNELS}/matmul/matmul.test.ts`];
const GROUPED_TESTS = [`${KERNELS}/matmul/grouped.test.ts`];

const MATRIX_UNIT_TESTS = [`${KERNELS}/matmul/matrix-unit.test.ts`];

const TILED_TESTS = [`${KERNELS}/matmul/tiled.test.ts`, `${KERNELS}/matmul/structure.test.ts`];

/** Matrix products, their variants and slices. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf({ file: `${KERNELS}/matmul/matrix-unit-kernel.ts`, tests: MATRIX_UNIT_TESTS }, [
    {
      id: 'matmul-matrix-low-halves',
      kind: 'precision',
      find: '= vec4<f16>(scaled - vec4<f32>(hi));',
      replace: '= vec4<f16>();',
    },
    {
      id: 'matmul-matrix-k-tail',
      kind: 'tail dropped',
      find: 'let inside = k < params.k;',
      replace: 'let inside = true;',
    },
    {
      id: 'matmul-matrix-row-clamp',
      kind: 'bounds',
      find: '${end} - 1u)`;',
      replace: '${end} + 1u)`;',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/matmul/row-scales.ts`, tests: [`${KERNELS}/matmul/row-scales.test.ts`] }, [
    {
      id: 'matmul-row-scales-tiny',
      kind: 'bounds',
      find: 'clamp(bits >> 23u, 15u, 254u)',
      replace: 'clamp(bits >> 23u, 14u, 254u)',
    },
  ]),
  ...mutantsOf(
    {
      file: `${KERNELS}/matmul/matrix-unit-product.ts`,
      tests: ['packages/gpu-kernels/src/runtime/matrix-units.test.ts'],
    },
    [
      {
        id: 'matmul-matrix-in-training',
        kind: 'kernel choice',
        find: "regime !== 'probing' || ",
        replace: '',
      },
    ],
  ),
  ...mutantsOf({ file: `${KERNELS}/matmul/tiled.ts`, tests: TILED_TESTS }, [
    {
      id: 'matmul-tiled-barrier',
      kind: 'missing barrier',
      find: '        workgroupBarrier();\n',
      replace: '',
    },
    {
      id: 'matmul-tiled-buffer',
      kind: 'missing barrier',
      find: 'let buffer = step & 1u;',
      replace: 'let buffer = (step - 1u) & 1u;',
    },
    {
      id: 'matmul-tiled-swizzle',
      kind: 'wrong stride',
      find: "'ty' : 'tx'} ^ swizzle)",
      replace: "'ty' : 'tx'})",
    },
    {
      id: 'matmul-tiled-chunk',
      kind: 'packing',
      find: 'step % ${chunkSlabs} == 0u || step == slabs',
      replace: 'step == slabs',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/matmul/staging.ts`, tests: TILED_TESTS }, [
    {
      id: 'matmul-staging-k-tail',
      kind: 'tail dropped',
      find: 'let column = min(k, ${end} - 4u);',
      replace: 'let column = k;',
    },
    {
      id: 'matmul-staging-row-clamp',
      kind: 'bounds',
      find: 'min(x + ${r}u, ${end} - 1u) * ${stride}',
      replace: '(x + ${r}u) * ${stride}',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/matmul/register-tiled.ts`, tests: MATMUL_TESTS }, [
    {
      id: 'matmul-register-c-stride',
      kind: 'wrong stride',
      find: '${product.cOffset} + (m0 + r) * params.cStride + n0 + e',
      replace: '${product.cOffset} + (m0 + r) * params.n + n0 + e',
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
      find: 'r < min(${rows}u, ${product.m} - m0); r++',
      replace: 'r < min(${rows}u, ${product.m} - m0 - 1u); r++',
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
      find: 'if (whole < ${k}) {',
      replace: 'if (whole > ${k}) {',
    },
    {
      id: 'matmul-subgroup-broadcast-lane',
      kind: 'subgroup broadcast',
      find: '${load % subgroupSize}u)`;',
      replace: '0u)`;',
    },
    {
      id: 'matmul-subgroup-vectors-of-a',
      kind: 'wrong stride',
      find: 'step: `k / ${depth}u`,',
      replace: "step: 'k / 4u',",
    },
    {
      id: 'matmul-subgroup-elements-of-b',
      kind: 'wrong stride',
      find: '* ${bStride})`;',
      replace: '* params.n)`;',
    },
    {
      id: 'matmul-subgroup-scalar-c-columns',
      kind: 'wrong stride',
      find: 'let n = n0 + (e / 4u * ${subgroupSize}u + lane) * 4u + e % 4u;',
      replace: 'let n = n0 + (e / 4u * ${subgroupSize}u + lane) + e % 4u;',
    },
    {
      id: 'matmul-subgroup-bias-offset',
      kind: 'slices',
      find: 'let first = ${product.biasOffset} + n;',
      replace: 'let first = n;',
    },
    {
      id: 'matmul-subgroup-a-stride',
      kind: 'wrong stride',
      find: "step: 'k * aStep',",
      replace: "step: 'k * (params.m / 4u)',",
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/matmul/quad-tiled.ts`, tests: MATMUL_TESTS, adapter: 'swiftshader' }, [
    {
      id: 'matmul-quad-rows-past-the-end',
      kind: 'off-by-one mask',
      find: 'min(${rowOf(variant, r, lane)}, ${product.m} - ${last})',
      replace: '(${rowOf(variant, r, lane)})',
    },
    {
      id: 'matmul-quad-columns-past-the-end',
      kind: 'off-by-one mask',
      find: 'return vectorC ? `min(${run}, ${n} - 4u)` : run;',
      replace: 'return run;',
    },
    {
      id: 'matmul-quad-k-tail',
      kind: 'tail dropped',
      find: "let there${i} = ${plus('k', i)} < ${k};",
      replace: 'let there${i} = true;',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/matmul/product-text.ts`, tests: GROUPED_TESTS }, [
    {
      id: 'grouped-matrix-of-first',
      kind: 'wrong stride',
      find: "let bOffset = ${plain.bOffset} + group.z * ${param('groupStride')};",
      replace: 'let bOffset = ${plain.bOffset};',
    },
    {
      id: 'grouped-rows-of-next',
      kind: 'tail dropped',
      find: "firstK: 'group.x',",
      replace: "firstK: '0u',",
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/row-groups.ts`, tests: GROUPED_TESTS }, [
    {
      id: 'row-groups-tile-crosses-groups',
      kind: 'tail dropped',
      find: 'Math.min(row + height, end)',
      replace: 'row + height',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/matmul/variant.ts`, tests: MATMUL_TESTS }, [
    {
      id: 'half-words-swapped',
      kind: 'float16 halves swapped',
      find: 'unpack2x16float(${b}[at / 2u])[at % 2u]',
      replace: 'unpack2x16float(${b}[at / 2u])[1u - at % 2u]',
    },
    {
      id: 'half-vectors-swapped',
      kind: 'float16 halves swapped',
      find: 'vec4<f32>(unpack2x16float(words.x), unpack2x16float(words.y))',
      replace: 'vec4<f32>(unpack2x16float(words.y), unpack2x16float(words.x))',
    },
  ]),
  ...mutantsOf(
    { file: `${KERNELS}/matmul/matmul.ts`, tests: [`${KERNELS}/matmul/slices.test.ts`, ...MATMUL_TESTS] },
    [
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
        id: 'matmul-descending-first',
        kind: 'accumulate ignored',
        find: 'Math.min(step, k - start), start === last)',
        replace: 'Math.min(step, k - start), start === 0)',
      },
    ],
  ),
  ...mutantsOf(
    { file: `${KERNELS}/matmul/matrix.ts`, tests: [`${KERNELS}/matmul/slices.test.ts`, ...MATMUL_TESTS] },
    [
      {
        id: 'matmul-vectors-whatever-offset',
        kind: 'alignment',
        find: 'return [offset, columns, stride].every(',
        replace: 'return [columns, stride].every(',
      },
      {
        id: 'matmul-vectors-whatever-stride',
        kind: 'alignment',
        find: 'return [offset, columns, stride].every(',
        replace: 'return [offset, columns].every(',
      },
      {
        id: 'matrix-slice-rows-stride',
        kind: 'wrong stride',
        find: 'offset: m.offset + start * m.stride }',
        replace: 'offset: m.offset + start * m.columns }',
      },
      {
        id: 'matrix-rows-without-room-to-align',
        kind: 'alignment',
        find: '(limit - ALIGNMENT)',
        replace: '(limit)',
      },
      {
        id: 'matrix-half-binding-offset',
        kind: 'slices',
        find: 'offset: m.offset - start / elementBytes }',
        replace: 'offset: m.offset - start / 4 }',
      },
    ],
  ),
  ...mutantsOf({ file: `${KERNELS}/matmul/bound-product.ts`, tests: MATMUL_TESTS }, [
    {
      id: 'matmul-workgroups-per-row',
      kind: 'last tile skipped',
      find: 'const workgroupsPerRow = Math.ceil(n / columns);',
      replace: 'const workgroupsPerRow = Math.max(1, Math.floor(n / columns));',
    },
  ]),
];
