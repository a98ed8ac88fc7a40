import { type Mutant, mutantsOf } from '../mutant.ts';

const LOCKSTEP = 'apps/bench/src/experiment/lockstep';
const DECODER = 'packages/transformer/src/decoder';
const TOGETHER = 'packages/transformer/src/lockstep/evaluate-together';

/** Cells that are trained once for several, probed in one pass, and begun before they are asked for. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf(
    {
      file: 'packages/methods/src/training/lockstep.ts',
      tests: ['packages/methods/src/adapt-together.test.ts'],
    },
    [
      {
        id: 'steps-shared-whatever-the-rate',
        kind: 'stale result',
        find: 'JSON.stringify([learningRate, sequences])',
        replace: 'JSON.stringify([sequences])',
      },
      {
        id: 'steps-shared-with-their-weights',
        kind: 'shared state',
        find: '{ ...own, model: copyOfOwn(own.model) }',
        replace: 'own',
      },
    ],
  ),
  ...mutantsOf({ file: `${TOGETHER}.ts`, tests: [`${TOGETHER}.property.test.ts`] }, [
    {
      id: 'together-on-other-bases',
      kind: 'wrong operand',
      find: 'foundation === base || (base !== undefined && foundation.base === base)',
      replace: 'base !== undefined',
    },
  ]),
  ...mutantsOf({ file: `${DECODER}/evaluate.ts`, tests: [`${TOGETHER}.property.test.ts`] }, [
    {
      id: 'wanted-rows-of-grouped-modules',
      kind: 'wrong row recorded',
      find: 'if (isGrouped || layers === 1) return undefined;',
      replace: 'if (layers === 1) return undefined;',
    },
  ]),
  ...mutantsOf({ file: `${LOCKSTEP}/plan-room.ts`, tests: [`${LOCKSTEP}/plan-room.test.ts`] }, [
    {
      id: 'probed-together-without-room',
      kind: 'budget',
      find: 'together.refusals.length === 0 && mostOf(together) <= allowed',
      replace: 'together.refusals.length === 0',
    },
    {
      id: 'no-room-for-the-next-context',
      kind: 'budget',
      find: 'Math.max(each.peak, whileHeld) + inContext',
      replace: 'Math.max(each.peak, whileHeld)',
    },
  ]),
  ...mutantsOf({ file: `${LOCKSTEP}/joint-probes.ts`, tests: [`${LOCKSTEP}/joint-probes.test.ts`] }, [
    {
      id: 'joint-probes-of-other-queries',
      kind: 'stale result',
      find: 'isFirst && queries === prepared.queries && !allocate',
      replace: 'isFirst && !allocate',
    },
  ]),
  ...mutantsOf({ file: 'apps/bench/src/experiment/ahead.ts', tests: [`${LOCKSTEP}/trials.test.ts`] }, [
    {
      id: 'ahead-ends-the-run',
      kind: 'error not caught',
      find: 'work().catch(() => undefined),',
      replace: 'work(),',
    },
  ]),
];
