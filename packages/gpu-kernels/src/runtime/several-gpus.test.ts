import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { acquireGpu, listAdapters } from '../device/acquire.ts';
import { matmul } from '../kernels/matmul/matmul.ts';
import { matrix } from '../kernels/matmul/matrix.ts';
import { layerNormForward } from '../kernels/row-norm/layer-norm.ts';
import { expectSameBits } from '../testing/closeness.ts';
import { acquireTestGpu } from '../testing/gpu.ts';
import { TestRandom } from '../testing/random.ts';
import { useOwnDevices } from '../testing/share-devices.ts';
import { Gpu } from './gpu.ts';
import type { Scope } from './scope.ts';
import type { Tensor } from './tensor.ts';

useOwnDevices();

const SIZE = 48;
const STEPS = 12;
const random = new TestRandom(1);
const [WEIGHT, INPUT] = [random.normal(SIZE * SIZE), random.normal(SIZE * SIZE)];

/** A chain of products and norms, step by step, so that chains of several Gpus can take turns. */
class Chain {
  readonly #gpu: Gpu;
  readonly #scope: Scope;
  readonly #weight: Tensor;
  readonly #norm: { readonly weight: Tensor; readonly bias: Tensor };
  #x: Tensor;

  constructor(gpu: Gpu, factor: number) {
    this.#gpu = gpu;
    this.#scope = gpu.scope();
    this.#weight = this.#scope.upload(WEIGHT, [SIZE, SIZE]);
    const [weight, bias] = [new Float32Array(SIZE).fill(factor), new Float32Array(SIZE).fill(0.5)];
    this.#norm = { weight: this.#scope.upload(weight, [SIZE]), bias: this.#scope.upload(bias, [SIZE]) };
    this.#x = this.#scope.upload(INPUT, [SIZE, SIZE]);
  }

