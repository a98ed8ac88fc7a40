/** A file of an archive, and how it departs from a plain one. */
export interface ArchiveFile {
  readonly name: string;
  readonly data: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  /** Claimed instead of the true size. */
  readonly size?: number;
  /** Writes sizes and offset as zip64 does. */
  readonly wide?: boolean;
}

/** A zip file of stored entries; `wide` ends it as zip64 does. */
export function zipOf(files: readonly ArchiveFile[], { wide = false } = {}): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let at = 0;
  const append = (part: Buffer): void => {
    parts.push(part);
    at += part.length;
  };
  for (const { name, data, method = 0, flags = 0, size = data.length, ...file } of files) {
    const text = Buffer.from(name);
    const offset = at;
    // As PyTorch does, the local header has a padding field that the directory lacks.
    const padding = fields([2, 0x4246], [2, 3], [2, 0], [1, 0]);
    append(fields([4, 0x04034b50], [2, 20], [2, flags], [2, method], [4, 0], [4, 0], [4, size], [4, size]));
    append(Buffer.concat([fields([2, text.length], [2, padding.length]), text, padding]));
    append(Buffer.from(data));
    const extra = file.wide ? fields([2, 1], [2, 24], [8, size], [8, size], [8, offset]) : Buffer.alloc(0);
    const [shownSize, shownOffset] = file.wide ? [0xffffffff, 0xffffffff] : [size, offset];
    central.push(
      fields([4, 0x02014b50], [2, 20], [2, 20], [2, flags], [2, method], [4, 0], [4, 0], [4, shownSize]),
      fields([4, shownSize], [2, text.length], [2, extra.length], [2, 0], [2, 0], [2, 0], [4, 0]),
      Buffer.concat([fields([4, shownOffset]), text, extra]),
    );
  }
  const directory = Buffer.concat(central);
  const [start, count] = [at, files.length];
  append(directory);
  if (wide) {
    const end = at;
    append(fields([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], [8, count], [8, count]));
    append(fields([8, directory.length], [8, start], [4, 0x07064b50], [4, 0], [8, end], [4, 1]));
  }
  const [shownCount, shown] = wide ? [0xffff, 0xffffffff] : [count, start];
  append(fields([4, 0x06054b50], [2, 0], [2, 0], [2, shownCount], [2, shownCount]));
  append(fields([4, wide ? 0xffffffff : directory.length], [4, shown], [2, 0]));
  return Buffer.concat(parts);
}

/** Little-endian numbers of so many bytes each. */
export function fields(...numbers: readonly (readonly [bytes: number, value: number])[]): Buffer {
  return Buffer.concat(
    numbers.map(([bytes, value]) => {
      const field = Buffer.alloc(8);
      field.writeBigUInt64LE(BigInt(value));
      return field.subarray(0, bytes);
    }),
  );
}

/** Instructions of a pickle, as Python's pickletools names them. */
export const pickle = {
  start: Buffer.from([0x80, 2]),
  stop: Buffer.from('.'),
  text: (value: string): Buffer =>
    Buffer.concat([Buffer.from('X'), fields([4, Buffer.byteLength(value)]), Buffer.from(value)]),
  integer: (value: number): Buffer => Buffer.concat([Buffer.from([0x8a, 7]), fields([7, value])]),
  global: (module: string, name: string): Buffer => Buffer.from(`c${module}\n${name}\n`),
  tuple: (...values: readonly Buffer[]): Buffer =>
    Buffer.concat([Buffer.from('('), ...values, Buffer.from('t')]),
  call: (callee: Buffer, ...args: readonly Buffer[]): Buffer =>
    Buffer.concat([callee, pickle.tuple(...args), Buffer.from('R')]),
  dictionary: (...items: readonly (readonly [Buffer, Buffer])[]): Buffer =>
    Buffer.concat([Buffer.from('}('), ...items.flat(), Buffer.from('u')]),
  whole: (value: Buffer): Buffer => Buffer.concat([pickle.start, value, pickle.stop]),
};

/** A tensor's pickle: a view of storage `key`, row-major if no strides are given. */
export function pickledTensor(
  shape: readonly number[],
  {
    key = '0',
    type = 'FloatStorage',
    elements = 0,
    offset = 0,
    strides = shape.map((_, i) => shape.slice(i + 1).reduce((product, n) => product * n, 1)),
  } = {},
): Buffer {
  const count = elements || shape.reduce((product, n) => product * n, 1);
  const { text, tuple, integer, global } = pickle;
  const id = tuple(text('storage'), global('torch', type), text(key), text('cpu'), integer(count));
  return pickle.call(
    global('torch._utils', '_rebuild_tensor_v2'),
    Buffer.concat([id, Buffer.from('Q')]),
    integer(offset),
    tuple(...shape.map(integer)),
    tuple(...strides.map(integer)),
    Buffer.from([0x89]),
    pickle.call(global('collections', 'OrderedDict')),
  );
}

/** A weights file as torch.save writes it: float32 tensors by name. */
export function torchFile(
  tensors: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly data: Float32Array;
  }[],
): Buffer {
  const items = tensors.map(
    ({ name, shape }, i) => [pickle.text(name), pickledTensor(shape, { key: `${i}` })] as const,
  );
  return zipOf([
    { name: 'model/data.pkl', data: pickle.whole(pickle.dictionary(...items)) },
    { name: 'model/byteorder', data: Buffer.from('little') },
    ...tensors.map(({ data }, i) => ({
      name: `model/data/${i}`,
      data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    })),
  ]);
}
