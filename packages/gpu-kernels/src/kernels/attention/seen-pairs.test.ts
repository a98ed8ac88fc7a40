import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PackedSequences } from './packed-sequences.ts';
import { seenPairs } from './shape.ts';

test('pairs that attention sees are those of its definition, whatever window and prefix', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 4 }),
      fc.integer({ min: 0, max: 6 }),
      fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined }),
      fc.boolean(),
      (lengths, before, window, own) => {
        let pairs = 0;
        for (const length of lengths)
          for (let query = before; query < before + length; query++)
            for (let key = own ? query : Math.min(query, before - 1); key >= 0; key--)
              if (query - key < (window ?? Infinity)) pairs++;
        const shape = { heads: 3, kvHeads: 3, headDim: 4, scale: 1 };
        const sequences = { lengths } as unknown as PackedSequences;
        const counted = seenPairs(
          { shape, sequences, ...(window === undefined ? {} : { window }) },
          before,
          own,
        );
        expect(counted).toBe(3 * pairs);
      },
    ),
  );
});
