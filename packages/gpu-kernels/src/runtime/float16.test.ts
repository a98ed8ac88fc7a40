import { expect, it } from 'vitest';
import { decodeFloat16, encodeFloat16 } from './float16.ts';

const everyHalf = Uint16Array.from({ length: 1 << 16 }, (_, half) => half);

it('reads every half as JavaScript’s own Float16Array does', () => {
  expect(decodeFloat16(everyHalf)).toEqual(new Float32Array(new Float16Array(everyHalf.buffer)));
});

it('rounds to the half that JavaScript’s own Float16Array takes: at every half, next to it, between two, and next to that', () => {
  const finite = decodeFloat16(everyHalf).filter(Number.isFinite);
  const sorted = [...finite].toSorted((a, b) => a - b);
  const between = sorted.map((value, i) => (value + (sorted[i + 1] ?? 65536)) / 2);
  const exact = Float32Array.from([...sorted, ...between, 65519.996, 65520, 65536, 1e38, Infinity]);
  const words = new Uint32Array(exact.buffer);
  const neighbours = [-1, 0, 1].flatMap((step) => [
    ...new Float32Array(words.map((word) => word + step).buffer).filter((value) => !Number.isNaN(value)),
  ]);
  const source = Float32Array.from([...neighbours, ...neighbours.map((value) => -value)]);
  expect(source.length).toBeGreaterThan(700_000);
  const own = new Uint16Array(Float16Array.from(source).buffer);
  expect(Buffer.compare(Buffer.from(encodeFloat16(source).buffer), Buffer.from(own.buffer))).toBe(0);
});

it('keeps NaN, and takes whole numbers', () => {
  expect(decodeFloat16(encodeFloat16(Float32Array.of(NaN, -NaN)))).toEqual(Float32Array.of(NaN, NaN));
  expect(decodeFloat16(encodeFloat16(Uint32Array.of(0, 3, 2049, 65504)))).toEqual(
    Float32Array.of(0, 3, 2048, 65504),
  );
});
