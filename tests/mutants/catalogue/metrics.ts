import { type Mutant, mutantsOf } from '../mutant.ts';

const tests = ['packages/metrics/src/controls.test.ts'];

/** Similarities with a null beside them. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf({ file: 'packages/metrics/src/mismatched.ts', tests }, [
    {
      id: 'mismatched-with-itself',
      kind: 'pair of one example',
      find: '(withB / lengths.a[i]! + withA / lengths.b[i]!) / 2 - cosines[i]!',
      replace: '(withB / lengths.a[i]! + withA / lengths.b[i]!) / 2',
    },
    {
      id: 'mismatched-spread-halved',
      kind: 'wrong interval',
      find: '(2 * taking * (sum - value * own))',
      replace: '(taking * (sum - value * own))',
    },
  ]),
  ...mutantsOf({ file: 'packages/metrics/src/attention-output-controls.ts', tests }, [
    {
      id: 'demeaned-by-all',
      kind: 'mean over undefined examples',
      find: 'meanA[i]! += (1 / defined.length)',
      replace: 'meanA[i]! += (1 / triples.length)',
    },
    {
      id: 'pooled-one-side',
      kind: 'wrong norm',
      find: '[lengthOf(aa), lengthOf(bb)]',
      replace: '[lengthOf(aa), lengthOf(aa)]',
    },
  ]),
  ...mutantsOf({ file: 'packages/metrics/src/attention-map-controls.ts', tests }, [
    {
      id: 'softmax-of-rounding',
      kind: 'undefined taken for defined',
      find: 'if (!areDefined(centredProducts(triple, span), ROUNDING_OF_MAPS)) return null;',
      replace: '',
    },
  ]),
  ...mutantsOf(
    { file: 'packages/metrics/src/behaviour.ts', tests: ['packages/metrics/src/behaviour.test.ts'] },
    [
      {
        id: 'odds-without-others',
        kind: 'log-odds of q alone',
        find: 'logProbs.filter((_, other) => other !== option)',
        replace: 'logProbs',
      },
    ],
  ),
];
