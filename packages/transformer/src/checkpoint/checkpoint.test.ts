import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UserError } from '../errors.ts';
import { Checkpoint } from './checkpoint.ts';
import { writeSafetensors } from './write-safetensors.ts';

const fixtures = join(import.meta.dirname, '../../../../tests/fixtures');

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'checkpoint-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

function safetensors(header: unknown, data: Uint8Array = new Uint8Array(0)): Buffer {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([prefix, json, data]);
}

function bytesOf(array: Float32Array | Float64Array | Uint16Array | BigInt64Array): Uint8Array {
  return new Uint8Array(array.buffer);
}

async function openBytes(bytes: Uint8Array): Promise<Checkpoint> {
  await writeFile(join(directory, 'model.safetensors'), bytes);
  return Checkpoint.open(directory);
}

async function openingError(): Promise<string> {
  const error: unknown = await Checkpoint.open(directory).then(
    (checkpoint) => checkpoint.close().then(() => 'opened without an error'),
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  const { message } = error as UserError;
  expect(message).toContain(directory);
  expect(message.split('\n').length).toBeLessThanOrEqual(2);
  return message;
}

describe('reading', () => {
  test('every floating-point dtype becomes float32, exactly', async () => {
    const values = [0, -0, 1, -2.5, 2 ** -14, 2 ** -24, 65504];
    const single = bytesOf(Float32Array.from(values));
    const double = bytesOf(Float64Array.from(values));
    // Written out by hand: the half-precision patterns of these values, and bfloat16 of 0, -0, 1, -2.5, 2^-14, 2^-24, 2^16.
    const half = bytesOf(Uint16Array.of(0x0000, 0x8000, 0x3c00, 0xc100, 0x0400, 0x0001, 0x7bff));
    const brain = bytesOf(Uint16Array.of(0x0000, 0x8000, 0x3f80, 0xc020, 0x3880, 0x3380, 0x4780));
    const header = {
      __metadata__: { format: 'pt' },
      // The odd offsets put the wider types at addresses that are not multiples of their size.
      brain: { dtype: 'BF16', shape: [7], data_offsets: [0, 14] },
      double: { dtype: 'F64', shape: [7, 1], data_offsets: [14, 70] },
      half: { dtype: 'F16', shape: [1, 7], data_offsets: [70, 84] },
      single: { dtype: 'F32', shape: [7], data_offsets: [84, 112] },
      scalar: { dtype: 'F16', shape: [], data_offsets: [112, 114] },
      none: { dtype: 'F32', shape: [0, 5], data_offsets: [114, 114] },
    };
    const three = bytesOf(Uint16Array.of(0x4200));
    await using checkpoint = await openBytes(
      safetensors(header, Buffer.concat([brain, double, half, single, three])),
    );
    expect([...checkpoint.tensors.keys()]).toEqual(['brain', 'double', 'half', 'single', 'scalar', 'none']);
    expect(checkpoint.tensors.get('double')).toMatchObject({ dtype: 'F64', shape: [7, 1], bytes: 56 });
    const expected = Float32Array.from(values);
    for (const name of ['single', 'double', 'half']) expect(await checkpoint.read(name)).toEqual(expected);
    expect(await checkpoint.read('brain')).toEqual(Float32Array.from([...values.slice(0, 6), 65536]));
    expect(await checkpoint.read('scalar')).toEqual(Float32Array.of(3));
    expect(await checkpoint.read('none')).toHaveLength(0);
  });

  test('tensors longer than one chunk, and rows of them', async () => {
    const shape = [3001, 1003];
    const data = Float32Array.from({ length: 3001 * 1003 }, (_, i) => (i * 7) % 2039);
    for (const dtype of ['float32', 'float16', 'bfloat16'] as const) {
      const stored = dtype === 'bfloat16' ? data.map((x) => x % 256) : data;
      await writeSafetensors(join(directory, 'model.safetensors'), [
        { name: 'before', shape: [3], dtype, data: Float32Array.of(1, 2, 3) },
        { name: 'table', shape, dtype, data: stored },
      ]);
      await using checkpoint = await Checkpoint.open(directory);
      const read = await checkpoint.read('table');
      expect(Buffer.compare(bytesOf(read), bytesOf(stored))).toBe(0);
      expect(await checkpoint.readRows('table', 1999, 2002)).toEqual(stored.slice(1999 * 1003, 2002 * 1003));
      expect(await checkpoint.readRows('table', 3001, 3001)).toHaveLength(0);
      await expect(checkpoint.readRows('table', 3000, 3002)).rejects.toThrow(RangeError);
      await expect(checkpoint.readRows('before', 0, 1)).rejects.toThrow('not two dimensions');
    }
  });

  test('shards are read through their index, also through links out of the directory', async () => {
    await mkdir(join(directory, 'blobs'));
    await mkdir(join(directory, 'snapshot'));
    const weightMap: Record<string, string> = {};
    for (const [i, name] of ['first', 'second'].entries()) {
      const shard = `model-0000${i + 1}-of-00002.safetensors`;
      const data = Float32Array.of(i, i + 1);
      await writeSafetensors(join(directory, 'blobs', name), [
        { name: `${name}.weight`, shape: [2], dtype: 'float32', data },
        { name: 'in both shards', shape: [2], dtype: 'float32', data },
      ]);
      await symlink(join(directory, 'blobs', name), join(directory, 'snapshot', shard));
      weightMap[`${name}.weight`] = shard;
      weightMap['in both shards'] = shard;
    }
    const index = JSON.stringify({ metadata: { total_size: 16 }, weight_map: weightMap });
    await writeFile(join(directory, 'snapshot/model.safetensors.index.json'), index);
    await using checkpoint = await Checkpoint.open(join(directory, 'snapshot'));
    expect([...checkpoint.tensors.keys()].sort()).toEqual([
      'first.weight',
      'in both shards',
      'second.weight',
    ]);
    expect(await checkpoint.read('first.weight')).toEqual(Float32Array.of(0, 1));
    expect(await checkpoint.read('in both shards')).toEqual(Float32Array.of(1, 2));
    const digests = await checkpoint.digests();
    expect(digests.map(({ file }) => file)).toEqual([
      'model.safetensors.index.json',
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
    ]);
    expect(digests[0]!.sha256).toBe(createHash('sha256').update(index).digest('hex'));
  });

  test.each([
    ['own-text-gpt2', 'transformer.wte.weight', [454, 24]],
    ['own-text-xglm', 'model.embed_tokens.weight', [470, 28]],
  ])('the fixture %s, which other software wrote', async (fixture, embedding, shape) => {
    const model = join(fixtures, fixture, 'model');
    await using checkpoint = await Checkpoint.open(model);
    const tensor = checkpoint.tensors.get(embedding)!;
    expect(tensor).toMatchObject({ dtype: 'F32', shape });
    const file = await readFile(join(model, 'model.safetensors'));
    const expected = Array.from({ length: tensor.bytes / 4 }, (_, i) =>
      file.readFloatLE(tensor.offset + 4 * i),
    );
    expect(Array.from(await checkpoint.read(embedding))).toEqual(expected);
    const sha256 = createHash('sha256').update(file).digest('hex');
    expect(await checkpoint.digests()).toEqual([{ file: 'model.safetensors', sha256 }]);
  });
});

describe('values that cannot be weights', () => {
  test.each([
    ['F32', bytesOf(Float32Array.of(1, 2, Number.NaN, 4)), 'NaN at element 2'],
    ['F32', bytesOf(Float32Array.of(1, -Infinity, Number.NaN, 4)), '-Infinity at element 1'],
    ['F64', bytesOf(Float64Array.of(1, 2, 3, 1e300)), 'Infinity at element 3'],
    ['F16', bytesOf(Uint16Array.of(0x7c00, 0, 0, 0)), 'Infinity at element 0'],
    ['BF16', bytesOf(Uint16Array.of(0, 0, 0, 0x7fc0)), 'NaN at element 3'],
  ])('%s: %#', async (dtype, data, message) => {
    const header = { 'h.0.weight': { dtype, shape: [2, 2], data_offsets: [0, data.length] } };
    await using checkpoint = await openBytes(safetensors(header, data));
    const reading = checkpoint.read('h.0.weight');
    await expect(reading).rejects.toThrow(UserError);
    await expect(reading).rejects.toThrow(
      `${join(directory, 'model.safetensors')}: tensor "h.0.weight" is ${message}`,
    );
  });

  test('a NaN far into a tensor is found at its own index', async () => {
    const data = new Float32Array(3 << 20);
    data[2_500_001] = Number.NaN;
    const header = { w: { dtype: 'F32', shape: [3, 1 << 20], data_offsets: [0, data.byteLength] } };
    await using checkpoint = await openBytes(safetensors(header, bytesOf(data)));
    await expect(checkpoint.read('w')).rejects.toThrow('NaN at element 2500001');
    await expect(checkpoint.readRows('w', 2, 3)).rejects.toThrow('NaN at element 2500001');
    expect(await checkpoint.readRows('w', 0, 2)).toHaveLength(2 << 20);
  });

  test('other dtypes are listed, but not read as floats', async () => {
    const header = { ids: { dtype: 'I64', shape: [2], data_offsets: [0, 16] } };
    await using checkpoint = await openBytes(safetensors(header, bytesOf(BigInt64Array.of(1n, 2n))));
    expect(checkpoint.tensors.get('ids')!.dtype).toBe('I64');
    await expect(checkpoint.read('ids')).rejects.toThrow('tensor "ids" has dtype I64');
    await expect(checkpoint.read('idz')).rejects.toThrow('no tensor "idz"');
  });

  test('a file that shrinks after it was opened', async () => {
    const header = { w: { dtype: 'F32', shape: [4], data_offsets: [0, 16] } };
    await using checkpoint = await openBytes(safetensors(header, new Uint8Array(16)));
    await truncate(join(directory, 'model.safetensors'), 20);
    await expect(checkpoint.read('w')).rejects.toThrow('ends within tensor "w"; it was cut off');
  });
});

const F32 = { dtype: 'F32', shape: [2], data_offsets: [0, 8] };

function withHeaderLength(length: bigint, rest = '{}'): Buffer {
  const file = safetensors(rest);
  file.writeBigUInt64LE(length);
  return file;
}

describe('faulty files are refused when they are opened', () => {
  test.each<[string, Uint8Array, string]>([
    ['empty file', Buffer.alloc(0), 'is empty'],
    ['seven bytes', Buffer.alloc(7), 'has 7 bytes, too few for a header'],
    ['header one byte too long', withHeaderLength(3n), 'claims 3 bytes, but only 2 follow'],
    ['header of 10 GB', withHeaderLength(10_000_000_000n), 'claims 10000000000 bytes'],
    ['header of 2^63 bytes', withHeaderLength(2n ** 63n), 'claims 9223372036854775808 bytes'],
    ['header of 2^64 - 1 bytes', withHeaderLength(2n ** 64n - 1n), 'claims 18446744073709551615 bytes'],
    ['Git LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\noid'), 'git lfs pull'],
    ['not JSON', safetensors('{"w": '), 'header is not valid JSON'],
    ['not UTF-8', safetensors('{"\u00e9":1}').fill(0xff, 10, 11), 'not UTF-8'],
    ['a list', safetensors('[]'), 'not a JSON object'],
    ['null', safetensors('null'), 'not a JSON object'],
    ['empty header', safetensors(''), 'not a JSON object'],
    ['an entry that is no object', safetensors({ w: 3 }), 'tensor "w": its entry:'],
    ['no dtype', safetensors({ w: { ...F32, dtype: undefined } }), 'tensor "w": dtype: must be a string'],
    ['unknown dtype', safetensors({ w: { ...F32, dtype: 'F33' } }), 'tensor "w" has the unknown dtype "F33"'],
    ['fractional shape', safetensors({ w: { ...F32, shape: [1.5] } }), 'tensor "w": shape.0: must be an int'],
    ['shape of strings', safetensors({ w: { ...F32, shape: ['2'] } }), 'tensor "w": shape.0: must be an int'],
    ['negative shape', safetensors({ w: { ...F32, shape: [-2] } }), 'tensor "w": shape.0: must not be neg'],
    ['shape no list', safetensors({ w: { ...F32, shape: 2 } }), 'tensor "w": shape: must be a list'],
    ['one offset', safetensors({ w: { ...F32, data_offsets: [0] } }), 'tensor "w": data_offsets'],
    ['offsets reversed', safetensors({ w: { ...F32, data_offsets: [8, 0] } }), 'ends before it begins'],
    ['size of another shape', safetensors({ w: { ...F32, shape: [3] } }, Buffer.alloc(8)), 'takes 12 bytes'],
    [
      'size beyond 2^53',
      safetensors({ w: { ...F32, shape: [2 ** 52, 2 ** 52] } }, Buffer.alloc(8)),
      'its data_offsets hold 8',
    ],
    ['half a byte', safetensors({ w: { ...F32, dtype: 'F4', shape: [15] } }), 'takes 7.5 bytes'],
    ['data cut off', safetensors({ w: F32 }, Buffer.alloc(7)), 'tensor "w" ends at byte'],
    ['data missing', safetensors({ w: { ...F32, data_offsets: [8, 16] } }), 'tensor "w" ends at byte'],
    ['data left over', safetensors({ w: F32 }, Buffer.alloc(9)), '1 bytes follow the last tensor'],
    [
      'overlap',
      safetensors({ v: F32, w: { ...F32, data_offsets: [4, 12] } }, Buffer.alloc(12)),
      'tensor "w" overlaps',
    ],
    ['the same bytes twice', safetensors({ v: F32, w: F32 }, Buffer.alloc(8)), 'tensor "w" overlaps'],
    [
      'hole',
      safetensors({ v: F32, w: { ...F32, data_offsets: [12, 20] } }, Buffer.alloc(20)),
      'tensor "w" leaves a hole of 4 bytes',
    ],
    [
      'hole at the beginning',
      safetensors({ w: { ...F32, data_offsets: [4, 12] } }, Buffer.alloc(12)),
      'leaves a hole of 4 bytes',
    ],
    [
      'a name twice',
      safetensors(`{"w":${JSON.stringify(F32)},"\\u0077":${JSON.stringify(F32)}}`, Buffer.alloc(8)),
      'names "w" twice',
    ],
    ['metadata of numbers', safetensors({ __metadata__: { step: 3 } }), '__metadata__ must map'],
  ])('%s', async (_, bytes, message) => {
    await writeFile(join(directory, 'model.safetensors'), bytes);
    expect(await openingError()).toContain(message);
  });

  test('a file of 100 MB that is one header is refused before it is read', async () => {
    await writeFile(join(directory, 'model.safetensors'), withHeaderLength(100_000_001n));
    await truncate(join(directory, 'model.safetensors'), 100_000_020);
    expect(await openingError()).toContain('at most 100000000 are allowed');
  });

  test('no weights, no directory, a directory for a file', async () => {
    expect(await openingError()).toContain(
      'found no weights (model.safetensors, model.safetensors.index.json, pytorch_model.bin, pytorch_model.bin.index.json)',
    );
    await expect(Checkpoint.open(join(directory, 'no'))).rejects.toThrow('model directory does not exist');
    await mkdir(join(directory, 'model.safetensors'));
    expect(await openingError()).toContain('is a directory');
  });
});

