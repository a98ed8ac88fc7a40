import { describe, expect, test } from 'vitest';
import { type RunSource, matchPaper } from './paper-match.ts';

/** As config.json of the paper's model is read. */
const CONFIG = { family: 'xglm', layers: 24, dModel: 2048, heads: 32, dFeedForward: 8192, vocabSize: 50261 };
const HUB = { id: 'KoboldAI/fairseq-dense-1.3B' };
const MR = { train: 8530, validation: 1066 };
const CB = { train: 250, validation: 56 };

const match = (
  model: RunSource['model'],
  datasets: Readonly<
    Record<string, { train: number; validation: number; hub?: { id: string; config?: string } }>
  >,
  settings: RunSource['settings'] = {},
) => {
  const { datasets: own, notice } = matchPaper({
    model,
    datasets: new Map(Object.entries(datasets)),
    settings,
  });
  return [[...own].join(), notice] as const;
};

test("the paper's model on its data is compared, and there is nothing to say", () => {
  expect(match({ hub: HUB, config: {} }, { mr: MR, cb: CB })).toEqual(['mr,cb', '']);
  expect(match({ hub: HUB, config: {} }, { mr: { ...MR, hub: { id: 'rotten_tomatoes' } } })).toEqual([
    'mr',
    '',
  ]);
});

test('a directory with its configuration is compared, with a word about its weights', () => {
  const [own, notice] = match({ config: CONFIG }, { mr: MR });
  expect(own).toBe('mr');
  expect(notice).toContain('taken on trust');
});

describe('nothing is compared', () => {
  test.each([
    ['of another model of the hub', { hub: { id: 'KoboldAI/fairseq-dense-2.7B' }, config: CONFIG }],
    ['of one that was trained further', { hub: { id: 'someone/fairseq-dense-1.3B' }, config: CONFIG }],
    ['of another configuration', { config: { ...CONFIG, heads: 16 } }],
    ['of no configuration', { config: {} }],
  ])('%s', (_, model) => {
    const [own, notice] = match(model, { mr: MR });
    expect(own).toBe('');
    expect(notice).toMatch(
      /no claim of the paper is judged: the model is not the paper's \(fairseq dense 1\.3B\)\.$/,
    );
  });

  test('on other datasets, whatever they are called', () => {
    const model = { hub: HUB, config: CONFIG };
    expect(match(model, { 'syn-mr': MR, constructor: MR, __proto__: MR })).toEqual([
      '',
      expect.stringContaining("none of the datasets is one of the paper's"),
    ]);
    expect(match(model, { mr: { train: 16, validation: 8 } })).toEqual([
      '',
      expect.stringContaining("the data is not the paper's (mr: 16 and 8 rows instead of 8530 and 1066)"),
    ]);
    expect(match(model, { mr: { ...MR, hub: { id: 'someone/mr' } } })).toEqual([
      '',
      expect.stringContaining('mr: from someone/mr of the hub'),
    ]);
  });

  test('of a run that does not say what it was of', () => {
    expect(matchPaper(undefined)).toEqual({
      datasets: new Set(),
      notice: expect.stringContaining('manifest.json'),
    });
  });
});

test("one dataset may be the paper's and another not; options that are not the paper's are named", () => {
  const settings = { shots: 4, examples: 2000, probe: 'prompt', learningRate: 0.1 };
  const [own, notice] = match(
    { hub: HUB, config: {} },
    { mr: MR, cb: { train: 1, validation: 2 } },
    settings,
  );
  expect(own).toBe('mr');
  expect(notice).toBe(
    "Not compared, since the data is not the paper's: cb: 1 and 2 rows instead of 250 and 56. " +
      'Options that are not the paper\'s: --shots 4 (paper: 32), --probe "prompt" (paper: label), --learning-rate 0.1 (paper: one for each dataset).',
  );
});
