import { z } from 'zod';
import { UserError } from '../errors.ts';
import { DTYPE_BITS } from './dtype.ts';
import { type JsonLimits, duplicateKey, parseJson } from './json-file.ts';
import { elementCount } from '../shape.ts';
import { type OpenedFile, decodeText } from '../source/opened-file.ts';

/** Where a tensor lies: nothing of its data has been read. */
export interface TensorInfo {
  readonly name: string;
  /** As the file says it: F32, F16, BF16, I64, … */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** The safetensors or PyTorch file, as messages call it: its path in a folder. */
  readonly file: string;
  /** First byte of the data within the file. */
  readonly offset: number;
  /** Length of the data in bytes. */
  readonly bytes: number;
  /** Elements from one index to the next in each dimension, where they do not lie row by row (PyTorch). */
  readonly strides?: readonly number[];
}

const WHAT = 'safetensors file';
// The limit of the reference implementation.
const MAX_HEADER_BYTES = 100_000_000;
/** The largest mixtures of experts have some 200,000 tensors. */
export const MAX_TENSORS = 500_000;
/** Of a tensor's name, in characters; those of real models have below 200. */
export const MAX_NAME = 1024;
/** Of a shape; PyTorch's own limit. */
export const MAX_DIMENSIONS = 64;
const HEADER_LIMITS: JsonLimits = {
  bytes: MAX_HEADER_BYTES,
  depth: 64,
  values: 10 * MAX_TENSORS,
  keys: MAX_TENSORS,
};

const size = z.int('must be an integer').nonnegative('must not be negative');
const tensorEntry = z.object({
  dtype: z.string('must be a string'),
  shape: z.array(size, 'must be a list of integers').max(MAX_DIMENSIONS),
  data_offsets: z.tuple([size, size], 'must be two integers'),
});
const metadataEntry = z.record(z.string(), z.string('must be a string'));

/** As `tensorEntry`, in a tenth of its time: large models have hundreds of thousands. What fails here, that explains. */
function isTensorEntry(value: unknown): value is z.infer<typeof tensorEntry> {
  if (typeof value !== 'object' || value === null) return false;
  const { dtype, shape, data_offsets: offsets } = value as Partial<z.infer<typeof tensorEntry>>;
  const isSize = (n: unknown): boolean => Number.isSafeInteger(n) && (n as number) >= 0;
  return (
    typeof dtype === 'string' &&
    Array.isArray(shape) &&
    shape.length <= MAX_DIMENSIONS &&
    shape.every(isSize) &&
    Array.isArray(offsets) &&
    offsets.length === 2 &&
    offsets.every(isSize)
  );
}

async function readHeaderBytes(opened: OpenedFile, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const { path: file, bytes: fileBytes } = opened;
  if (fileBytes === 0) throw new UserError(`${file}: this ${WHAT} is empty`);
  if (fileBytes < 8) {
    throw new UserError(`${file}: this ${WHAT} has ${fileBytes} bytes, too few for a header; it was cut off`);
  }
  const prefix = await opened.read(0, 8, 'the header length', { signal });
  if (new TextDecoder().decode(prefix) === 'version ') {
    throw new UserError(`${file}: a Git LFS pointer, not the weights; fetch them with "git lfs pull"`);
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true);
  if (length > BigInt(fileBytes - 8)) {
    throw new UserError(
      `${file}: its header claims ${length} bytes, but only ${fileBytes - 8} follow; it was cut off or is not a safetensors file`,
    );
  }
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw new UserError(
      `${file}: its header claims ${length} bytes; at most ${MAX_HEADER_BYTES} are allowed`,
    );
  }
  const bytes = await opened.read(8, Number(length), 'header', { signal });
  if (bytes[0] !== 0x7b) throw new UserError(`${file}: the header is not a JSON object`);
  return bytes;
}

function parseTensor(name: string, value: unknown, file: string, dataStart: number): TensorInfo {
  const where = `${file}: tensor ${JSON.stringify(name)}`;
  const parsed = isTensorEntry(value)
    ? { success: true as const, data: value }
    : tensorEntry.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new UserError(`${where}: ${issue.path.join('.') || 'its entry'}: ${issue.message}`);
  }
  const { dtype, shape, data_offsets: offsets } = parsed.data;
  const bits = DTYPE_BITS.get(dtype);
  if (bits === undefined)
    throw new UserError(`${where} has the unknown dtype ${JSON.stringify(dtype.slice(0, 40))}`);
  const bytes = offsets[1] - offsets[0];
  if (bytes < 0) throw new UserError(`${where} ends before it begins (data_offsets ${offsets.join(', ')})`);
  const needed = (elementCount(shape) * bits) / 8;
  if (bytes !== needed) {
    throw new UserError(
      `${where}: shape [${shape.join(', ')}] in ${dtype} takes ${needed} bytes, its data_offsets hold ${bytes}`,
    );
  }
  return { name, dtype, shape, file, offset: dataStart + offsets[0], bytes };
}

/** The tensors must fill the data section from its first byte to its last, each byte once. */
function checkLayout(
  tensors: readonly TensorInfo[],
  file: string,
  dataStart: number,
  fileBytes: number,
): void {
  const ordered = tensors.toSorted((a, b) => a.offset - b.offset || a.bytes - b.bytes);
  const outside = ordered.find(({ offset, bytes }) => offset + bytes > fileBytes);
  if (outside) {
    throw new UserError(
      `${file}: the data of tensor ${JSON.stringify(outside.name)} ends at byte ${outside.offset + outside.bytes}, but the file has ${fileBytes}; it was cut off or its header is damaged`,
    );
  }
  let end = dataStart;
  for (const { name, offset, bytes } of ordered) {
    const where = `${file}: the data of tensor ${JSON.stringify(name)}`;
    if (offset < end) throw new UserError(`${where} overlaps the tensor before it`);
    if (offset > end) throw new UserError(`${where} leaves a hole of ${offset - end} bytes before it`);
    end = offset + bytes;
  }
  if (end !== fileBytes) {
    throw new UserError(
      `${file}: ${fileBytes - end} bytes follow the last tensor; the file or its header is damaged`,
    );
  }
}

/**
 * Reads and checks the header of a safetensors file; of the data nothing is read.
 *
 * @throws UserError naming the file, and the tensor where there is one, for every fault of the format
 */
export async function readHeader(opened: OpenedFile, signal?: AbortSignal): Promise<TensorInfo[]> {
  const { path: file, bytes: fileBytes } = opened;
  const bytes = await readHeaderBytes(opened, signal);
  const text = decodeText(bytes, file, 'header');
  const header = parseJson(text, file, 'header', HEADER_LIMITS) as Record<string, unknown>;
  const duplicate = duplicateKey(text);
  if (duplicate !== undefined)
    throw new UserError(`${file}: the header names ${JSON.stringify(duplicate.slice(0, 100))} twice`);

  const dataStart = 8 + bytes.length;
  const tensors: TensorInfo[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name.length > MAX_NAME)
      throw new UserError(
        `${file}: a tensor's name has ${name.length} characters; at most ${MAX_NAME} are allowed`,
      );
    if (name !== '__metadata__') tensors.push(parseTensor(name, value, file, dataStart));
    else if (!metadataEntry.safeParse(value).success) {
      throw new UserError(`${file}: __metadata__ must map names to strings`);
    }
  }
  checkLayout(tensors, file, dataStart, fileBytes);
  return tensors;
}
