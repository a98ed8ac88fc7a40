import { UserError } from '../errors.ts';
import { DTYPE_BITS } from './dtype.ts';
import { MAX_DIMENSIONS, MAX_NAME, type TensorInfo } from './header.ts';
import { type PickleHost, type PickleValue, readPickle } from './pickle.ts';
import { ZipArchive, type ZipEntry } from './zip-archive.ts';
import type { OpenedFile } from '../source/opened-file.ts';

const WHAT = 'PyTorch weights file';
const PICKLE = 'data.pkl';
const MAX_PICKLE_BYTES = 16 * 2 ** 20;
/** Headers of storages that are read at a time. */
const AT_ONCE = 8;
/** A pickle of the number that PyTorch's format of before version 1.6 begins with. */
const LEGACY = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9];

const STORAGE_DTYPES: ReadonlyMap<string, string> = new Map([
  ['FloatStorage', 'F32'],
  ['HalfStorage', 'F16'],
  ['BFloat16Storage', 'BF16'],
  ['DoubleStorage', 'F64'],
  ['LongStorage', 'I64'],
  ['IntStorage', 'I32'],
  ['ShortStorage', 'I16'],
  ['CharStorage', 'I8'],
  ['ByteStorage', 'U8'],
  ['BoolStorage', 'BOOL'],
]);

/** A Python name that a weights file may use. */
class Global {
  readonly kind: 'dictionary' | 'tensor' | 'parameter' | 'storage';
  readonly dtype: string;

  constructor(kind: Global['kind'], dtype = '') {
    this.kind = kind;
    this.dtype = dtype;
  }
}

const GLOBALS: ReadonlyMap<string, Global> = new Map([
  ['collections.OrderedDict', new Global('dictionary')],
  ['torch._utils._rebuild_tensor_v2', new Global('tensor')],
  ['torch._utils._rebuild_parameter', new Global('parameter')],
  ...Array.from(STORAGE_DTYPES, ([name, dtype]): [string, Global] => [
    `torch.${name}`,
    new Global('storage', dtype),
  ]),
]);

/** A run of numbers in an entry of the archive. */
class Storage {
  readonly key: string;
  readonly dtype: string;
  readonly elements: number;

  constructor(key: string, dtype: string, elements: number) {
    this.key = key;
    this.dtype = dtype;
    this.elements = elements;
  }
}

/** A view of a storage; offset and strides in elements. */
class TorchTensor {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }

  /** Elements from the first to the last one. */
  get span(): number {
    if (this.shape.includes(0)) return 0;
    return this.shape.reduce((span, n, i) => span + (n - 1) * (this.strides[i] as number), 1);
  }
}

/**
 * Finds the tensors of a PyTorch weights file (`torch.save` of a state dictionary, since PyTorch 1.6), reading none of
 * their data. Of the pickle inside nothing is executed; it may name tensors, their storages and dictionaries, no more.
 *
 * @throws UserError naming the file, and the tensor or Python name where there is one
 */
export async function readTorchTensors(opened: OpenedFile, signal?: AbortSignal): Promise<TensorInfo[]> {
  const { path: file } = opened;
  await requireZip(opened, signal);
  const archive = await ZipArchive.open(opened, signal);
  const folder = findFolder(archive, file);
  await requireLittleEndian(archive, folder, file);
  const bytes = await archive.read(`${folder}${PICKLE}`, MAX_PICKLE_BYTES);
  const root = readPickle(bytes, new StateDictionary(file), `${file}: ${folder}${PICKLE}`);
  if (!(root instanceof Map))
    throw new UserError(`${file}: it holds no state dictionary; save model.state_dict() with torch.save`);
  const views: { readonly name: string; readonly tensor: TorchTensor }[] = [];
  const storages = new Map<string, ZipEntry>();
  for (const [name, value] of root as Map<PickleValue, PickleValue>) {
    if (typeof name !== 'string')
      throw new UserError(`${file}: a key of its dictionary is no name; save model.state_dict() alone`);
    if (name.length > MAX_NAME)
      throw new UserError(
        `${file}: a tensor's name has ${name.length} characters; at most ${MAX_NAME} are allowed`,
      );
    const where = `${file}: ${JSON.stringify(name)}`;
    if (!(value instanceof TorchTensor))
      throw new UserError(`${where} of its dictionary is no tensor; save model.state_dict() alone`);
    const { storage, offset, span } = value;
    const entry = archive.entries.get(`${folder}data/${storage.key}`);
    if (!entry) throw new UserError(`${where}: its data ${storage.key} is not in the file`);
    if (entry.size !== storage.elements * elementBytes(storage))
      throw new UserError(
        `${where}: ${storage.elements} elements of ${storage.dtype} do not take the ${entry.size} bytes of its data ${storage.key}`,
      );
    if (offset + span > storage.elements)
      throw new UserError(`${where}: it reaches past the ${storage.elements} elements of its data`);
    views.push({ name, tensor: value });
    storages.set(storage.key, entry);
  }
  const starts = await dataStarts(archive, storages);
  return views.map(({ name, tensor: { storage, offset, shape, strides, span } }) => ({
    name,
    dtype: storage.dtype,
    shape,
    file,
    offset: (starts.get(storage.key) as number) + offset * elementBytes(storage),
    bytes: span * elementBytes(storage),
    ...(isRowMajor(shape, strides) ? {} : { strides }),
  }));
}

