import { expect, test } from 'vitest';
import { requireVocabulary } from './inputs.ts';

const prepared = ({ demonstration = 1, query = 1, option = 1 }) => ({
  dataset: 'mr',
  demonstrations: [{ tokens: [0, demonstration] }],
  queries: [{ tokens: [0, query], options: [[0], [0, option]] }],
});

test.each(['demonstration', 'query', 'option'])(
  'the last token of a vocabulary may stand in a %s, one more is refused',
  (place) => {
    const check = (token: number) => () => requireVocabulary(prepared({ [place]: token }), 50, 'models/x');
    expect(check(49)).not.toThrow();
    expect(check(50)).toThrow(/^models\/x: the tokenizer gives token 50 in mr, .*vocab_size 50/);
  },
);
