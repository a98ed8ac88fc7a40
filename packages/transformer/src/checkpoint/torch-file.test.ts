import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, assert, asyncProperty, nat, tuple as tupleOf } from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../errors.ts';
import {
  type ArchiveFile,
  fields,
  pickle,
  pickledTensor,
  torchFile,
  zipOf,
} from '../testing/torch-archive.ts';
import { Checkpoint } from './checkpoint.ts';

const FILE = 'pytorch_model.bin';
/** Written by torch.save of PyTorch 2.14. */
const FROM_TORCH = join(import.meta.dirname, 'fixtures', 'torch-2.14.bin');

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'torch-file-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const write = (bytes: Uint8Array, file = FILE): void => writeFileSync(join(directory, file), bytes);
const { text, global, call, tuple, dictionary, whole, integer } = pickle;

async function open(bytes: Uint8Array): Promise<Checkpoint> {
  write(bytes);
  return Checkpoint.open(directory);
}

async function read(name: string): Promise<number[]> {
  await using checkpoint = await Checkpoint.open(directory);
  return [...(await checkpoint.read(name))];
}

/** An archive of one float32 tensor `w` [2], with some of its files replaced or added. */
function archive(changes: readonly ArchiveFile[] = [], options = {}): Buffer {
  const plain: ArchiveFile[] = [
    { name: 'm/data.pkl', data: whole(dictionary([text('w'), pickledTensor([2])])) },
    { name: 'm/data/0', data: Buffer.from(Float32Array.of(1.5, -2).buffer) },
  ];
  const kept = plain.filter(({ name }) => !changes.some((change) => change.name === name));
  return zipOf([...kept, ...changes], options);
}

const withPickle = (bytes: Uint8Array): Buffer => archive([{ name: 'm/data.pkl', data: bytes }]);
const withTensor = (tensor: Buffer): Buffer => withPickle(whole(dictionary([text('w'), tensor])));