function elementBytes({ dtype }: Storage): number {
  return (DTYPE_BITS.get(dtype) as number) / 8;
}

/** First bytes of storages by their keys. Several are asked for at a time: the file may be on a server. */
async function dataStarts(
  archive: ZipArchive,
  storages: ReadonlyMap<string, ZipEntry>,
): Promise<ReadonlyMap<string, number>> {
  const starts = new Map<string, number>();
  const waiting = [...storages];
  for (let done = 0; done < waiting.length; done += AT_ONCE) {
    const some = waiting.slice(done, done + AT_ONCE);
    const found = await Promise.all(some.map(([, entry]) => archive.dataStart(entry)));
    for (const [i, [key]] of some.entries()) starts.set(key, found[i] as number);
  }
  return starts;
}

/** What a state dictionary's pickle may say. */
class StateDictionary implements PickleHost {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  global(module: string, name: string): object {
    const found = GLOBALS.get(`${module}.${name}`);
    if (found) return found;
    throw new UserError(
      `${this.#file}: refused: its pickle names ${JSON.stringify(`${module}.${name}`.slice(0, 100))}, and a weights file needs tensors and dictionaries only; get the weights as safetensors`,
    );
  }

  call(callee: PickleValue, args: readonly PickleValue[]): PickleValue {
    const kind = callee instanceof Global ? callee.kind : undefined;
    if (kind === 'dictionary' && args.length === 0) return new Map();
    if (kind === 'parameter' && args[0] instanceof TorchTensor) return args[0];
    if (kind === 'tensor') {
      const [storage, offset, shape, strides] = args;
      if (
        storage instanceof Storage &&
        isCount(offset) &&
        isCounts(shape) &&
        isCounts(strides) &&
        shape.length === strides.length
      )
        return new TorchTensor(storage, offset, shape, strides);
    }
    throw new UserError(
      `${this.#file}: refused: its pickle calls ${kind ?? 'an object'} in a way that PyTorch does not`,
    );
  }

  persistent(id: PickleValue): PickleValue {
    const [kind, type, key, , elements] = Array.isArray(id) ? (id as PickleValue[]) : [];
    if (
      kind === 'storage' &&
      type instanceof Global &&
      type.kind === 'storage' &&
      typeof key === 'string' &&
      isCount(elements)
    )
      return new Storage(key, type.dtype, elements);
    throw new UserError(`${this.#file}: refused: its pickle refers to something that is no tensor's data`);
  }
}

function isCount(value: PickleValue | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isCounts(value: PickleValue | undefined): value is readonly number[] {
  return Array.isArray(value) && value.length <= MAX_DIMENSIONS && value.every(isCount);
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const extent = shape[i] as number;
    if (extent === 0) return true;
    if (extent !== 1 && strides[i] !== expected) return false;
    expected *= extent;
  }
  return true;
}

async function requireZip(opened: OpenedFile, signal: AbortSignal | undefined): Promise<void> {
  const { path: file, bytes: fileBytes } = opened;
  if (fileBytes === 0) throw new UserError(`${file}: this ${WHAT} is empty`);
  const length = Math.min(fileBytes, LEGACY.length);
  const first = await opened.read(0, length, 'its first bytes', { signal });
  if (new TextDecoder().decode(first).startsWith('version '))
    throw new UserError(`${file}: a Git LFS pointer, not the weights; fetch them with "git lfs pull"`);
  if (LEGACY.every((byte, i) => first[i] === byte))
    throw new UserError(
      `${file}: it is in the format of PyTorch before 1.6, which is not read; load and save it again with torch, or get the weights as safetensors`,
    );
  if (first[0] !== 0x50 || first[1] !== 0x4b)
    throw new UserError(`${file}: this is no ${WHAT}: it is not a zip file`);
}

/** The folder that all files of the archive lie in, with its slash; PyTorch names it after the file. */
function findFolder({ entries }: ZipArchive, file: string): string {
  const pickles = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length === 1) return (pickles[0] as string).slice(0, -PICKLE.length);
  throw new UserError(
    `${file}: this is no ${WHAT}: it has ${pickles.length === 0 ? 'no' : 'several'} ${PICKLE}`,
  );
}

async function requireLittleEndian(archive: ZipArchive, folder: string, file: string): Promise<void> {
  const name = `${folder}byteorder`;
  if (!archive.entries.has(name)) return;
  const order = new TextDecoder().decode(await archive.read(name, 64));
  if (order !== 'little')
    throw new UserError(`${file}: its byte order is ${JSON.stringify(order)}; only "little" is read`);
}
