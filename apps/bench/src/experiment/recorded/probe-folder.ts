import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { SafetensorsFile, type TensorInfo } from '@icl-gd/transformer';
import { isTemporary, storageError } from '@icl-gd/transformer/files';
import { listed } from '../../terminal/words.ts';
import { type NameParts, type TensorName, parseName, parseTensorName, settingNamed } from './names.ts';

/** What a recording is of. */
export interface Subject {
  readonly model: string;
  /** By which two models of one name are told apart. */
  readonly modelDigest: string | undefined;
  readonly variant: string;
  readonly dataset: string;
  readonly probe: string | undefined;
  readonly seed: number | undefined;
  readonly permutation: number | undefined;
  readonly learningRate: number | undefined;
}

/** A tensor with what names of tensor, file and folders and the file's metadata say of it. */
export interface RecordedTensor extends TensorName {
  readonly file: SafetensorsFile;
  readonly info: TensorInfo;
  readonly setting: string;
  /** False where the file's name stands for a setting that nothing says. */
  readonly settingSaid: boolean;
  readonly subject: Subject;
}

/** What lies in a folder of recordings. */
export interface ProbeFolder {
  readonly tensors: readonly RecordedTensor[];
  /** Names of tensors that nothing is computed of. */
  readonly unused: readonly string[];
  /** Files that are no recordings. */
  readonly otherFiles: readonly string[];
}

/** What PyTorch and numpy write beside safetensors. */
const FOREIGN = /\.(?:pt|pth|bin|pkl|pickle|npz|npy|h5|hdf5|ckpt)$/i;
const CONVERT =
  'safetensors alone is read: from safetensors.torch import save_file; save_file({name: tensor.contiguous()}, "ICL.safetensors")';

/**
 * Reads the headers of all safetensors files of a folder, and of folders in it.
 * @param onFile told how many files of how many have been read
 * @throws UserError naming file and tensor for whatever is not understood
 */
export async function readProbeFolder(
  folder: string,
  onFile: (done: number, total: number) => void,
): Promise<ProbeFolder> {
  const names = (await list(folder)).filter((name) => !isTemporary(basename(name)));
  const foreign = names.filter((name) => FOREIGN.test(name));
  if (foreign.length > 0) throw new UserError(`${join(folder, foreign[0] as string)}: ${CONVERT}`);
  const files = names.filter((name) => /\.safetensors$/i.test(name));
  if (files.length === 0)
    throw new UserError(
      `${folder} has no .safetensors files${names.length === 0 ? ': it is empty' : `; there is ${listed(names, 3)}`}`,
    );
  const tensors: RecordedTensor[] = [];
  const unused = new Set<string>();
  const keys = new Set<string>();
  for (const [i, name] of files.entries()) {
    onFile(i, files.length);
    const file = await SafetensorsFile.open(join(folder, name));
    // A cell that several trials share stands under a name of each.
    const { key } = file.metadata;
    if (key !== undefined && keys.has(key)) continue;
    if (key !== undefined) keys.add(key);
    // Ours say all of it in their metadata; what stands in brackets in their names has numbers of its own.
    const parts = key === undefined ? partsOfPath(name, file.path) : NO_PARTS;
    for (const info of file.tensors.values()) {
      const own = parseTensorName(info.name, file.path, /^(?:B?F|C)\d/.test(info.dtype));
      if (own) tensors.push(recordedTensor(folder, file, info, { own, ...parts }));
      else unused.add(info.name.replaceAll(/\d+/g, '*'));
    }
  }
  const otherFiles = names.filter((name) => !files.includes(name));
  return { tensors, unused: [...unused], otherFiles };
}

async function list(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const root = resolve(folder);
    return entries
      .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => resolve(path).slice(root.length + 1))
      .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code;
    if (missing === 'ENOENT') throw new UserError(`${folder} does not exist`);
    if (missing === 'ENOTDIR')
      throw new UserError(`${folder} is a file: what is wanted is the folder that holds it and the others`);
    throw storageError(folder, error);
  }
}

interface PathParts {
  readonly stem: string;
  readonly path: NameParts;
  /** What words are left in the names of the folders that it lies in. */
  readonly folders: readonly string[];
}

const NO_PARTS: PathParts = { stem: '', path: { words: [] }, folders: [] };

function partsOfPath(name: string, where: string): PathParts {
  const segments = name.split(/[/\\]/);
  const stem = (segments.pop() as string).replace(/\.safetensors$/i, '');
  const inFolders = segments.map((segment) => parseName(segment, where));
  const all = [...inFolders, parseName(stem, where)];
  const only = (part: 'setting' | 'example' | 'seed' | 'permutation'): Partial<NameParts> => {
    const values = [...new Set(all.flatMap((parts) => parts[part] ?? []))];
    if (values.length > 1)
      throw new UserError(`${where}: its path says two times which ${part} it is of (${values.join(', ')})`);
    return values.length === 0 ? {} : { [part]: values[0] };
  };
  const path = { ...only('setting'), ...only('example'), ...only('seed'), ...only('permutation'), words: [] };
  return { stem, path, folders: inFolders.flatMap(({ words }) => words) };
}

function recordedTensor(
  folder: string,
  file: SafetensorsFile,
  info: TensorInfo,
  { own, stem, path, folders }: PathParts & { readonly own: TensorName },
): RecordedTensor {
  const { metadata } = file;
  // What says its rows has them all; digits in its name are no example's number.
  const example = own.example ?? (metadata['validation_rows'] === undefined ? path.example : undefined);
  const number = (key: string): number | undefined => numberOf(file, key);
  return {
    kind: own.kind,
    ...(own.layer === undefined ? {} : { layer: own.layer }),
    ...(example === undefined ? {} : { example }),
    ...settingOf(file, own, path, stem),
    file,
    info,
    subject: {
      model: metadata['model'] ?? 'recorded',
      modelDigest: metadata['model_digest'],
      variant: metadata['variant'] ?? 'trained',
      dataset: metadata['dataset'] ?? (folders.join('-') || basename(resolve(folder))),
      probe: metadata['probe'],
      seed: number('seed') ?? path.seed,
      permutation: number('permutation') ?? path.permutation,
      learningRate: number('learning_rate'),
    },
  };
}

/** The tensor's own name counts first, then the metadata, then the path; without any the file's name is the learner's. */
function settingOf(
  file: SafetensorsFile,
  own: TensorName,
  path: NameParts,
  stem: string,
): Pick<RecordedTensor, 'setting' | 'settingSaid'> {
  const { setting: said = '', method = '' } = file.metadata;
  // As in predictions.csv, where a learner's setting is FT.
  const name = settingNamed(said) === 'FT' && method !== '' ? method : said;
  const named = name === '' ? path.setting : settingNamed(name);
  if (own.setting !== undefined && named !== undefined && own.setting !== named)
    throw new UserError(
      `${file.path}: the file is of ${named}, but the name of a tensor says ${own.setting}: name one of them otherwise`,
    );
  const known = own.setting ?? named;
  return { setting: known ?? stem, settingSaid: known !== undefined };
}

function numberOf({ metadata, path }: SafetensorsFile, key: string): number | undefined {
  const text = metadata[key];
  if (text === undefined || text === '' || /^(?:null|none)$/i.test(text)) return undefined;
  const value = Number(text);
  const valid = key === 'learning_rate' ? Number.isFinite(value) && value >= 0 : Number.isSafeInteger(value);
  if (!valid || value < 0)
    throw new UserError(`${path}: the metadata has ${key} ${JSON.stringify(text)}, which is no such number`);
  return value;
}
