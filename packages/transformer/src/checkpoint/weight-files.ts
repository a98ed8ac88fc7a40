import { listed } from '../words.ts';
import { type TensorInfo, readHeader } from './header.ts';
import { readTorchTensors } from './torch-file.ts';
import type { OpenedFile } from '../source/opened-file.ts';

/** A way that weights are stored in a model directory: in one file, or in shards that an index lists. */
export interface WeightFormat {
  readonly single: string;
  readonly index: string;
  /** Finds the tensors of a file without reading their data. */
  readonly readTensors: (file: OpenedFile, signal?: AbortSignal) => Promise<TensorInfo[]>;
}

/** The preferred one first. */
export const WEIGHT_FORMATS: readonly WeightFormat[] = [
  { single: 'model.safetensors', index: 'model.safetensors.index.json', readTensors: readHeader },
  { single: 'pytorch_model.bin', index: 'pytorch_model.bin.index.json', readTensors: readTorchTensors },
];

/** All files that lead to weights: themselves or their index, the preferred one first. */
export const WEIGHT_ENTRIES: readonly string[] = WEIGHT_FORMATS.flatMap(({ single, index }) => [
  single,
  index,
]);

export function isIndex(file: string): boolean {
  return WEIGHT_FORMATS.some(({ index }) => index === file);
}

/** Files of PEFT: what is to be added to the weights of another model. */
export const ADAPTER_FILES: readonly string[] = [
  'adapter_config.json',
  'adapter_model.safetensors',
  'adapter_model.bin',
];

/** What there is instead of weights that are read, and what to do; said of a place without any of {@link WEIGHT_ENTRIES}. */
export function insteadOfWeights(files: Iterable<string>): string {
  const names = [...files];
  if (names.some((name) => ADAPTER_FILES.includes(name)))
    return 'there is an adapter, which belongs to the weights of another model; merge it into them (merge_and_unload of PEFT) and save the result';
  const others = names.filter((name) =>
    /\.(bin|safetensors|pt|pth|ckpt|h5|msgpack|onnx|gguf|npz)$/i.test(name),
  );
  const found = others.length > 0 ? `there is ${listed(others.toSorted(), 3)}; ` : '';
  return `${found}save the model with save_pretrained, which writes safetensors`;
}
