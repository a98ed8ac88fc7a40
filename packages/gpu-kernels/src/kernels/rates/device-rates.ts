import { matmul } from '../matmul/matmul.ts';
import { matrix } from '../matmul/matrix.ts';
import type { Gpu } from '../../runtime/gpu.ts';
import { grid } from '../../runtime/kernel.ts';
import type { Scope } from '../../runtime/scope.ts';
import { COPY, COPY_INVOCATIONS, FMA, FMA_INVOCATIONS, FMA_STEP } from './peak-kernels.ts';

/** What a device does at most, and in a matrix product. */
export interface DeviceRates {
  /** Floating-point operations a second of float32 multiply-adds (two each) that touch no memory. */
  readonly fma: number;
  /** Bytes a second that a copy reads and writes together, of buffers larger than caches where the device has room. */
  readonly copy: number;
  /** Floating-point operations a second of `matmul`, A·Bᵀ. */
  readonly matmul: number;
  /** m, n and k of that product. */
  readonly matmulShape: readonly [number, number, number];
}

/** How rates are measured. */
export interface RateOptions {
  /** Seconds that each of the three rates takes to measure, about; 0.3 if absent. */
  readonly seconds?: number;
}

/** Of graphics cards and of software adapters: bytes that are copied, vec4s an invocation, rows of square matrices, workgroups of multiply-adds. */
const SIZES = {
  hardware: { copied: 2 ** 28, each: 4, matrix: 4096, workgroups: 8192 },
  software: { copied: 2 ** 26, each: 256, matrix: 512, workgroups: 64 },
} as const;

/** Each rate is the best of so many rounds: what disturbs a measurement makes it slower. */
const ROUNDS = 5;
const WARMING = 2;

/**
 * Measures what the device does at most, by the clock, with nothing else on it: the peaks that a profile compares with.
 * @throws UserError (`memory-budget`) if the pool has no room for what is copied; Error if the device failed
 */
export async function measureDevice(gpu: Gpu, { seconds = 0.3 }: RateOptions = {}): Promise<DeviceRates> {
  const { copied, each, matrix: n, workgroups } = SIZES[gpu.adapter.kind];
  const measure = async (work: number, prepare: (scope: Scope) => () => void): Promise<number> => {
    using scope = gpu.scope();
    return work / (await secondsOfCall(gpu, prepare(scope), seconds));
  };
  const fma = await measure(2 * FMA_STEP * FMA_REPEATS * workgroups * FMA_INVOCATIONS, (scope) => {
    const out = scope.tensor([workgroups * FMA_INVOCATIONS], 'rates.fma');
    const params = { repeats: FMA_REPEATS, factor: 0.999, term: 0.001 };
    return () => gpu.dispatch(FMA, { out }, params, grid(workgroups));
  });
  const bytes = Math.min(copied, gpu.maxBindingBytes);
  const copy = await measure(2 * bytes, (scope) => {
    const [x, out] = [scope.tensor([bytes / 4], 'rates.copied'), scope.tensor([bytes / 4], 'rates.copy')];
    const count = bytes / 16;
    return () =>
      gpu.dispatch(COPY, { x, out }, { count, each }, grid(Math.ceil(count / each / COPY_INVOCATIONS)));
  });
  const rate = await measure(2 * n ** 3, (scope) => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => matrix(scope.tensor([n, n], `rates.${name}`)));
    for (const operand of [a, b]) gpu.clear(operand!.tensor);
    return () => matmul(gpu, { a: a!, b: b!, c: c!, transposeB: true });
  });
  return { fma, copy, matmul: rate, matmulShape: [n, n, n] };
}

/** Rounds of {@link FMA_STEP} multiply-adds that an invocation does. */
const FMA_REPEATS = 256;

/** Of one call among as many as fill a round, in the best round. */
async function secondsOfCall(gpu: Gpu, call: () => void, seconds: number): Promise<number> {
  const timed = async (calls: number): Promise<number> => {
    await gpu.finish();
    const start = performance.now();
    for (let i = 0; i < calls; i++) call();
    await gpu.finish();
    return (performance.now() - start) / 1e3 / calls;
  };
  // Compiles, and wakes what sleeps.
  for (let i = 0; i < WARMING; i++) await timed(1);
  const calls = Math.max(1, Math.min(1000, Math.round(seconds / ROUNDS / (await timed(1)))));
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) best = Math.min(best, await timed(calls));
  return best;
}
