import { afterAll, beforeAll, expect, it } from 'vitest';
import { FixtureCopy } from './damage.ts';
import { iclGd } from './golden.ts';

const copy = new FixtureCopy('own-text-gpt2');
beforeAll(() => {
  copy.editConfig({ logit_softcapping: 30 });
  copy.editWeights((header, data) => {
    const { dtype } = header['transformer.wte.weight']!;
    header['score.weight'] = { dtype, shape: [0], data_offsets: [data.length, data.length] };
  });
});
afterAll(() => copy[Symbol.dispose]());

const STUDY = ['--datasets', 'mr', '--examples', '2', '--seeds', '5', '--permutation', '2'];

it.each<[string, () => readonly string[]]>([
  ['inspect', () => ['inspect', '--model', copy.model, '--tokens', '0,7']],
  ['run', () => copy.arguments('--check-only')],
  [
    'shots',
    () => ['shots', '--model', copy.model, '--data', copy.data, '--out', copy.out, ...STUDY, '--shots', '1'],
  ],
  [
    'flips',
    () => [
      ...['flips', '--model', copy.model, '--data', copy.data, '--out', copy.out, ...STUDY],
      ...['--methods', 'gd', '--shots', '1', '--learning-rate', '0.01', '--shares', '1'],
    ],
  ],
  [
    'sweep',
    () => [
      ...['sweep', '--model', copy.model, '--data', copy.data, '--out', copy.out, ...STUDY],
      ...['--methods', 'gd', '--shots', '1', '--learning-rates', '0.01'],
    ],
  ],
])('%s says once what of a model is not used', async (_, command) => {
  const { stderr, code } = await iclGd([...command(), '--adapter', process.env['ICL_GD_ADAPTER'] ?? 'auto']);
  expect(stderr.split('\n').filter((line) => line.startsWith(`WARNING: ${copy.model}`))).toEqual([
    `WARNING: ${copy.model}/config.json: not read, as no gpt2 model is known to have it: logit_softcapping`,
    `WARNING: ${copy.model}: 1 tensor is not used: score.weight`,
  ]);
  expect(code).toBe(0);
});
