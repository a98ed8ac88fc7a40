import { createSha256 } from '#platform/sha256.ts';
import { UserError } from '../errors.ts';
import { codecOf, firstNonFinite } from './dtype.ts';
import type { TensorInfo } from './header.ts';
import { type ShardIndex, readShardIndex } from './shard-index.ts';
import { gatherStrided } from './strided.ts';
import { WEIGHT_ENTRIES, WEIGHT_FORMATS, type WeightFormat, insteadOfWeights } from './weight-files.ts';
import { elementCount } from '../shape.ts';
import { OpenedFile } from '../source/opened-file.ts';
import { givenSource } from '../source/given-source.ts';
import { type ModelSource, hasFile, listFiles, placeOf } from '../source/source.ts';

const WHAT = 'checkpoint file';
const CHUNK_BYTES = 1 << 22;
/** Elements of a strided tensor that are brought into order at a time. */
const GATHERED = 1 << 20;

/** Elements that a view may repeat a smaller storage to. */
const MAX_REPEATED = 1 << 24;

/** A file whose tensors are known. */
interface WeightFile {
  readonly opened: OpenedFile;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
}

/** A file of the checkpoint, for a manifest. */
export interface FileDigest {
  /** Name within the model directory. */
  readonly file: string;
  /** SHA-256 of the whole file, in hexadecimal. */
  readonly sha256: string;
}

function allocate(count: number, where: string): Float32Array {
  try {
    return new Float32Array(count);
  } catch {
    throw new UserError(`${where} needs ${count * 4} bytes of memory at once, more than can be had`);
  }
}

async function openWeights(
  source: ModelSource,
  name: string,
  format: WeightFormat,
  signal: AbortSignal | undefined,
): Promise<WeightFile> {
  const opened = await OpenedFile.open(source, name, WHAT, signal);
  const tensors = await format.readTensors(opened, signal);
  return { opened, tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])) };
}

/** The tensors of all files; with an index, those that it lists, each from the shard that it names. */
function collectTensors(
  files: ReadonlyMap<string, WeightFile>,
  format: WeightFormat,
  index: ShardIndex | undefined,
): Map<string, TensorInfo> {
  if (index === undefined) return new Map(files.get(format.single)?.tensors);
  const tensors = new Map<string, TensorInfo>();
  for (const [name, shard] of index) {
    const file = files.get(shard);
    const tensor = file?.tensors.get(name);
    if (tensor === undefined) {
      throw new UserError(
        `${file?.opened.path ?? shard}: lacks tensor ${JSON.stringify(name)}, which ${format.index} places there`,
      );
    }
    tensors.set(name, tensor);
  }
  return tensors;
}

/**
 * The weights of a Hugging Face model directory: model.safetensors, or shards listed by model.safetensors.index.json,
 * else pytorch_model.bin, or shards listed by pytorch_model.bin.index.json. Opening reads headers only; each tensor is
 * read when it is asked for, and never kept.
 */
export class Checkpoint {
  readonly source: ModelSource;
  /** How messages call the whole: the directory. */
  readonly place: string;
  /** Every tensor by name. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Tensors that shards hold and the index does not place there: nothing reads them. */
  readonly misplaced: readonly string[];
  /** By how messages call them. */
  readonly #files: ReadonlyMap<string, OpenedFile>;
  readonly #digestFiles: readonly string[];
  readonly #signal: AbortSignal | undefined;
  /** Chunks for the next tensor: fresh memory costs as much as reading into it. */
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  #closed = false;

  private constructor(
    source: ModelSource,
    files: ReadonlyMap<string, WeightFile>,
    format: WeightFormat,
    index: ShardIndex | undefined,
    signal: AbortSignal | undefined,
  ) {
    this.source = source;
    this.place = placeOf(source, '');
    this.tensors = collectTensors(files, format, index);
    this.misplaced = index
      ? Array.from(files, ([shard, { tensors }]) =>
          [...tensors.keys()].filter((name) => index.get(name) !== shard),
        ).flat()
      : [];
    this.#files = new Map(Array.from(files.values(), ({ opened }) => [opened.path, opened]));
    this.#digestFiles = index === undefined ? [...files.keys()] : [format.index, ...files.keys()];
    this.#signal = signal;
  }

