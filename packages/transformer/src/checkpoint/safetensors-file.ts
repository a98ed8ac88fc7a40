import { UserError } from '../errors.ts';
import { elementCount } from '../shape.ts';
import { openFile } from '../source/folder.ts';
import type { OpenedFile } from '../source/opened-file.ts';
import { FLOAT_CODECS } from './dtype.ts';
import { type TensorInfo, readHeader } from './header.ts';

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

  readonly #file: OpenedFile;

  private constructor(file: OpenedFile, tensors: readonly TensorInfo[], metadata: Record<string, string>) {
    this.path = file.path;
    this.#file = file;
    this.tensors = new Map(tensors.map((tensor) => [tensor.name, tensor]));
    this.metadata = metadata;
  }

  /**
   * Reads and checks the header. The file is not kept open.
   * @throws UserError naming the file, and the tensor where there is one, for every fault of the format
   */
  static async open(path: string): Promise<SafetensorsFile> {
    const file = await openFile(path, 'safetensors file');
    const tensors = await readHeader(file);
    return new SafetensorsFile(file, tensors, await readMetadata(file));
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
    let done = 0;
    for (const [first, count] of wanted) {
      if (first < 0 || count < 0 || first + count > length)
        throw new RangeError(`elements [${first}, ${first + count}) of ${name}, which has ${length}`);
      const stored = await this.#bytes(name, offset + first * codec.bytes, count * codec.bytes);
      codec.decode(stored.buffer, values.subarray(done, done + count));
      done += count;
    }
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
    const stored = await this.#bytes(name, offset, bytes);
    return integers ? Float64Array.from(integers(stored.buffer), Number) : new Float64Array(stored.buffer);
  }

  #bytes(name: string, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const into = new Uint8Array(length);
    return this.#file.read(offset, length, `tensor ${JSON.stringify(name)}`, { into });
  }

  #find(name: string): TensorInfo {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new UserError(`${this.path} has no tensor ${JSON.stringify(name)}`);
    return tensor;
  }
}

/** Of a file whose header has been checked. */
async function readMetadata(file: OpenedFile): Promise<Record<string, string>> {
  const prefix = await file.read(0, 8, 'the header length');
  const length = Number(new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true));
  const header = await file.read(8, length, 'header');
  const { __metadata__: metadata = {} } = JSON.parse(new TextDecoder().decode(header)) as {
    __metadata__?: Record<string, string>;
  };
  return metadata;
}
