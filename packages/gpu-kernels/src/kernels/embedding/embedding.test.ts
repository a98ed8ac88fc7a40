import { describe, expect, test } from 'vitest';
import { expectClose, expectSameBits } from '../../testing/closeness.ts';
import { dot, finiteDifferences } from '../../testing/finite-differences.ts';
import { useGpu } from '../../testing/gpu.ts';
import { TestRandom } from '../../testing/random.ts';
import { tolerances } from '../../testing/tolerances.ts';
import { embeddingBackward, embeddingForward } from './embedding.ts';
import { embeddingBackwardReference, embeddingReference } from './reference.ts';

const gpu = useGpu();

interface Case {
  readonly length: number;
  readonly vocabulary: number;
  readonly width: number;
}

function operands({ length, vocabulary, width }: Case) {
  const random = new TestRandom(length + vocabulary + width);
  return {
    tokens: [vocabulary - 1, ...random.integers(length - 1, vocabulary)],
    positions: random.integers(length, 11),
    table: random.normal(vocabulary * width),
    positionTable: random.normal(11 * width),
    gradOutput: random.normal(length * width),
    width,
  };
}

type Operands = ReturnType<typeof operands>;

async function forward(
  values: Operands,
  withPositions: boolean,
  limit = gpu().maxBindingBytes,
  type: 'float32' | 'float16' = 'float32',
): Promise<Float32Array> {
  const { tokens, width } = values;
  using scope = gpu().scope();
  const table = scope.tensor([values.table.length / width, width], 'table', type);
  gpu().write(table, values.table);
  const out = scope.tensor([tokens.length, width]);
  const positions = {
    positions: scope.upload(Uint32Array.from(values.positions), [tokens.length]),
    positionTable: scope.upload(values.positionTable, [11, width]),
  };
  const ids = scope.upload(Uint32Array.from(tokens), [tokens.length]);
  const limited = gpu().with({ maxBindingBytes: limit });
  embeddingForward(limited, { tokens: ids, table, scale: 1.5, out, ...(withPositions ? positions : {}) });
  return gpu().read(out);
}

async function backward(values: Operands, limit = gpu().maxBindingBytes): Promise<Float32Array> {
  const { tokens, width } = values;
  using scope = gpu().scope();
  const gradTable = scope.upload(values.table, [values.table.length / width, width]);
  const gradOutput = scope.upload(values.gradOutput, [tokens.length, width]);
  const limited = gpu().with({ maxBindingBytes: limit });
  embeddingBackward(limited, { tokens, gradOutput, gradTable, scale: 1.5 });
  return gpu().read(gradTable);
}

describe.each<Case>([
  { length: 1, vocabulary: 1, width: 1 },
  { length: 17, vocabulary: 5, width: 33 },
  { length: 300, vocabulary: 1000, width: 64 },
  { length: 4000, vocabulary: 50, width: 6 },
])('$length tokens of $vocabulary, width $width', (shape) => {
  test('forward and backward equal the float64 reference', async () => {
    const values = operands(shape);
    const { positions, positionTable, ...plain } = values;
    expectClose(
      await forward(values, false),
      embeddingReference({ ...plain, scale: 1.5 }),
      tolerances.elementwise.f32,
    );
    const withPositions = embeddingReference({ ...plain, positions, positionTable, scale: 1.5 });
    expectClose(await forward(values, true), withPositions, tolerances.elementwise.f32);
    const gradient = embeddingBackwardReference(values.tokens, values.gradOutput, values.table, 1.5);
    const repeats = Math.ceil(shape.length / shape.vocabulary);
    expectClose(await backward(values), gradient, tolerances.sum.f32, Math.sqrt(repeats));
  });
});

test.each([
  { length: 17, vocabulary: 5, width: 33 },
  { length: 300, vocabulary: 1000, width: 64 },
  { length: 301, vocabulary: 1000, width: 25 },
])('a table stored as float16: $length tokens of $vocabulary, width $width', async (shape) => {
  const values = operands(shape);
  const table = values.table.map(Math.f16round);
  const expected = embeddingReference({ ...values, table, scale: 1.5 });
  const whole = await forward(values, true, undefined, 'float16');
  expectClose(whole, expected, tolerances.elementwise.f32);
  expectSameBits(whole, await forward({ ...values, table }, true));
  // What the output and the position table need.
  const limit = Math.max(shape.length, 11) * shape.width * 4;
  expectSameBits(await forward(values, true, limit, 'float16'), whole);
});

test('windows over the table give the same bits as one binding', async () => {
  const values = operands({ length: 501, vocabulary: 1000, width: 24 });
  // First and last rows of windows.
  values.tokens.splice(0, 6, 0, 447, 448, 895, 896, 999);
  const limit = 501 * 24 * 4;
  expect(1000 * 24 * 4).toBeGreaterThan(1.9 * limit);
  expectSameBits(await forward(values, true, limit), await forward(values, true));
  expectSameBits(await backward(values, limit), await backward(values));
});

test('a window may hold none of the tokens', async () => {
  const values = { ...operands({ length: 3, vocabulary: 640, width: 4 }), tokens: [600, 2, 600] };
  const gradient = embeddingBackwardReference(values.tokens, values.gradOutput, values.table, 1.5);
  expectClose(await backward(values, 64 * 4 * 4), gradient, tolerances.sum.f32);
  expectSameBits(await forward(values, false, 64 * 4 * 4), await forward(values, false));
});

test('more than 65,535 workgroups', async () => {
  const values = operands({ length: 65_600, vocabulary: 70, width: 257 });
  const out = await forward(values, false);
  for (const t of [0, 1, 65_279, 65_280, 65_599]) {
    const at = (values.tokens[t] ?? NaN) * 257;
    const expected = Array.from(values.table.slice(at, at + 257), (value) => 1.5 * value);
    expectClose(out.slice(t * 257, (t + 1) * 257), expected, tolerances.elementwise.f32);
  }
});

test('the reference gradient equals finite differences', () => {
  const { tokens, table, gradOutput, width } = operands({ length: 9, vocabulary: 4, width: 3 });
  const loss = (at: Float64Array): number =>
    dot(embeddingReference({ tokens, table: at, scale: 1.5, width }), gradOutput);
  const gradient = embeddingBackwardReference(tokens, gradOutput, new Float64Array(table.length), 1.5);
  expectClose(gradient, finiteDifferences(loss, table), tolerances['finite-differences'].f32);
});

test('tokens that are no rows of the table are refused', () => {
  using scope = gpu().scope();
  const [gradTable, gradOutput] = [scope.tensor([4, 2], 'wte'), scope.tensor([2, 2])];
  expect(() => embeddingBackward(gpu(), { tokens: [1, 4], gradOutput, gradTable, scale: 1 })).toThrow(
    /token 4 at position 1 is no row of wte/,
  );
  expect(() => embeddingBackward(gpu(), { tokens: [1], gradOutput, gradTable, scale: 1 })).toThrow(
    /does not match 1 tokens/,
  );
});