  /**
   * Opens the checkpoint of a model; close it when done (`await using` does).
   *
   * @param from as for {@link loadModel}
   * @param options.signal ends the opening and everything that is read afterwards
   * @throws UserError naming the file, and the tensor where there is one, if there are no weights or
   *   anything about their headers or the index is wrong
   */
  static async open(
    from: string | ModelSource,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<Checkpoint> {
    const { signal } = options;
    const source = await givenSource(from, { signal });
    const { format, index } = await findWeights(source, signal);
    const names = index === undefined ? [format.single] : [...new Set(index.values())].sort();
    const files = new Map<string, WeightFile>();
    for (const name of names) files.set(name, await openWeights(source, name, format, signal));
    return new Checkpoint(source, files, format, index, signal);
  }

  /**
   * A whole tensor as float32, row by row, from F32, F16, BF16 or F64. Besides the result, a few megabytes are allocated.
   *
   * @throws UserError if there is no such tensor, its dtype is no floating-point type that is read, its data is cut
   *   off, or a weight is NaN or infinite in float32
   */
  async read(name: string): Promise<Float32Array> {
    const tensor = this.#find(name);
    const count = elementCount(tensor.shape);
    return this.#readElements(tensor, 0, count);
  }

  /**
   * Rows [start, end) of a two-dimensional tensor as float32, [end - start, columns].
   *
   * @throws RangeError if the tensor has not two dimensions or the rows do not exist; UserError as for `read`
   */
  async readRows(name: string, start: number, end: number): Promise<Float32Array> {
    const tensor = this.#find(name);
    const [rows, columns] = tensor.shape;
    if (rows === undefined || columns === undefined || tensor.shape.length !== 2) {
      throw new RangeError(
        `readRows: tensor "${name}" has shape [${tensor.shape.join(', ')}], not two dimensions`,
      );
    }
    if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end < start || end > rows) {
      throw new RangeError(`readRows: rows [${start}, ${end}) of tensor "${name}", which has ${rows}`);
    }
    return this.#readElements(tensor, start * columns, (end - start) * columns);
  }

  /**
   * Elements [first, first + count) of a tensor as float32 in chunks of a few megabytes, each valid until the next is
   * asked for.
   *
   * @throws RangeError if the elements do not exist; UserError as for `read`
   */
  chunks(name: string, first: number, count: number): AsyncGenerator<Float32Array> {
    const tensor = this.#find(name);
    const length = elementCount(tensor.shape);
    if (first < 0 || count < 0 || first + count > length)
      throw new RangeError(
        `chunks: elements [${first}, ${first + count}) of tensor "${name}", which has ${length}`,
      );
    return this.#readChunks(tensor, first, count);
  }

