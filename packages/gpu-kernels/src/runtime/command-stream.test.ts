import { describe, expect, it } from 'vitest';
import { NEEDED_LIMITS } from './device-needs.ts';
import { Gpu } from './gpu.ts';
import { defineKernel, grid } from './kernel.ts';

const kernel = (label: string) =>
  defineKernel({
    label,
    storage: { x: 'f32', out: '&f32' },
    params: { count: 'u32', factor: 'f32' },
    workgroupSize: [64],
    body: 'out[0] = params.factor * x[params.count];',
  });
const [ONE, OTHER] = [kernel('test.one'), kernel('test.other')];

/** A device that writes down what is asked of it, by name. */
function recorder(limits: { maxImmediateSize?: number } = {}) {
  const calls: string[] = [];
  const noted =
    <T>(name: string, result?: T) =>
    (): T => {
      calls.push(name);
      return result as T;
    };
  const names = ['setPipeline', 'setBindGroup', 'setImmediates', 'dispatchWorkgroups', 'end'];
  const pass = Object.fromEntries(names.map((name) => [name, noted(name)]));
  const encoder = {
    beginComputePass: noted('beginComputePass', pass),
    copyBufferToBuffer: noted('copyBufferToBuffer'),
    clearBuffer: noted('clearBuffer'),
    finish: () => ({}),
  };
  const device = {
    limits: { maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 2 ** 27, ...NEEDED_LIMITS, ...limits },
    features: new Set(),
    lost: new Promise(() => {}),
    queue: { submit: noted('submit'), writeBuffer: noted('writeBuffer') },
    addEventListener: () => {},
    createBuffer: ({ size }: { size: number }) => ({ size, destroy: () => {} }),
    createBindGroupLayout: () => ({}),
    createPipelineLayout: () => ({}),
    createShaderModule: () => ({}),
    createComputePipeline: () => ({}),
    createBindGroup: () => noted('createBindGroup', {})(),
    createCommandEncoder: () => encoder,
  };
  const gpu = Gpu.fromDevice(device as unknown as GPUDevice);
  const count = (name: string): number => calls.filter((call) => call === name).length;
  return { gpu, calls, count };
}

const params = { count: 0, factor: 1 };

describe('a stream of dispatches', () => {
  it('sets what changes alone: pipeline and bind group once, parameters for each', () => {
    const { gpu, calls } = recorder({ maxImmediateSize: 64 });
    using scope = gpu.scope();
    const [x, out] = [scope.tensor([4]), scope.tensor([4])];
    for (let i = 0; i < 3; i++) gpu.dispatch(ONE, { x, out }, params, grid(1));
    const [dispatch, immediates] = ['dispatchWorkgroups', 'setImmediates'];
    expect(calls).toEqual([
      ...['createBindGroup', 'beginComputePass', 'setPipeline', immediates, 'setBindGroup', dispatch],
      ...[immediates, dispatch, immediates, dispatch],
    ]);
  });

  it('has parameters in one buffer, written once a submit, where the device has no immediates', () => {
    const { gpu, count } = recorder();
    using scope = gpu.scope();
    const [x, out] = [scope.tensor([4]), scope.tensor([4])];
    for (let i = 0; i < 3; i++) gpu.dispatch(ONE, { x, out }, params, grid(1));
    gpu.flush();
    expect([count('setImmediates'), count('setPipeline'), count('setBindGroup')]).toEqual([0, 1, 3]);
    expect([count('createBindGroup'), count('writeBuffer')]).toEqual([1, 1]);
  });

  it('makes a bind group once for the same kernel and ranges, in temporary tensors too', () => {
    const { gpu, count } = recorder();
    const step = (): void => {
      using scope = gpu.scope();
      const [x, y, out] = [scope.tensor([64]), scope.tensor([64]), scope.tensor([64, 2])];
      gpu.dispatch(ONE, { x, out }, params, grid(1));
      gpu.dispatch(OTHER, { x, out }, params, grid(1));
      gpu.dispatch(ONE, { x: y, out: out.rows(0, 32) }, params, grid(1));
      gpu.dispatch(ONE, { x: y, out: out.rows(32, 64) }, params, grid(1));
    };
    step();
    expect(count('createBindGroup')).toBe(4);
    for (let i = 0; i < 100; i++) step();
    expect(count('createBindGroup')).toBe(4);
    // Buffers that are destroyed are in no bind group that is kept.
    gpu.pool.trim();
    step();
    expect(count('createBindGroup')).toBe(8);
  });

  it('forgets bind groups that have not been used for long', () => {
    const { gpu, count } = recorder();
    using scope = gpu.scope();
    const [x, far, out] = [scope.tensor([4]), scope.tensor([64 * 20_000]), scope.tensor([4])];
    const other = (i: number): void =>
      gpu.dispatch(ONE, { x: far.rows(64 * i, 64 * i + 64), out }, params, grid(1));
    for (let i = 0; i < 12_000; i++) {
      other(i);
      if (i % 1000 === 0) gpu.dispatch(ONE, { x, out }, params, grid(1));
    }
    expect(count('createBindGroup')).toBe(12_001);
    other(0);
    expect(count('createBindGroup')).toBe(12_002);
    other(11_999);
    expect(count('createBindGroup')).toBe(12_002);
  });

  it('is submitted by a write to what it uses, and by no other write', () => {
    const { gpu, calls } = recorder();
    using scope = gpu.scope();
    const [x, out, apart] = [scope.tensor([4]), scope.tensor([4]), scope.tensor([4])];
    const order = (): string[] => calls.filter((call) => call === 'submit' || call === 'writeBuffer');
    gpu.dispatch(ONE, { x, out }, params, grid(1));
    gpu.write(apart, new Float32Array(4));
    expect(order()).toEqual(['writeBuffer']);
    gpu.write(out, new Float32Array(4));
    expect(order().slice(1)).toEqual(['writeBuffer', 'submit', 'writeBuffer']);
    gpu.write(x, new Float32Array(4));
    expect(order().slice(4)).toEqual(['writeBuffer']);
    gpu.copy(x, apart);
    gpu.clear(out);
    for (const [i, tensor] of [x, apart, out].entries()) {
      if (i > 0) gpu.copy(x, apart);
      if (i > 0) gpu.clear(out);
      gpu.write(tensor, new Float32Array(4));
    }
    expect(order().filter((call) => call === 'submit').length).toBe(4);
  });

  it('is submitted by a write of another Gpu’s tensor that a third may have used', () => {
    const { gpu, count } = recorder();
    const beside = Gpu.fromDevice(gpu.device);
    using scope = gpu.scope();
    const [x, out] = [scope.tensor([4]), scope.tensor([4])];
    gpu.dispatch(ONE, { x, out }, params, grid(1));
    beside.dispatch(ONE, { x, out }, params, grid(1));
    beside.flush();
    gpu.write(x, new Float32Array(4));
    expect(count('submit')).toBe(2);
  });
});

it('a pool hands out the same free buffers whatever the order in which they came back', () => {
  const { gpu } = recorder();
  const make = () => Array.from({ length: 5 }, () => gpu.tensor([64]));
  const first = make();
  const buffers = first.map(({ buffer }) => buffer);
  for (const order of [
    [4, 3, 2, 1, 0],
    [2, 0, 4, 1, 3],
    [0, 1, 2, 3, 4],
  ]) {
    const now = first.splice(0);
    for (const i of order) now[i]?.dispose();
    first.push(...make());
    expect(first.every(({ buffer }, i) => buffer === buffers[i])).toBe(true);
  }
  for (const tensor of first) tensor.dispose();
});