describe('a file of PyTorch itself', () => {
  it.each([
    ['row_major', [2, 3], [0, 1, 2, 3, 4, 5]],
    ['transposed', [3, 2], [0, 3, 1, 4, 2, 5]],
    ['slice', [2, 2], [2, 3, 4, 5]],
    ['shared', [8], [0, 1, 2, 3, 4, 5, 6, 7]],
    ['expanded', [2, 3], [7, 7, 7, 7, 7, 7]],
    ['half', [2], [0.5, -2]],
    ['brain', [3], [1.5, -3, 0.25]],
    ['double', [1], [Math.fround(0.1)]],
    ['parameter', [2, 1], [4, 5]],
    ['scalar', [], [3]],
    ['empty', [0, 4], []],
  ])('has %s %j', async (name, shape, values) => {
    await using checkpoint = await open(readFileSync(FROM_TORCH));
    expect(checkpoint.tensors.get(name)?.shape).toEqual(shape);
    expect([...(await checkpoint.read(name))]).toEqual(values);
  });

  it('gives rows of a tensor that lies transposed', async () => {
    await using checkpoint = await open(readFileSync(FROM_TORCH));
    expect([...(await checkpoint.readRows('transposed', 1, 3))]).toEqual([1, 4, 2, 5]);
  });

  it('lists what is no floating-point tensor, and refuses to read it', async () => {
    await using checkpoint = await open(readFileSync(FROM_TORCH));
    await expect(checkpoint.read('mask')).rejects.toThrow(/"mask" has dtype BOOL/);
  });

  it('never fails but with a message, whatever bytes are damaged', { timeout: 60_000 }, async () => {
    const original = readFileSync(FROM_TORCH);
    const damage = array(tupleOf(nat(original.length - 1), nat(255)), {
      minLength: 1,
      maxLength: 4,
    });
    await assert(
      asyncProperty(damage, async (changes) => {
        const bytes = Buffer.from(original);
        for (const [at, value] of changes) bytes[at] = value;
        try {
          await using checkpoint = await open(bytes);
          for (const name of checkpoint.tensors.keys()) await checkpoint.read(name);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
      { numRuns: 400, seed: 1 },
    );
  });
});

it.each([
  ['FloatStorage', Float32Array],
  ['HalfStorage', Float16Array],
  ['DoubleStorage', Float64Array],
] as const)('a view into a %s begins at its offset, counted in elements', async (type, array) => {
  const elements = array.from([9, 1.5, -2, 0.25, 7]);
  const tensor = pickledTensor([3], { type, elements: 5, offset: 1 });
  write(
    archive([
      { name: 'm/data.pkl', data: whole(dictionary([text('w'), tensor])) },
      { name: 'm/data/0', data: Buffer.from(elements.buffer) },
    ]),
  );
  expect(await read('w')).toEqual([1.5, -2, 0.25]);
});

describe('archives', () => {
  it('may have the 64-bit sizes of large files', async () => {
    const data = Buffer.from(Float32Array.of(1.5, -2).buffer);
    write(archive([{ name: 'm/data/0', data, wide: true }], { wide: true }));
    expect(await read('w')).toEqual([1.5, -2]);
  });

  it('come after safetensors', async () => {
    write(archive());
    write(Buffer.from('no header'), 'model.safetensors');
    await expect(Checkpoint.open(directory)).rejects.toThrow(/model\.safetensors: its header claims/);
  });

  it('may be shards that an index lists', async () => {
    const data = Float32Array.of(1, 2);
    write(torchFile([{ name: 'a', shape: [2], data }]), 'one.bin');
    write(torchFile([{ name: 'b', shape: [1, 2], data: Float32Array.of(3, 4) }]), 'two.bin');
    const index = (map: object): void =>
      write(Buffer.from(JSON.stringify({ weight_map: map })), `${FILE}.index.json`);
    index({ a: 'one.bin', b: 'two.bin' });
    expect(await read('a')).toEqual([1, 2]);
    expect(await read('b')).toEqual([3, 4]);
    index({ a: 'one.bin', b: '../two.bin' });
    await expect(Checkpoint.open(directory)).rejects.toThrow(/"\.\.\/two\.bin", which is no file of this/);
    index({ a: 'one.bin', b: 'one.bin' });
    await expect(Checkpoint.open(directory)).rejects.toThrow(
      /lacks tensor "b", which pytorch_model\.bin\.index/,
    );
  });

  it('are digested as a whole', async () => {
    await using checkpoint = await open(archive());
    expect(await checkpoint.digests()).toEqual([
      { file: FILE, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
  });
});

const w = Buffer.from(new Float32Array(2).buffer);
const directoryClaims = (bytes: number): Buffer => {
  const file = archive();
  file.writeUInt32LE(bytes, file.length - 10);
  return file;
};

it.each<[string, Uint8Array, RegExp]>([
  ['an empty file', Buffer.alloc(0), /pytorch_model\.bin: this PyTorch weights file is empty/],
  ['a Git LFS pointer', Buffer.from('version https://git-lfs\n'), /Git LFS pointer/],
  ['the format before PyTorch 1.6', Buffer.from('80028a0a6cfc9c46f920', 'hex'), /before 1\.6.*save it again/],
  ['no zip file', Buffer.from('pickle'), /it is not a zip file/],
  ['a zip file cut off', archive().subarray(0, 300), /its end is missing.*cut off/],
  ['a directory of 3 GB', directoryClaims(3e9), /its directory claims 3000000000 bytes/],
  ['a directory cut off', directoryClaims(60), /its directory ends after 1 of 2 entries/],
  ['no pickle', zipOf([{ name: 'm/x', data: w }]), /it has no data\.pkl/],
  ['two pickles', archive([{ name: 'n/data.pkl', data: w }]), /it has several data\.pkl/],
  ['an entry twice', zipOf([1, 2].map(() => ({ name: 'm/x', data: w }))), /holds "m\/x" twice/],
  ['a compressed entry', archive([{ name: 'm/data/0', data: w, method: 8 }]), /"m\/data\/0" is compressed/],
  ['an encrypted entry', archive([{ name: 'm/data/0', data: w, flags: 1 }]), /"m\/data\/0" is encrypted/],
  ['an entry past the end', archive([{ name: 'm/data/0', data: w, size: 800 }]), /do not take the 800 bytes/],
  ['a big-endian file', archive([{ name: 'm/byteorder', data: Buffer.from('big') }]), /byte order is "big"/],
  [
    'no data',
    archive([
      { name: 'm/data.pkl', data: whole(dictionary([text('w'), pickledTensor([2], { key: '../0' })])) },
    ]),
    /"w": its data \.\.\/0 is not in the file/,
  ],
  ['data of another size', withTensor(pickledTensor([3])), /3 elements of F32 do not take the 8 bytes/],
  [
    'a view past its data',
    withTensor(pickledTensor([2], { elements: 2, offset: 1 })),
    /reaches past the 2 elements/,
  ],
  [
    'an unknown storage',
    withTensor(pickledTensor([2], { type: 'QInt8Storage' })),
    /refused.*"torch\.QInt8Storage"/,
  ],
  [
    'a system call',
    withPickle(whole(call(global('posix', 'system'), text('id')))),
    /refused.*"posix\.system"/,
  ],
  ['a name alone', withPickle(whole(global('builtins', 'eval'))), /refused.*"builtins\.eval"/],
  ['a name of Object.prototype', withPickle(whole(global('constructor', 'x'))), /refused.*"constructor\.x"/],
  [
    'a name built on the stack',
    withPickle(whole(Buffer.concat([text('os'), text('system'), Buffer.from([0x93])]))),
    /refused.*"os\.system"/,
  ],
  [
    'an instruction that makes instances',
    withPickle(whole(Buffer.from('(iposix\nsystem\n'))),
    /instruction 0x69/,
  ],
  [
    'an instruction that makes objects',
    withPickle(whole(Buffer.concat([global('collections', 'OrderedDict'), tuple(), Buffer.from([0x81])]))),
    /refused: instruction 0x81/,
  ],
  ['an extension', withPickle(whole(Buffer.from([0x82, 1]))), /refused: instruction 0x82/],
  [
    'a storage called',
    withPickle(whole(call(global('torch', 'FloatStorage'), integer(9)))),
    /calls storage in a way/,
  ],
  ['a call of a text', withPickle(whole(call(text('x')))), /calls an object in a way/],
  [
    'a dictionary with arguments',
    withPickle(whole(call(global('collections', 'OrderedDict'), tuple()))),
    /calls dictionary in a way/,
  ],
  [
    'a state for a tensor',
    withTensor(Buffer.concat([pickledTensor([2]), Buffer.from('}b')])),
    /gives a state to an object that is no dictionary/,
  ],
  ['no dictionary', withPickle(whole(pickledTensor([2]))), /holds no state dictionary/],
  ['a dictionary in the dictionary', withTensor(dictionary()), /"w" of its dictionary is no tensor/],
  ['a pickle cut off', withPickle(whole(dictionary()).subarray(0, 4)), /the pickle is damaged at byte/],
  ['a pickle that pops too much', withPickle(Buffer.from('80027473752e', 'hex')), /the pickle is damaged/],
  [
    'a huge text',
    withPickle(Buffer.concat([pickle.start, Buffer.from('X'), fields([4, 4e9])])),
    /the pickle is damaged/,
  ],
  [
    'a huge integer',
    withPickle(whole(Buffer.concat([Buffer.from([0x8a, 9]), fields([8, 1], [1, 1])]))),
    /an integer is too large/,
  ],
  ['a pickle of 17 MB', withPickle(Buffer.alloc(17 * 2 ** 20)), /at most 16777216 are allowed/],
  ['a million dictionaries', withPickle(Buffer.alloc(1_100_000, 0x7d)), /more than 1000000 objects/],
])('refuses %s', async (_, bytes, message) => {
  write(bytes);
  const refused = read('w');
  await expect(refused).rejects.toThrow(UserError);
  await expect(refused).rejects.toThrow(message);
});

it('refuses data that was cut off after opening', async () => {
  await using checkpoint = await open(archive());
  truncateSync(join(directory, FILE), 40);
  await expect(checkpoint.read('w')).rejects.toThrow(/ends within tensor "w"; it was cut off/);
});