  #find(name: string): TensorInfo {
    const tensor = this.tensors.get(name);
    if (tensor === undefined)
      throw new UserError(`${this.place}: the checkpoint has no tensor ${JSON.stringify(name)}`);
    return tensor;
  }

  #readElements(tensor: TensorInfo, first: number, count: number): Promise<Float32Array> {
    return collect(tensor, this.#readChunks(tensor, first, count), count);
  }

  async *#readChunks(tensor: TensorInfo, first: number, count: number): AsyncGenerator<Float32Array> {
    const { shape, strides, bytes } = tensor;
    if (!strides) {
      yield* this.#readRun(tensor, first, count);
      return;
    }
    // A view that is not contiguous (only PyTorch's files have them) is gathered from its whole storage.
    const length = bytes / codecOf(tensor).bytes;
    const elements = elementCount(shape);
    if (elements > Math.max(length, MAX_REPEATED))
      throw new UserError(
        `${tensor.file}: tensor ${JSON.stringify(tensor.name)} repeats ${length} stored elements to ${elements}; at most ${MAX_REPEATED} are made of fewer`,
      );
    const run = await collect(tensor, this.#readRun(tensor, 0, length), length);
    for (let done = 0; done < count; done += GATHERED) {
      const gathered = new Float32Array(Math.min(GATHERED, count - done));
      gatherStrided(run, shape, strides, first + done, gathered);
      yield gathered;
    }
  }

  /** Elements as they lie in the file; a chunk is read while the one before it is worked on. */
  async *#readRun(tensor: TensorInfo, first: number, count: number): AsyncGenerator<Float32Array> {
    const { file } = tensor;
    const name = `tensor ${JSON.stringify(tensor.name)}`;
    const codec = codecOf(tensor);
    const opened = this.#opened(file);
    const step = Math.min(count, CHUNK_BYTES / codec.bytes);
    const values = new Float32Array(step);
    const begin = (done: number, into: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> => {
      const position = tensor.offset + (first + done) * codec.bytes;
      const length = Math.min(step, count - done) * codec.bytes;
      const reading = opened.read(position, length, name, { into, signal: this.#signal });
      // It may fail before anybody waits for it.
      reading.catch(() => {});
      return reading;
    };
    const take = (): Uint8Array<ArrayBuffer> => {
      const bytes = step * codec.bytes;
      return (bytes === CHUNK_BYTES && this.#spare.pop()) || new Uint8Array(bytes);
    };
    let [chunk, other] = [take(), step < count ? take() : new Uint8Array(0)];
    let reading = count > 0 ? begin(0, chunk) : undefined;
    try {
      for (let done = 0; done < count; done += step) {
        await reading;
        reading = done + step < count ? begin(done + step, other) : undefined;
        const target = values.subarray(0, Math.min(step, count - done));
        codec.decode(chunk.buffer, target);
        [chunk, other] = [other, chunk];
        const bad = firstNonFinite(target);
        if (bad >= 0) {
          throw new UserError(
            `${file}: ${name} is ${target[bad]} at element ${first + done + bad}; weights must be finite in float32`,
          );
        }
        yield target;
      }
      // Kept only where nothing may still be written into them.
      if (!this.#closed) this.#spare.push(...[chunk, other].filter(({ length }) => length === CHUNK_BYTES));
    } finally {
      // Nothing is under way when it has ended.
      await reading?.catch(() => {});
    }
  }

  /** The file of these tensors, for reading. */
  #opened(path: string): OpenedFile {
    const opened = this.#files.get(path);
    if (this.#closed || !opened) throw new Error(`${path}: the checkpoint is closed`);
    return opened;
  }

  /** SHA-256 of every file that the checkpoint consists of, the index first. @throws UserError if one cannot be read */
  async digests(): Promise<FileDigest[]> {
    const digests: FileDigest[] = [];
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (const file of this.#digestFiles) {
      const opened = await OpenedFile.open(this.source, file, WHAT, this.#signal);
      const hash = createSha256();
      for (let done = 0; done < opened.bytes; done += CHUNK_BYTES) {
        const length = Math.min(CHUNK_BYTES, opened.bytes - done);
        hash.update(await opened.read(done, length, 'its bytes', { into: chunk, signal: this.#signal }));
      }
      digests.push({ file, sha256: hash.digest() });
    }
    return digests;
  }

  /** Nothing can be read afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#spare.length = 0;
  }

  /** As `close`, for `using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function collect(
  { file, name }: TensorInfo,
  chunks: AsyncGenerator<Float32Array>,
  count: number,
): Promise<Float32Array> {
  const values = allocate(count, `${file}: tensor ${JSON.stringify(name)}`);
  let done = 0;
  for await (const chunk of chunks) {
    values.set(chunk, done);
    done += chunk.length;
  }
  return values;
}

async function findWeights(
  source: ModelSource,
  signal: AbortSignal | undefined,
): Promise<{ format: WeightFormat; index: ShardIndex | undefined }> {
  for (const format of WEIGHT_FORMATS) {
    if (await hasFile(source, format.single, signal)) return { format, index: undefined };
    if (await hasFile(source, format.index, signal))
      return { format, index: await readShardIndex(source, format.index, signal) };
  }
  const files = (await listFiles(source, signal)).map(({ name }) => name);
  throw new UserError(
    `${placeOf(source, '')}: found no weights (${WEIGHT_ENTRIES.join(', ')}); ${insteadOfWeights(files)}`,
  );
}
