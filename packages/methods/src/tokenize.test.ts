import { join } from 'node:path';
import { type Tokenizer, UserError, loadTokenizer } from '@icl-gd/transformer';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Texts, tokenize } from './tokenize.ts';

const MODELS = join(import.meta.dirname, '../../../tests/fixtures');
const OPTIONS = ['Negative', 'Positive'];
const EOS = 0;

describe.each(['own-text-gpt2', 'own-text-xglm'])('with the tokenizer of %s', (name) => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await loadTokenizer(join(MODELS, name, 'model'));
  });

  test('one space stands between prompt and answer, and nothing around them', () => {
    const { demonstrations, queries } = tokenize(tokenizer, {
      demonstrations: [{ prompt: 'Review: what a joy . Sentiment:', label: 'Positive' }],
      queries: ['Review: a dull film . Sentiment:'],
      options: OPTIONS,
    });
    const tokens = tokenizer.encode('Review: what a joy . Sentiment: Positive');
    const answerLength = tokens.length - tokenizer.encode('Review: what a joy . Sentiment:').length;
    expect(demonstrations).toEqual([{ tokens, answerLength }]);
    const [query] = queries;
    expect(query?.tokens).toEqual(tokenizer.encode('Review: a dull film . Sentiment:'));
    expect(query?.options.map((option) => [...(query?.tokens ?? []), ...option])).toEqual(
      OPTIONS.map((option) => tokenizer.encode(`Review: a dull film . Sentiment: ${option}`)),
    );
  });

  test('the lines of a prompt stand on their own, with EOS between them', () => {
    const prompt = 'Review: a joy\n\nSentiment:';
    const { queries, demonstrations } = tokenize(tokenizer, {
      demonstrations: [{ prompt, label: 'Negative' }],
      queries: [prompt],
      options: OPTIONS,
      eosTokenId: EOS,
    });
    const first = [...tokenizer.encode('Review: a joy'), EOS];
    expect(queries[0]?.tokens).toEqual([...first, ...tokenizer.encode('Sentiment:')]);
    expect(demonstrations[0]?.tokens).toEqual([...first, ...tokenizer.encode('Sentiment: Negative')]);
  });

  test("a special token's characters stay text", () => {
    const special = tokenizer.specialTokens[0] as string;
    const { queries } = tokenize(tokenizer, { queries: [`It says ${special} here:`], options: OPTIONS });
    expect(tokenizer.decode(queries[0]?.tokens ?? []).trim()).toBe(`It says ${special} here:`);
    expect(queries[0]?.tokens.length).toBeGreaterThan(tokenizer.encode('It says here:').length + 1);
  });

  test('a query may have options of its own, and demonstrations need none', () => {
    const { queries, demonstrations } = tokenize(tokenizer, {
      demonstrations: [{ prompt: 'Two and two:', label: 'four' }],
      queries: [{ prompt: 'Is it?', options: ['Yes', 'No', 'Perhaps'] }],
    });
    expect(queries[0]?.options).toHaveLength(3);
    const mixed = tokenize(tokenizer, {
      queries: ['Was it?', { prompt: 'Is it?', options: ['Yes', 'No', 'Perhaps'] }],
      options: ['Yes', 'No'],
    });
    expect(mixed.queries.map((query) => query.options.length)).toEqual([2, 3]);
    expect(mixed.queries[1]).toEqual(queries[0]);
    expect(demonstrations[0]?.tokens).toEqual(tokenizer.encode('Two and two: four'));
  });
});

/** One token a character, case folded. */
const folding = { encode: (text: string) => Array.from(text.toLowerCase(), (c) => c.codePointAt(0)!) };
const silent = { encode: (text: string) => folding.encode(text.replace(/ x$/, '')) };
const joining = { encode: (text: string) => (text.includes(': ') ? [1, 2] : [3]) };