  step(): void {
    const product = this.#scope.tensor([SIZE, SIZE]);
    const next = this.#scope.tensor([SIZE, SIZE]);
    matmul(this.#gpu, { a: matrix(this.#x), b: matrix(this.#weight), c: matrix(product) });
    layerNormForward(this.#gpu, { x: product, ...this.#norm, out: next, epsilon: 1e-5 });
    // Back to the pool, for the next step of whoever takes it.
    for (const done of [product, this.#x]) done.dispose();
    this.#x = next;
  }

  async end(): Promise<Float32Array> {
    const values = await this.#gpu.read(this.#x);
    this.#scope.dispose();
    return values;
  }
}

async function alone(gpu: Gpu, factor: number): Promise<Float32Array> {
  const chain = new Chain(gpu, factor);
  for (let i = 0; i < STEPS; i++) chain.step();
  return chain.end();
}

/** All chains, a step of each after the other, submitted now and then. */
async function inTurns(gpus: readonly Gpu[]): Promise<Float32Array[]> {
  const chains = gpus.map((gpu, i) => new Chain(gpu, i + 1));
  for (let i = 0; i < STEPS; i++) {
    for (const chain of chains) chain.step();
    if (i % 5 === 4) gpus[i % gpus.length]?.flush();
  }
  return Promise.all(chains.map((chain) => chain.end()));
}

/** Each with the bits that it has when nothing else is at work. */
async function expectBitsOfAlone(gpus: readonly Gpu[]): Promise<Float32Array[]> {
  const expected: Float32Array[] = [];
  for (const [i, gpu] of gpus.entries()) expected.push(await alone(gpu, i + 1));
  const actual = await inTurns(gpus);
  for (const [i, values] of actual.entries()) expectSameBits(values, expected[i] as Float32Array, `Gpu ${i}`);
  return actual;
}

describe('several Gpus on one device', () => {
  let owner: Gpu;
  beforeAll(async () => {
    owner = await acquireTestGpu();
  });
  afterAll(() => owner.dispose());

  it('have a stream and a pool each, compile once, and leave each other the bits of work alone', async () => {
    const { device } = owner;
    const compiled: string[] = [];
    const onCompile = ({ label }: { label: string }): void => void compiled.push(label);
    const gpus = [
      Gpu.fromDevice(device, undefined, { keepDevice: true, onCompile }),
      await acquireGpu({ device, onCompile }),
      owner,
    ];
    const values = await expectBitsOfAlone(gpus);
    expect(values[0]).not.toEqual(values[1]);
    expect(new Set(gpus.map(({ pool }) => pool)).size).toBe(3);
    expect(gpus.map(({ pool }) => pool.live.buffers)).toEqual([0, 0, 0]);
    expect(new Set(compiled).size).toBe(compiled.length);
    expect(gpus.map(({ pipelines }) => pipelines.kernels)).toEqual(gpus.map(() => owner.pipelines.kernels));
    // Those that were handed the device leave it open.
    for (const gpu of gpus.slice(0, 2)) gpu.dispose();
    expectSameBits(await alone(owner, 3), values[2] as Float32Array);
  });

  it('have one listener of its errors together, so that Node warns of none', async () => {
    const { device } = await acquireTestGpu();
    const add = vi.spyOn(device, 'addEventListener');
    const gpus = Array.from({ length: 20 }, () => Gpu.fromDevice(device, undefined, { keepDevice: true }));
    expect(add.mock.calls.length).toBeLessThanOrEqual(1);
    const [first, second] = gpus as [Gpu, Gpu];
    first.dispose();
    device.destroy();
    await device.lost;
    expect(() => second.check()).toThrow(/^GPU error on .*: device lost/);
    const late = Gpu.fromDevice(device, undefined, { keepDevice: true });
    expect(() => late.check()).toThrow(/device lost/);
    for (const gpu of [...gpus, late]) gpu.dispose();
  });

  it('describe it by what it says of its adapter itself', async () => {
    const lines: string[] = [];
    const given = await acquireGpu({ device: owner.device, log: (line) => lines.push(line) });
    expect(given.adapter).toEqual({ ...owner.adapter, source: 'given' });
    expect(given.tuning).toEqual(owner.tuning);
    expect(lines.join()).toContain(given.adapter.description);
    given.dispose();
  });
});

describe('several Gpus on devices of their own', () => {
  it('leave each other the bits of work alone, on every adapter at once', async () => {
    const names = new Set((await listAdapters()).map(({ description }) => description));
    const gpus = [
      await acquireTestGpu(),
      await acquireTestGpu(),
      ...(await Promise.all([...names].map((adapter) => acquireGpu({ adapter })))),
    ];
    expect(new Set(gpus.map(({ device }) => device)).size).toBe(gpus.length);
    await expectBitsOfAlone(gpus);
    for (const gpu of gpus) gpu.dispose();
  });

  it('say so where they are disposed while somebody reads', async () => {
    const own = await acquireTestGpu();
    const x = own.upload(Float32Array.of(1, 2), [2]);
    const reading = own.read(x).catch((error: unknown) => error);
    own.dispose();
    const error = await reading;
    expect(error).toBeInstanceOf(RangeError);
    expect(String(error)).toMatch(/read: the Gpu on .* was disposed$/);
    x.dispose();
  });

  it('do not take each other’s tensors', async () => {
    const [one, other] = [await acquireTestGpu(), await acquireTestGpu()];
    const [a, b] = [one.tensor([2, 2], { label: 'a' }), other.tensor([2, 2], { label: 'b' })];
    const elsewhere = /: tensor a lies on another device$/;
    const product = { a: matrix(a), b: matrix(b), c: matrix(b) };
    expect(() => matmul(other, product)).toThrow(/^kernel matmul\.\S+: a: tensor a lies on another device$/);
    expect(() => other.write(a, Float32Array.of(1))).toThrow(elsewhere);
    expect(() => other.clear(a)).toThrow(elsewhere);
    expect(() => other.copy(b, a)).toThrow(elsewhere);
    await expect(other.read(a)).rejects.toThrow(elsewhere);
    for (const owned of [a, b, one, other]) owned.dispose();
  });
});
