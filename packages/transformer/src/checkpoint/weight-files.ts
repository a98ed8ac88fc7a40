import type { FileHandle } from 'node:fs/promises';
import { type TensorInfo, readHeader } from './header.ts';
import { readTorchTensors } from './torch-file.ts';

/** A way that weights are stored in a model directory: in one file, or in shards that an index lists. */
export interface WeightFormat {
  readonly single: string;
  readonly index: string;
  /** Finds the tensors of a file without reading their data. */
  readonly readTensors: (handle: FileHandle, file: string) => Promise<TensorInfo[]>;
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
