import { type Mutant, mutantsOf } from '../mutant.ts';

/** Attention to the demonstrations: queries kept, scores, matching, chance. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf(
    {
      file: 'packages/transformer/src/decoder/query-scores.ts',
      tests: ['packages/transformer/src/decoder/query-scores.test.ts'],
    },
    [
      {
        id: 'query-scores-heads-of-a-group',
        kind: 'wrong stride',
        find: '(_own, head) => head * size + place',
        replace: '(_own, head) => place * kvHeads + head',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'packages/transformer/src/fine-tuning.ts',
      tests: ['packages/transformer/src/decoder/query-scores.test.ts'],
    },
    [
      {
        id: 'kept-queries-of-bos',
        kind: 'off by one',
        find: 'this.#model.gpu.copy(query, target, (length - 1) * width, width, row * width);',
        replace: 'this.#model.gpu.copy(query, target, (length - 1) * width, 0, row * width);',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'packages/methods/src/demonstration-attention.ts',
      tests: ['packages/methods/src/demonstration-attention.test.ts'],
    },
    [
      {
        id: 'context-attention-to-eos',
        kind: 'off by one',
        find: 'start += tokens.length + 1;',
        replace: 'start += tokens.length;',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/experiment/training-attention/measure.ts',
      tests: ['apps/bench/src/experiment/training-attention/training-attention.test.ts'],
    },
    [
      {
        id: 'training-attention-order',
        kind: 'wrong order',
        find: '.toSorted(([a], [b]) => a - b)',
        replace: '',
      },
    ],
  ),
];
