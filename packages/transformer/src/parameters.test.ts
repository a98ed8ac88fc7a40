import { expect, test } from 'vitest';
import { type ParameterGroup, inGroup, inLayer } from './parameters.ts';

test('a parameter belongs to the layer of its whole number', () => {
  const layers = [0, 1, 2, 10, 11, 21];
  for (const layer of layers) {
    const found = layers.filter((other) => inLayer(`layers.${other}.attention.key.weight`, layer));
    expect(found).toEqual([layer]);
    expect(inLayer('embedding.tokens', layer)).toBe(false);
  }
});

test('a group has the parameters of its name, weights and biases', () => {
  const names = [
    ...['embedding.tokens', 'layers.0.attentionNorm.weight', 'layers.0.attention.query.weight'],
    ...['layers.0.attention.key.weight', 'layers.12.attention.key.bias', 'layers.0.attention.value.bias'],
    ...['layers.0.attention.output.weight', 'layers.0.queryNorm.weight', 'layers.0.keyNorm.weight'],
    ...['layers.0.feedForward.up.bias', 'finalNorm.weight', 'unembedding'],
  ];
  const members = (group: ParameterGroup): number[] =>
    names.flatMap((name, i) => (inGroup(name, group) ? [i] : []));
  expect(members('attention.kv')).toEqual([3, 4, 5]);
  expect(members('attention')).toEqual([2, 3, 4, 5, 6]);
  expect(members('layers')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(members('all')).toEqual(names.map((_, i) => i));
});
