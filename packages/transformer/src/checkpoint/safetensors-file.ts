import { type FileHandle, open } from 'node:fs/promises';
import { UserError } from '../errors.ts';
import { elementCount } from '../shape.ts';
import { FLOAT_CODECS } from './dtype.ts';
import { fileError } from './files.ts';
import { type TensorInfo, readExactly, readHeader } from './header.ts';

/** The integer dtypes that are read as numbers, by what the header calls them. */
const INTEGERS: ReadonlyMap<string, (bytes: ArrayBuffer) => ArrayLike<number | bigint>> = new Map<
  string,
  (bytes: ArrayBuffer) => ArrayLike<number | bigint>
>([
  ['U8', (bytes) => new Uint8Array(bytes)],
  ['I8', (bytes) => new Int8Array(bytes)],
  ['U16', (bytes) => new Uint16Array(bytes)],
  ['I16', (bytes) => new Int16Array(bytes)],
  ['U32', (bytes) => new Uint32Array(bytes)],
  ['I32', (bytes) => new Int32Array(bytes)],
  ['U64', (bytes) => new BigUint64Array(bytes)],
  ['I64', (bytes) => new BigInt64Array(bytes)],
]);

/** A safetensors file of any names: its header is read at once, of the data what is asked for. */
export class SafetensorsFile {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** The strings of `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;

  private constructor(path: string, tensors: readonly TensorInfo[], metadata: Record<string, string>) {
    this.path = path;
    this.tensors = new Map(tensors.map((tensor) => [tensor.name, tensor]));
    this.metadata = metadata;
  }

  /**
   * Reads and checks the header. The file is not kept open.
   * @throws UserError naming the file, and the tensor where there is one, for every fault of the format
   */
  static async open(path: string): Promise<SafetensorsFile> {
    return await withFile(path, async (handle) => {
      const tensors = await readHeader(handle, path);
      return new SafetensorsFile(path, tensors, await readMetadata(handle, path));
    });
  }

  /**
   * Runs of elements of a floating-point tensor one after another, as float32.
   * @param runs first element and count of each, in row-major order; the whole tensor if not given
   * @throws UserError for another dtype, or where the file ends before; RangeError for elements that there are not
   */
  async read(
    name: string,
    runs?: readonly (readonly [first: number, count: number])[],
  ): Promise<Float32Array> {
    const { dtype, offset, shape } = this.#find(name);
    const codec = FLOAT_CODECS.get(dtype);
    if (!codec)
      throw new UserError(
        `${this.path}: tensor ${JSON.stringify(name)} has dtype ${dtype}; read are ${[...FLOAT_CODECS.keys()].join(', ')}`,
      );
    const length = elementCount(shape);
    const wanted = runs ?? [[0, length] as const];
    const values = new Float32Array(wanted.reduce((total, [, count]) => total + count, 0));
    await withFile(this.path, async (handle) => {
      let done = 0;
      for (const [first, count] of wanted) {
        if (first < 0 || count < 0 || first + count > length)
          throw new RangeError(`elements [${first}, ${first + count}) of ${name}, which has ${length}`);
        const stored = new Uint8Array(count * codec.bytes);
        await readExactly(
          handle,
          stored,
          offset + first * codec.bytes,
          this.path,
          `tensor ${JSON.stringify(name)}`,
        );
        codec.decode(stored.buffer, values.subarray(done, done + count));
        done += count;
      }
    });
    return values;
  }

  /**
   * A whole tensor of numbers of any kind, integers too, without rounding (64-bit integers to 53 bits).
   * @throws UserError for a dtype that holds no such numbers, or where the file ends before
   */
  async readNumbers(name: string): Promise<Float64Array> {
    const { dtype, offset, bytes } = this.#find(name);
    const integers = INTEGERS.get(dtype);
    if (!integers && dtype !== 'F64') return Float64Array.from(await this.read(name));
    const stored = new Uint8Array(bytes);
    await withFile(this.path, (handle) =>
      readExactly(handle, stored, offset, this.path, `tensor ${JSON.stringify(name)}`),
    );
    return integers ? Float64Array.from(integers(stored.buffer), Number) : new Float64Array(stored.buffer);
  }

  #find(name: string): TensorInfo {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new UserError(`${this.path} has no tensor ${JSON.stringify(name)}`);
    return tensor;
  }
}

async function withFile<T>(path: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  let handle;
  try {
    handle = await open(path);
  } catch (error) {
    throw fileError(path, 'safetensors file', error);
  }
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}

/** Of a file whose header has been checked. */
async function readMetadata(handle: FileHandle, path: string): Promise<Record<string, string>> {
  const prefix = new Uint8Array(8);
  await readExactly(handle, prefix, 0, path, 'the header length');
  const header = new Uint8Array(Number(new DataView(prefix.buffer).getBigUint64(0, true)));
  await readExactly(handle, header, 8, path, 'header');
  const { __metadata__: metadata = {} } = JSON.parse(new TextDecoder().decode(header)) as {
    __metadata__?: Record<string, string>;
  };
  return metadata;
}