describe('faulty indices', () => {
  test.each<[string, string, string]>([
    ['not JSON', '{', 'not valid JSON'],
    ['no weight_map', '{"metadata": {}}', 'has no "weight_map"'],
    ['a number for a file', '{"weight_map": {"w": 1}}', 'has no "weight_map" from tensor names'],
    ['nothing in it', '{"weight_map": {}}', 'is empty'],
    ['a tensor twice', '{"weight_map": {"w": "a", "w": "b"}}', 'names "w" twice'],
    [
      'missing shard',
      '{"weight_map": {"w": "b.safetensors"}}',
      'b.safetensors: checkpoint file does not exist',
    ],
    ['tensor not in its shard', '{"weight_map": {"v": "a.safetensors"}}', 'a.safetensors: lacks tensor "v"'],
    ...['../a.safetensors', '/etc/passwd', 'x/../../a', '..\\a', 'C:\\a', '\\\\host\\a', '', '.', 'a\0b'].map(
      (shard): [string, string, string] => [
        `shard ${JSON.stringify(shard)}`,
        JSON.stringify({ weight_map: { w: shard } }),
        'which is no file of this directory',
      ],
    ),
  ])('%s', async (_, index, message) => {
    await writeFile(join(directory, 'a.safetensors'), safetensors({ w: F32 }, Buffer.alloc(8)));
    await writeFile(join(directory, 'model.safetensors.index.json'), index);
    expect(await openingError()).toContain(message);
  });
});
