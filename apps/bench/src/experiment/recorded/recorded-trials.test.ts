import { expect, test } from 'vitest';
import type { RecordedTensor } from './probe-folder.ts';
import { groupTrials } from './recorded-trials.ts';

const tensor = (setting: string, learningRate?: number): RecordedTensor =>
  ({
    ...{ setting, settingSaid: true, file: { path: setting }, info: {} },
    subject: {
      ...{ model: 'm', modelDigest: 'd', variant: 'trained', dataset: 'mr', probe: 'label', seed: 5 },
      ...{ permutation: 0, learningRate },
    },
  }) as unknown as RecordedTensor;

test('of several rates, what takes none stands in the tables once, and the baselines are there to compare with', () => {
  const { trials } = groupTrials([
    ...[tensor('ICL'), tensor('ZSL'), tensor('ICL[disjoint]'), tensor('GD[tangent]')],
    ...[tensor('GD', 0.5), tensor('GD', 0.25), tensor('LCGD', 0.25)],
  ]);
  const found = trials.map((own) => ({ ...own, settings: [...own.settings.keys()] }));
  expect(found).toEqual([
    expect.objectContaining({ learningRate: 0.25, settings: ['ZSL', 'ICL', 'GD', 'LCGD'] }),
    expect.objectContaining({
      learningRate: 0.5,
      settings: ['ZSL', 'ICL', 'ICL[disjoint]', 'GD', 'GD[tangent]'],
    }),
  ]);
  expect(trials.map(({ repeatsBaselines }) => repeatsBaselines)).toEqual([true, false]);
  expect([...(trials[1]?.withoutRate ?? [])].toSorted()).toEqual([
    'GD[tangent]',
    'ICL',
    'ICL[disjoint]',
    'ZSL',
  ]);
});

test('where no file says a rate, nothing is said to take none', () => {
  const { trials } = groupTrials([tensor('ICL'), tensor('ZSL'), tensor('GD')]);
  expect(trials).toHaveLength(1);
  expect(trials[0]).toMatchObject({ learningRate: 0, withoutRate: new Set(), repeatsBaselines: false });
});
