import type { Mutant } from '../mutant.ts';

const KERNELS = 'packages/gpu-kernels/src/kernels';

/** Kernels and what dispatches them. */
export const mutants: readonly Mutant[] = [
  {
    id: 'column-sum-tail',
    kind: 'tail dropped',
    file: `${KERNELS}/reduction/column-sum.ts`,
    find: 'const chunks = Math.ceil(rows / ROWS_PER_CHUNK);',
    replace: 'const chunks = Math.floor(rows / ROWS_PER_CHUNK);',
    tests: [`${KERNELS}/reduction/reduction.test.ts`],
  },
  {
    id: 'reduction-barrier-in-loop',
    kind: 'missing barrier',
    file: `${KERNELS}/row-kernel.ts`,
    find: `        }
        workgroupBarrier();
      }`,
    replace: `        }
      }`,
    tests: [`${KERNELS}/reduction/reduction.test.ts`, `${KERNELS}/row-norm/layer-norm.test.ts`],
  },
];
