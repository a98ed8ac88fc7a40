import { describe, expect, test } from 'vitest';
import { useGpu } from '../testing/gpu.ts';
import { defineKernel, grid } from './kernel.ts';

const gpu = useGpu();

describe('what a dispatch is given', () => {
  const MIXED = defineKernel({
    label: 'test.mixed',
    storage: { x: 'vec4<f32>', index: 'vec2<u32>', halves: 'f16x2', out: '&f32' },
    params: { count: 'u32', shift: 'i32', factor: 'f32' },
    workgroupSize: [1],
    body: 'out[0] = params.factor * x[0].x + f32(index[0].x) + f32(params.shift) + unpack2x16float(halves[0]).x;',
  });

  test('must be of the dtype that the kernel declares, ranges of tensors too', () => {
    using scope = gpu().scope();
    const right = {
      x: scope.tensor([4], 'full'),
      index: scope.tensor([2], 'tokens', 'uint32'),
      halves: scope.tensor([2], 'narrow', 'float16'),
      out: scope.tensor([1]),
    };
    const params = { count: 1, shift: -3, factor: 2 };
    const dispatch = (storage: Partial<typeof right>) => () =>
      gpu().dispatch(MIXED, { ...right, ...storage }, params, grid(1));
    expect(dispatch({})).not.toThrow();
    expect(dispatch({ x: right.halves })).toThrow(
      'kernel test.mixed: binding x takes float32; tensor narrow is float16',
    );
    expect(dispatch({ x: right.index })).toThrow('binding x takes float32; tensor tokens is uint32');
    expect(dispatch({ index: right.x })).toThrow('binding index takes uint32; tensor full is float32');
    expect(dispatch({ halves: right.index })).toThrow(
      'binding halves takes float16; tensor tokens is uint32',
    );
    expect(dispatch({ out: right.halves })).toThrow('binding out takes float32; tensor narrow is float16');
    const range = right.index.rows(0, 1);
    expect(() => gpu().dispatch(MIXED, { ...right, x: range }, params, grid(1))).toThrow(
      'binding x takes float32; tensor tokens[0:1] is uint32',
    );
    right.index.dispose();
    expect(() => gpu().dispatch(MIXED, { ...right, index: range }, params, grid(1))).toThrow(
      'index: tensor tokens[0:1] was disposed',
    );
  });

  test.each([
    ['count', -1, 'u32'],
    ['count', 1.5, 'u32'],
    ['count', 2 ** 32, 'u32'],
    ['count', Number.NaN, 'u32'],
    ['shift', -(2 ** 31) - 1, 'i32'],
    ['shift', 2 ** 31, 'i32'],
    ['shift', 0.5, 'i32'],
    ['factor', Number.NaN, 'f32'],
    ['factor', Infinity, 'f32'],
    ['factor', 1e39, 'f32'],
  ])('must be in range: %s = %d is no %s', (name, value, type) => {
    using scope = gpu().scope();
    const storage = {
      x: scope.tensor([4]),
      index: scope.tensor([2], 'tokens', 'uint32'),
      halves: scope.tensor([2], 'narrow', 'float16'),
      out: scope.tensor([1]),
    };
    const params = { count: 2 ** 32 - 1, shift: -(2 ** 31), factor: 3.4e38, [name]: value };
    expect(() => gpu().dispatch(MIXED, storage, params, grid(1))).toThrow(
      new RangeError(`kernel test.mixed: parameter ${name} is ${value}, which is no ${type}`),
    );
  });

  test('is read as it was written', async () => {
    using scope = gpu().scope();
    const halves = scope.tensor([2], 'narrow', 'float16');
    gpu().write(halves, Float32Array.of(0.25, 7));
    const out = scope.tensor([1]);
    gpu().dispatch(
      MIXED,
      {
        x: scope.upload(Float32Array.of(5, 0, 0, 0), [4]),
        index: scope.upload(Uint32Array.of(100, 0), [2]),
        halves,
        out,
      },
      { count: 1, shift: -3, factor: 2 },
      grid(1),
    );
    expect(await gpu().read(out)).toEqual(Float32Array.of(2 * 5 + 100 - 3 + 0.25));
  });
});
