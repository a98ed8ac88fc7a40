import { expect, test } from 'vitest';
import { TUNINGS } from '../../runtime/tuning.ts';
import { chooseTile, singleTiles } from './subgroup-tile.ts';

const { lavapipe, swiftshader } = TUNINGS;

test('few rows for few rows, the fastest tile for large matrices', () => {
  for (const { matmul } of [lavapipe, swiftshader]) {
    for (const layout of ['NN', 'NT'] as const) {
      const [fastest] = matmul.tiles[layout];
      expect(chooseTile(matmul, layout, [2000, 2048, 64])).toBe(fastest);
      expect(chooseTile(matmul, layout, [1, 1000, 64])).toBe(matmul.tiles[layout].at(-1));
    }
  }
});

test('neither rows nor columns that nobody asked for', () => {
  expect(chooseTile(lavapipe.matmul, 'NT', [48, 384, 64])).toMatchObject({ rows: 16 });
  expect(chooseTile(lavapipe.matmul, 'NT', [64, 384, 64])).toMatchObject({ rows: 32 });
  expect(chooseTile(lavapipe.matmul, 'NN', [512, 32, 64])).toMatchObject({ columns: 4 });
  expect(chooseTile(lavapipe.matmul, 'NN', [512, 64, 64])).toMatchObject({ columns: 8 });
});

test('heights that fit the rows of a large product', () => {
  const rows = (...shape: [number, number, number]) => chooseTile(lavapipe.matmul, 'NT', shape).rows;
  expect([rows(48, 512, 512), rows(50, 512, 512), rows(64, 512, 512)]).toEqual([24, 28, 32]);
  expect([rows(48, 128, 128), rows(50, 128, 128)]).toEqual([16, 32]);
});

test('what takes long to compile for large products alone', () => {
  const rows = (...shape: [number, number, number]) => chooseTile(swiftshader.matmul, 'NN', shape).rows;
  expect([rows(128, 128, 64), rows(128, 128, 63)]).toEqual([32, 16]);
  expect([rows(24, 128, 64), rows(24, 64, 64), rows(11, 64, 64)]).toEqual([24, 12, 12]);
});

test('each tile alone is the choice for every shape', () => {
  const singles = singleTiles(swiftshader.matmul, 'NN');
  expect(singles.map((single) => chooseTile(single, 'NN', [1, 1, 1]))).toEqual(
    swiftshader.matmul.tiles.NN.map((tile) => ({ ...tile, minWork: 0 })),
  );
});
