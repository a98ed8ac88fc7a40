import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UserError } from '../errors.ts';
import { SafetensorsFile } from './safetensors-file.ts';
import { writeSafetensors } from './write-safetensors.ts';

let path: string;
beforeEach(async () => (path = join(await mkdtemp(join(tmpdir(), 'safetensors-file-')), 'file.safetensors')));
afterEach(() => rm(join(path, '..'), { recursive: true }));

const VALUES = Float32Array.from({ length: 24 }, (_, i) => i / 4 - 3);

test.each(['float32', 'float16', 'bfloat16'] as const)(
  '%s is read in runs, in the order asked for',
  async (dtype) => {
    await writeSafetensors(path, [{ name: 'x', shape: [2, 3, 4], dtype, data: VALUES }], {
      setting: 'ICL',
      empty: '',
    });
    const file = await SafetensorsFile.open(path);
    expect(file.metadata).toEqual({ setting: 'ICL', empty: '' });
    expect(file.tensors.get('x')?.shape).toEqual([2, 3, 4]);
    expect(await file.read('x')).toEqual(VALUES);
    expect(
      await file.read('x', [
        [20, 4],
        [1, 2],
        [0, 0],
      ]),
    ).toEqual(Float32Array.of(...VALUES.slice(20), ...VALUES.slice(1, 3)));
    expect(await file.readNumbers('x')).toEqual(Float64Array.from(VALUES));
  },
);

test('float64 and int64 are kept as they are', async () => {
  const doubles = Float64Array.of(0.1, -1e300, Number.MIN_VALUE);
  await writeSafetensors(path, [
    { name: 'odd', shape: [1], dtype: 'float16', data: Float32Array.of(1) },
    { name: 'x', shape: [3], dtype: 'float64', data: doubles },
    { name: 'n', shape: [2], dtype: 'int64', data: BigInt64Array.of(-(2n ** 53n) + 1n, 7n) },
  ]);
  const file = await SafetensorsFile.open(path);
  expect(file.metadata).toEqual({});
  expect(await file.readNumbers('x')).toEqual(doubles);
  expect(await file.readNumbers('n')).toEqual(Float64Array.of(Number.MIN_SAFE_INTEGER, 7));
  await expect(file.read('n')).rejects.toThrow('file.safetensors: tensor "n" has dtype I64; read are F32');
});

test.each([
  ['U8', Uint8Array.of(0, 255)],
  ['I8', Int8Array.of(-128, 127)],
  ['U16', Uint16Array.of(0, 65535)],
  ['I16', Int16Array.of(-32768, 3)],
  ['U32', Uint32Array.of(4294967295, 1)],
  ['I32', Int32Array.of(-2147483648, 1)],
  ['U64', BigUint64Array.of(2n ** 53n - 1n, 0n)],
])('%s is read as numbers', async (dtype, values) => {
  const header = JSON.stringify({ n: { dtype, shape: [2], data_offsets: [0, values.byteLength] } });
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.length));
  await writeFile(path, Buffer.concat([prefix, Buffer.from(header), Buffer.from(values.buffer)]));
  const file = await SafetensorsFile.open(path);
  expect(await file.readNumbers('n')).toEqual(Float64Array.from(values as Iterable<number | bigint>, Number));
});

describe('what is not there', () => {
  test('a tensor, elements, the file itself', async () => {
    await writeSafetensors(path, [{ name: 'x', shape: [4], dtype: 'float32', data: VALUES.subarray(0, 4) }]);
    const file = await SafetensorsFile.open(path);
    await expect(file.read('y')).rejects.toThrow(UserError);
    await expect(file.read('x', [[2, 3]])).rejects.toThrow(RangeError);
    await expect(file.read('x', [[-1, 2]])).rejects.toThrow(RangeError);
    await rm(path);
    await expect(file.read('x')).rejects.toThrow('file.safetensors: safetensors file does not exist');
    await expect(SafetensorsFile.open(path)).rejects.toThrow(UserError);
  });

  test('a number that is not finite is not written', async () => {
    const data = Float64Array.of(1, Number.NaN);
    await expect(writeSafetensors(path, [{ name: 'x', shape: [2], dtype: 'float64', data }])).rejects.toThrow(
      'not written, tensor "x" is NaN at element 1',
    );
  });
});
