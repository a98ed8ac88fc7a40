import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { UserError } from '../errors.ts';
import { Checkpoint } from './checkpoint.ts';
import { type FloatDType, SAFETENSORS_NAMES } from './dtype.ts';
import { type NamedTensor, writeSafetensors } from './write-safetensors.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'safetensors-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const LARGEST = { float32: 3.4028234663852886e38, float16: 65504, bfloat16: 3.3895313892515355e38 };

type FloatTensor = Extract<NamedTensor, { dtype: FloatDType }>;

const tensors: fc.Arbitrary<FloatTensor[]> = fc.uniqueArray(
  fc
    .record({
      name: fc.string({ unit: 'binary' }).filter((name) => name !== '__metadata__'),
      shape: fc.array(fc.nat(5), { maxLength: 3 }),
      dtype: fc.constantFrom<FloatDType>('float32', 'float16', 'bfloat16'),
    })
    .chain(({ name, shape, dtype }) => {
      const count = shape.reduce((product, extent) => product * extent, 1);
      const value = fc.float({ min: -LARGEST[dtype], max: LARGEST[dtype], noNaN: true });
      return fc
        .array(value, { minLength: count, maxLength: count })
        .map((values) => ({ name, shape, dtype, data: Float32Array.from(values) }));
    }),
  { maxLength: 6, selector: ({ name }) => name },
);

/** Nearest value with 8 significant bits, ties to even, by arithmetic instead of bits. */
function roundToBfloat16(x: number): number {
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(x) || 1)), -126);
  const unit = 2 ** (exponent - 7);
  const scaled = x / unit;
  const below = Math.floor(scaled);
  const fraction = scaled - below;
  return (fraction > 0.5 || (fraction === 0.5 && below % 2 !== 0) ? below + 1 : below) * unit;
}

const ROUND = { float32: Math.fround, float16: Math.f16round, bfloat16: roundToBfloat16 };

test('what is written is read, rounded to its dtype', async () => {
  const path = join(directory, 'model.safetensors');
  await fc.assert(
    fc.asyncProperty(tensors, fc.dictionary(fc.string(), fc.string()), async (written, metadata) => {
      await writeSafetensors(path, written, metadata);
      await using checkpoint = await Checkpoint.open(directory);
      expect(checkpoint.tensors.size).toBe(written.length);
      for (const { name, shape, dtype, data } of written) {
        const stored = checkpoint.tensors.get(name)!;
        expect({ shape: stored.shape, dtype: stored.dtype }).toEqual({
          shape,
          dtype: SAFETENSORS_NAMES[dtype],
        });
        // -0 and 0 are told apart by no reader of weights.
        expect(Array.from(await checkpoint.read(name), (x) => x + 0)).toEqual(
          Array.from(data as Float32Array, (x) => ROUND[dtype](x) + 0),
        );
        expect(stored.offset % (dtype === 'float32' ? 4 : 2)).toBe(0);
      }
    }),
  );
});

test('values that come in chunks give the bytes of values that come at once', async () => {
  const values = Float32Array.from({ length: (1 << 20) + 700 }, (_, i) => Math.sin(i));
  const chunks = function* (): Generator<Float32Array> {
    for (const [start, end] of [
      [0, 3],
      [3, 3],
      [3, 900],
      [900, values.length],
    ])
      yield values.slice(start, end);
  };
  const tensor = { name: 'w', shape: [values.length], dtype: 'float16' } as const;
  const [whole, parts] = [join(directory, 'whole.safetensors'), join(directory, 'parts.safetensors')];
  await writeSafetensors(whole, [{ ...tensor, data: values }]);
  await writeSafetensors(parts, [{ ...tensor, data: chunks }]);
  expect((await readFile(parts)).equals(await readFile(whole))).toBe(true);
  const short = writeSafetensors(whole, [{ ...tensor, shape: [9], data: () => [values.subarray(0, 8)] }]);
  await expect(short).rejects.toThrow('"w" gave 8 values for shape [9]');
});

test('the bytes are those of the format', async () => {
  const path = join(directory, 'x.safetensors');
  const data = Float32Array.of(1, -2);
  await writeSafetensors(
    path,
    [
      { name: 'half', shape: [1], dtype: 'float16', data: Float32Array.of(0.5) },
      { name: 'h', shape: [2, 1], dtype: 'float32', data },
    ],
    { format: 'pt' },
  );
  const json =
    '{"__metadata__":{"format":"pt"},"h":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},' +
    '"half":{"dtype":"F16","shape":[1],"data_offsets":[8,10]}}';
  const padded = json.padEnd(Math.ceil(json.length / 8) * 8);
  const expected = Buffer.concat([
    Buffer.from([padded.length, 0, 0, 0, 0, 0, 0, 0]),
    Buffer.from(padded),
    Buffer.from([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0, 0x38]),
  ]);
  expect(await readFile(path)).toEqual(expected);
});

test.each([
  ['float32', Number.NaN, 'is NaN at element 1, which float32 cannot store'],
  ['bfloat16', Number.NaN, 'is NaN at element 1, which bfloat16 cannot store'],
  ['float16', 65520, 'is 65520 at element 1, which float16 cannot store'],
  ['bfloat16', 3.4e38, 'which bfloat16 cannot store'],
] as const)('%s refuses %d, and the file of before stays', async (dtype, value, message) => {
  const path = join(directory, 'x.safetensors');
  await writeSafetensors(path, []);
  const before = await readFile(path);
  const writing = writeSafetensors(path, [{ name: 'w', shape: [2], dtype, data: Float32Array.of(1, value) }]);
  await expect(writing).rejects.toThrow(UserError);
  await expect(writing).rejects.toThrow(`${path}: not written, tensor "w" `);
  await expect(writing).rejects.toThrow(message);
  expect(await readdir(directory)).toEqual(['x.safetensors']);
  expect(await readFile(path)).toEqual(before);
});

test('a place that can be no directory, a shape that does not fit, a name used twice', async () => {
  const path = join(directory, 'x.safetensors');
  const tensor = { name: 'w', shape: [1], dtype: 'float32', data: Float32Array.of(1) } as const;
  await expect(writeSafetensors('/dev/null/x.safetensors', [tensor])).rejects.toThrow(UserError);
  await expect(writeSafetensors(path, [{ ...tensor, shape: [2] }])).rejects.toThrow(RangeError);
  await expect(writeSafetensors(path, [tensor, tensor])).rejects.toThrow(TypeError);
  expect(await readdir(directory)).toEqual([]);
});
