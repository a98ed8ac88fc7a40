import { expect, test } from 'vitest';
import { useGpu } from '../../testing/gpu.ts';
import { placement } from '../../testing/matrix-products.ts';
import { TestRandom } from '../../testing/random.ts';
import { bindMatrix } from './matrix.ts';
import { rowScalesReference } from './reference.ts';
import { rowScales } from './row-scales.ts';

const gpu = useGpu();

test('a row is brought below 2¹⁵ by a power of two, whatever its magnitude, and by the inverse back', async () => {
  const exponents = [0, 20, -20, 127, -110, -112, -113, -126, 14, 15];
  const [rows, columns] = [exponents.length + 4, 264];
  const random = new TestRandom(1);
  const data = new Float32Array(rows * columns);
  for (const [r, exponent] of exponents.entries()) {
    const row = Float32Array.from({ length: columns }, () => (random.uniform() - 0.5) * 2 ** exponent);
    row[(r * 37) % columns] = (r % 2 === 0 ? 1.25 : -1) * 2 ** exponent;
    data.set(row, r * columns);
  }
  // The largest number, nothing, and what is none.
  data[exponents.length * columns + 5] = 2 ** 127 * (2 - 2 ** -23);
  data[(exponents.length + 2) * columns + 263] = NaN;
  data[(exponents.length + 3) * columns] = -Infinity;
  const { offset, stride } = placement(columns, true);
  const values = new Float32Array(offset + (rows - 1) * stride + columns).fill(NaN);
  for (let r = 0; r < rows; r++)
    values.set(data.subarray(r * columns, (r + 1) * columns), offset + r * stride);
  using scope = gpu().scope();
  const tensor = scope.own(gpu().tensor([values.length], { exact: true }));
  gpu().write(tensor, values);
  const view = { tensor, rows, columns, offset, stride };
  const scales = scope.own(rowScales(gpu(), view, bindMatrix(view, Infinity)));
  const found = await gpu().read(scales);
  expect(found).toEqual(rowScalesReference({ rows, columns, data }));
  for (let r = 0; r < rows; r++) expect(found[2 * r]! * found[2 * r + 1]!).toBe(1);
});
