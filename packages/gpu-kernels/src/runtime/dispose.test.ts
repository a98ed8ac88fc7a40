import { describe, expect, it } from 'vitest';
import { PackedSequences } from '../kernels/attention/packed-sequences.ts';
import { ScoreRows } from '../kernels/attention/scores.ts';
import { acquireTestGpu, useGpu } from '../testing/gpu.ts';
import { takeLeaks } from '../testing/leaks.ts';
import { defineKernel, grid } from './kernel.ts';
import { ensureDisposeSymbol } from './resource.ts';

const gpu = useGpu();

const COPY = defineKernel({
  label: 'test.copy',
  storage: { x: 'f32', out: '&f32' },
  params: { count: 'u32' },
  workgroupSize: [1],
  body: 'if (workgroup < params.count) { out[workgroup] = x[workgroup]; }',
});

describe('whatever owns memory of the device', () => {
  it('gives it back by dispose and by using, once', () => {
    const before = gpu().pool.live;
    const make = [
      () => gpu().tensor([4]),
      () => new PackedSequences(gpu(), [3, 2]),
      () => new ScoreRows(gpu(), [{ row: 1, firstKey: 0 }], 2),
      () => {
        const scope = gpu().scope();
        scope.tensor([4]);
        return scope;
      },
    ];
    for (const one of make) {
      {
        using owner = one();
        expect(gpu().pool.live.buffers).toBe(before.buffers + 1);
        owner.dispose();
        expect(gpu().pool.live).toEqual(before);
      }
      expect(gpu().pool.live).toEqual(before);
    }
  });

  it('is on the list of what is alive by label, shape and dtype until then', () => {
    using scope = gpu().scope();
    scope.tensor([2, 3], 'half of it', 'float16');
    const loss = scope.tensor([], 'loss');
    const list = () => gpu().pool.liveTensors();
    expect(list()).toEqual([
      { label: 'half of it', shape: [2, 3], dtype: 'float16' },
      { label: 'loss', shape: [], dtype: 'float32' },
    ]);
    loss.dispose();
    expect(list().map(({ label }) => label)).toEqual(['half of it']);
  });

  it('refuses to own more afterwards', () => {
    const scope = gpu().scope();
    const outlives = scope.release(scope.tensor([4], 'outlives'));
    scope.dispose();
    scope.dispose();
    const gone = 'the scope that was to own tensor';
    expect(() => scope.tensor([4], 'late')).toThrow(new RangeError(`${gone} late was disposed`));
    expect(() => scope.upload(Float32Array.of(1), [1], 'later')).toThrow(`${gone} later was disposed`);
    expect(() => scope.own(outlives)).toThrow(`${gone} outlives was disposed`);
    outlives.dispose();
    expect(gpu().pool.liveTensors()).toEqual([]);
  });
});

describe('a disposed Gpu', () => {
  it('refuses every use by name, also through those made of it, and takes late tensors back', async () => {
    const own = await acquireTestGpu();
    const derived = own.with({ summation: 'descending' });
    const [x, out] = [own.tensor([4], { label: 'x' }), own.tensor([4])];
    {
      using _closed = own;
    }
    own.dispose();
    const gone = new RegExp(`: the Gpu on .* was disposed$`);
    for (const used of [own, derived]) {
      expect(() => used.tensor([1], { label: 'late' })).toThrow(/^tensor late: the Gpu on .* was disposed$/);
      expect(() => used.upload(Float32Array.of(1), [1])).toThrow(gone);
      expect(() => used.write(x, Float32Array.of(1))).toThrow(/^write: the Gpu/);
      expect(() => used.dispatch(COPY, { x, out }, { count: 4 }, grid(4))).toThrow(
        /^kernel test\.copy: the Gpu on/,
      );
      expect(() => used.clear(x)).toThrow(gone);
      expect(() => used.copy(x, out)).toThrow(gone);
      expect(() => used.flush()).toThrow(gone);
      await expect(used.read(x)).rejects.toThrow(/^read: the Gpu on/);
      await expect(used.finish()).rejects.toThrow(gone);
      expect(() => used.scope().tensor([1])).toThrow(gone);
    }
    for (const tensor of [x, out]) tensor.dispose();
    expect(own.pool.live).toEqual({ bytes: 0, buffers: 0 });
    expect(own.pool.allocatedBytes).toBe(0);
  });

  it('does nothing where it was made by another', async () => {
    const own = await acquireTestGpu();
    own.with({}).dispose();
    using x = own.upload(Float32Array.of(1, 2), [2]);
    expect(await own.read(x)).toEqual(Float32Array.of(1, 2));
    x.dispose();
    own.dispose();
  });
});

it('what a test file leaves on any of its devices is told by name', async () => {
  expect(takeLeaks()).toEqual([]);
  const own = await acquireTestGpu();
  const left = own.tensor([2, 5], { label: 'left', dtype: 'uint32' });
  own.dispose();
  expect(takeLeaks()).toEqual(['left uint32 [2, 5]']);
  left.dispose();
});

it('using finds its symbol where the place has none', () => {
  const place: { dispose?: symbol } = {};
  ensureDisposeSymbol(place);
  expect(place.dispose).toBe(Symbol.for('Symbol.dispose'));
  const there = { dispose: Symbol('its own') };
  ensureDisposeSymbol(there);
  expect(there.dispose).not.toBe(place.dispose);
});
