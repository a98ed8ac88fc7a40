import type { DecoderConfig } from '../config.ts';
import { type Family, type ParameterSource, outputRanges } from '../families/family.ts';
import { elementCount } from '../shape.ts';

/** A tensor as a checkpoint stores it. */
export interface CheckpointTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * Brings decoder parameters to the names and layouts of a family's checkpoints: the inverse of loading.
 * @param valueOf values of a parameter by its decoder name, [out, in] row-major
 */
export function toCheckpointTensors(
  family: Family,
  config: DecoderConfig,
  valueOf: (name: string) => Float32Array,
): CheckpointTensor[] {
  const stored = new Map<string, CheckpointTensor>();
  for (const [parameter, source] of family.sources(config)) {
    const name = source.tensors[0] as string;
    let tensor = stored.get(name);
    if (!tensor) {
      const length = elementCount(source.shape);
      stored.set(name, (tensor = { name, shape: source.shape, data: new Float32Array(length) }));
    }
    place(tensor.data, source, valueOf(parameter));
  }
  return [...stored.values()];
}

function place(target: Float32Array, source: ParameterSource, values: Float32Array): void {
  const outputs = (source.transposed ? source.shape.at(-1) : source.shape[0]) ?? 1;
  const inputs = target.length / outputs;
  let row = 0;
  for (const [first, end] of outputRanges(source)) {
    if (!source.transposed) {
      target.set(values.subarray(row * inputs, (row + end - first) * inputs), first * inputs);
    } else {
      for (let o = first; o < end; o++)
        for (let i = 0; i < inputs; i++)
          target[i * outputs + o] = values[(row + o - first) * inputs + i] as number;
    }
    row += end - first;
  }
}
