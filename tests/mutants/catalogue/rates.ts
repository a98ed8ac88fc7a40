import { type Mutant, mutantsOf } from '../mutant.ts';

const DEVELOPMENT = 'apps/bench/src/experiment/development';

/** How learning rates are chosen, and the gate. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf({ file: `${DEVELOPMENT}/choose-best.ts`, tests: [`${DEVELOPMENT}/choose-best.test.ts`] }, [
    { id: 'rates-tie', kind: 'wrong comparison', find: 'if (value < least)', replace: 'if (value <= least)' },
    {
      id: 'rates-one-standard-error',
      kind: 'wrong comparison',
      find: 'worse > error',
      replace: 'worse > 2 * error',
    },
    {
      id: 'rates-direction',
      kind: 'wrong side',
      find: 'points.filter(({ rate }) => rate < best.rate).toReversed()',
      replace: 'points.filter(({ rate }) => rate < best.rate)',
    },
  ]),
  ...mutantsOf(
    { file: `${DEVELOPMENT}/choose-matched.ts`, tests: [`${DEVELOPMENT}/choose-matched.test.ts`] },
    [
      {
        id: 'rates-unmatched',
        kind: 'missing check',
        find: 'learningRate: closest && reached ? closest.point.rate : null,',
        replace: 'learningRate: closest?.point.rate ?? null,',
      },
      {
        id: 'rates-linear',
        kind: 'wrong scale',
        find: 'Math.log(target / below.level) / Math.log(above.level / below.level)',
        replace: '(target - below.level) / (above.level - below.level)',
      },
    ],
  ),
  ...mutantsOf({ file: `${DEVELOPMENT}/outcome.ts`, tests: [`${DEVELOPMENT}/outcome.test.ts`] }, [
    {
      id: 'rates-divergence',
      kind: 'swapped arguments',
      find: 'const before = zsl.predictions.map(logOptions);\n  const after = own.predictions.map(logOptions);',
      replace:
        'const before = own.predictions.map(logOptions);\n  const after = zsl.predictions.map(logOptions);',
    },
  ]),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/development/gate.ts',
      tests: ['apps/bench/src/results/development/gate.test.ts'],
    },
    [
      {
        id: 'gate-either',
        kind: 'wrong quantifier',
        find: 'both.every(isAboveZero)',
        replace: 'both.some(isAboveZero)',
      },
      {
        id: 'gate-bound',
        kind: 'wrong bound',
        find: 'lower !== null && lower > 0',
        replace: 'lower !== null',
      },
    ],
  ),
];