test.each<[string, Texts, string, Pick<Tokenizer, 'encode'>?]>([
  ['an empty prompt', { queries: [''], options: OPTIONS }, 'queries[0]: the prompt is empty'],
  [
    'a prompt that is no text',
    { queries: [{ prompt: 7 as unknown as string }], options: OPTIONS },
    'queries[0]: the prompt is 7, not a text',
  ],
  [
    'white space at the end of a prompt',
    { demonstrations: [{ prompt: 'Sentiment: ', label: 'Positive' }], options: OPTIONS },
    'demonstrations[0]: the prompt ends in white space: "Sentiment: "; leave it out, a space is put before the answer',
  ],
  [
    'no options',
    { queries: ['a', 'b'], options: [] },
    'options is empty; give the answers that are compared',
  ],
  [
    'a query without options',
    { queries: [{ prompt: 'a', options: ['b'] }, 'c'] },
    'queries[1] has no options; give options for all queries, or for this one',
  ],
  ['an empty option', { queries: ['a'], options: ['b', ''] }, 'options[1] is empty'],
  [
    'a space before an option',
    { queries: [{ prompt: 'a', options: ['b', ' c'] }] },
    'queries[0].options[1] begins or ends with white space: " c"; give the answer alone, a space is put before it',
  ],
  [
    'an option twice',
    { queries: ['a'], options: ['b', 'c', 'b'] },
    'options[2] is "b", as options[0] is; leave one out',
  ],
  [
    'a label that is no option',
    { demonstrations: [{ prompt: 'a', label: 'neutral' }], options: OPTIONS },
    'demonstrations[0]: the label "neutral" is not among the options "Negative", "Positive"',
  ],
  ['an empty label', { demonstrations: [{ prompt: 'a', label: '' }] }, 'demonstrations[0].label is empty'],
  [
    'several lines without EOS',
    { queries: ['a\nb'], options: OPTIONS },
    'queries[0]: the prompt has several lines, and EOS is put between them; give eosTokenId (of a model: model.config.eosTokenId)',
  ],
  [
    'options with the same tokens',
    { queries: ['a'], options: ['yes', 'Yes'] },
    "queries[0]: the model's tokenizer gives the label words 'yes' and 'Yes' the same tokens; the classes could not be told apart",
  ],
  [
    'an option without tokens',
    { queries: ['a'], options: ['x', 'y'] },
    "queries[0]: the model's tokenizer has no tokens for the label word 'x'.",
    silent,
  ],
  [
    'an option that joins the prompt',
    { queries: ['a:'], options: ['x', 'y'] },
    "queries[0]: the model's tokenizer joins the label word 'x' with the end of the prompt 'a:'; end the prompt with a word or mark",
    joining,
  ],
])('%s is refused by name', (_, texts, message, tokenizer = folding) => {
  expect(() => tokenize(tokenizer, texts)).toThrow(new UserError(message, 'invalid-text'));
});

test('nothing gives nothing', () => {
  expect(tokenize(folding, {})).toEqual({ demonstrations: [], queries: [] });
});

test.each([
  ['texts', undefined, 'tokenize takes { demonstrations, queries, options }'],
  ['texts', 'a text', 'tokenize takes { demonstrations, queries, options }'],
  ['queries', { queries: 'a text' }, 'queries is no list'],
  ['a query', { queries: [null], options: OPTIONS }, 'queries[0] is null, not an object with a prompt'],
  ['a demonstration', { demonstrations: ['a'] }, 'demonstrations[0] is a, not an object with a prompt'],
  ['options', { options: 'Positive' }, 'options is no list of answers'],
  ['a name', { querys: [] }, 'tokenize: unknown option querys; did you mean queries?'],
])('%s of another form, from JavaScript, are refused by their place', (_, texts, message) => {
  expect(() => tokenize({ encode: () => [1] }, texts as Texts)).toThrow(message);
});

test('a tokenizer that is still a promise is refused', () => {
  expect(() => tokenize(Promise.resolve() as never, {})).toThrow('tokenize needs a tokenizer first');
});
