import { type Mutant, mutantsOf } from '../mutant.ts';

const KERNELS = 'packages/gpu-kernels/src/kernels';
const DECODER = 'packages/transformer/src/decoder';
const CARD_TEST = 'packages/transformer/src/graphics-card.test.ts';

/** What one dispatch does for several on GPUs. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf({ file: `${KERNELS}/matmul/parts-text.ts`, tests: [`${KERNELS}/row-norm/parts.test.ts`] }, [
    {
      id: 'parts-of-the-first-product-again',
      kind: 'wrong offset',
      find: 'first += count * params.partSize;',
      replace: '',
    },
    {
      id: 'parts-past-the-end-added',
      kind: 'tail dropped',
      find: ', i + ${j}u < count);',
      replace: ', i + ${j}u <= count);',
    },
  ]),
  ...mutantsOf(
    { file: `${KERNELS}/matmul/tiled-set-product.ts`, tests: [`${KERNELS}/matmul/gated.test.ts`] },
    [
      {
        id: 'parts-apart-of-what-is-added-to',
        kind: 'accumulation ignored',
        find: '(summed ? products.slice(0, 1) : products).some(',
        replace: 'products.slice(0, 1).some(',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'packages/gpu-kernels/src/platform/node/polling.ts',
      tests: ['packages/gpu-kernels/src/platform/node/polling.test.ts'],
    },
    [
      {
        id: 'polls-without-a-bound',
        kind: 'missing bound',
        find: 'Math.min(Math.max(INTERVAL_MS, delay), LONGEST_MS)',
        replace: 'Math.max(INTERVAL_MS, delay)',
      },
    ],
  ),
  ...mutantsOf({ file: `${KERNELS}/row-norm/summed.ts`, tests: [`${KERNELS}/row-norm/parts.test.ts`] }, [
    {
      id: 'parts-without-their-bias',
      kind: 'dropped bias',
      find: 'if (params.useBias != 0u) { addend += addendBias[c]; }',
      replace: '',
    },
  ]),
  ...mutantsOf(
    { file: `${KERNELS}/matmul/matmul-parts.ts`, tests: [`${KERNELS}/matmul/matmul-parts.test.ts`] },
    [
      {
        id: 'parts-of-what-is-added-to',
        kind: 'accumulation ignored',
        find: 'if (!first || first.accumulate) return undefined;',
        replace: 'if (!first) return undefined;',
      },
    ],
  ),
  ...mutantsOf(
    { file: `${KERNELS}/reduction/squares.ts`, tests: [`${KERNELS}/reduction/reduction.test.ts`] },
    [
      {
        id: 'step-before-the-square',
        kind: 'missing scale',
        find: '+= params.scale * value;',
        replace: '-= value;',
      },
    ],
  ),
  ...mutantsOf({ file: `${KERNELS}/matmul/finish.ts`, tests: [`${KERNELS}/matmul/gated.test.ts`] }, [
    {
      id: 'gate-gradient-without-up',
      kind: 'gradient term dropped',
      find: 'gradGate[at] = value * up[at] * ',
      replace: 'gradGate[at] = value * ',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/matmul/gated.ts`, tests: [`${KERNELS}/matmul/gated.test.ts`] }, [
    {
      id: 'gate-from-the-parts-of-up',
      kind: 'wrong offset',
      find: 'addedUpOf(i + params.upParts * params.count, ',
      replace: 'addedUpOf(i, ',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/matmul/rotated.ts`, tests: [`${KERNELS}/matmul/rotated.test.ts`] }, [
    {
      id: 'pairs-turned-with-the-next-bias',
      kind: 'wrong offset',
      find: '% params.columns${i}]; }',
      replace: '% params.columns0]; }',
    },
    {
      id: 'rest-of-a-head-from-its-pairs',
      kind: 'wrong offset',
      find: 'select(unit + params.half, unit, isPair)',
      replace: 'unit',
    },
  ]),
  ...mutantsOf({ file: `${KERNELS}/matmul/tiled-set.ts`, tests: [`${KERNELS}/matmul/tiled-set.test.ts`] }, [
    {
      id: 'column-sums-without-what-was-there',
      kind: 'accumulation ignored',
      find: 'if (params.addSums${i} != 0u) { sum += ${sums}[column]; }',
      replace: '',
    },
  ]),
  ...mutantsOf(
    { file: `${KERNELS}/attention/staged-backward.ts`, tests: [`${KERNELS}/attention/staged-parts.test.ts`] },
    [
      {
        id: 'every-second-part-twice',
        kind: 'tail dropped',
        find: 'select(vec4<f32>(), later${i}, isMore)',
        replace: 'later${i}',
      },
      {
        id: 'sums-of-parts-overwritten-by-queries',
        kind: 'order of steps',
        find: 'ofQueries && !parts ?',
        replace: 'ofQueries ?',
      },
    ],
  ),
  ...mutantsOf(
    { file: `${KERNELS}/row-norm/rotated-matmul.ts`, tests: [`${KERNELS}/row-norm/rotated-matmul.test.ts`] },
    [
      {
        id: 'keys-from-the-parts-of-queries',
        kind: 'wrong offset',
        find: "let first = ${ofMember('offset')} + own;",
        replace: 'let first = own;',
      },
    ],
  ),
  ...mutantsOf({ file: `${KERNELS}/row-norm/rotated.ts`, tests: [`${KERNELS}/row-norm/rotated.test.ts`] }, [
    {
      id: 'rotated-norm-of-queries-weight',
      kind: 'columns swapped',
      find: 'if (isSecond) { return ${binding}1[${at}]; }',
      replace: "if (isSecond) { return ${binding}${binding === 'weight' ? 0 : 1}[${at}]; }",
    },
    {
      id: 'rotated-norm-not-turned-back',
      kind: 'sign',
      find: 'direction: -1',
      replace: 'direction: 1',
    },
    {
      id: 'rotated-norm-turns-all',
      kind: 'position offset',
      find: 'if (c < 2u * params.half) {',
      replace: 'if (c < params.half) {',
    },
  ]),
  ...mutantsOf(
    { file: `${DECODER}/layer.ts`, tests: ['packages/transformer/src/decoder/families.test.ts'] },
    [
      {
        id: 'parallel-residual-of-the-normed',
        kind: 'norm placement',
        find: 'const onto = parallelResidual && !isRead ? residual : undefined;',
        replace: 'const onto = parallelResidual && !isRead ? attentionNorm.output : undefined;',
      },
    ],
  ),
  ...mutantsOf({ file: `${DECODER}/head-norm.ts`, tests: [CARD_TEST] }, [
    {
      id: 'head-norms-swapped',
      kind: 'wrong operand',
      find: 'const ofKey = backward(key, gradients.key, keyNorm);',
      replace: 'const ofKey = backward(key, gradients.key, queryNorm);',
    },
  ]),
];
