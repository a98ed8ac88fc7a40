import { type Gpu, type Tensor, Uploader } from '@icl-gd/gpu-kernels';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { codecOf } from '../checkpoint/dtype.ts';
import type { TensorInfo } from '../checkpoint/header.ts';
import type { DecoderConfig } from '../config.ts';
import { UserError } from '../errors.ts';
import { type Family, type ParameterSource, outputRanges } from '../families/family.ts';
import type { LongRunning } from '../long-running.ts';
import { type ParameterSpec, parameterSpecs } from '../parameters.ts';
import { type ModelVariant, initialParameter, keepsTrained } from './initialise.ts';
import { ParameterSet } from './parameter-set.ts';
import { LoadCounter } from './progress.ts';
import { type WeightDtype, storageDType } from './storage.ts';
import { storedName } from './stored-name.ts';
import { elementCount } from '../shape.ts';

/** Elements of a transposed matrix brought into order at a time. */
const BLOCK = 1 << 20;

export interface ParameterOptions extends LongRunning {
  readonly variant: ModelVariant;
  /** Seeds the parameters that the variant does not keep. */
  readonly seed: number;
  readonly dtype: WeightDtype;
}

/**
 * Puts every parameter on the device, one at a time and in chunks of a few megabytes. More than that the host holds only
 * of what is stored transposed or drawn anew: one tensor at a time.
 * @param checkpoint that has passed {@link checkSources}
 * @throws UserError if a weight cannot be read or stored
 */
export async function loadParameters(
  gpu: Gpu,
  checkpoint: Checkpoint,
  family: Family,
  config: DecoderConfig,
  { variant, seed, dtype, signal, onProgress }: ParameterOptions,
): Promise<ParameterSet> {
  const sources = family.sources(config);
  const specs = parameterSpecs(config);
  const tensors = new Map<string, Tensor>();
  const uploader = new Uploader(gpu);
  const stored = new StoredValues(checkpoint);
  const isRead = ({ role }: ParameterSpec): boolean => keepsTrained(variant, role);
  const counter = onProgress && new LoadCounter(checkpoint, sources, specs.filter(isRead), onProgress);
  const read = (spec: ParameterSpec): AsyncIterable<Float32Array> => {
    const chunks = stored.chunks(spec, sources.get(spec.name) as ParameterSource);
    return counter?.count(spec, chunks) ?? chunks;
  };
  try {
    for (const spec of specs) {
      signal?.throwIfAborted();
      // Before its values are read, so that one too large for the adapter is refused at once.
      const tensor = parameterTensor(gpu, spec, dtype);
      tensors.set(spec.name, tensor);
      await uploader.fill(tensor, isRead(spec) ? read(spec) : [initialParameter(specs, spec.name, seed)]);
    }
    await gpu.finish();
    signal?.throwIfAborted();
  } catch (error) {
    for (const tensor of tensors.values()) tensor.dispose();
    throw error;
  }
  return new ParameterSet(tensors);
}

/** A parameter's place on the device, not yet filled. */
export function parameterTensor(gpu: Gpu, spec: ParameterSpec, dtype: WeightDtype): Tensor {
  return gpu.tensor(spec.shape, { label: spec.name, dtype: storageDType(spec, dtype), exact: true });
}

/** Checks names, shapes and dtypes without reading any weights. */
export function checkSources(checkpoint: Checkpoint, family: Family, config: DecoderConfig): void {
  for (const [parameter, source] of family.sources(config)) {
    const name = storedName(checkpoint, source);
    if (name === undefined) {
      throw new UserError(
        `${checkpoint.place}: tensor ${source.tensors.join(' or ')} is missing (it holds ${parameter} of a ${family.architecture})`,
      );
    }
    const tensor = checkpoint.tensors.get(name) as TensorInfo;
    codecOf(tensor);
    const { shape } = tensor;
    if (shape.length !== source.shape.length || shape.some((n, i) => n !== source.shape[i])) {
      throw new UserError(
        `${checkpoint.place}: tensor ${name} has shape [${shape.join(', ')}]; config.json implies [${source.shape.join(', ')}]`,
      );
    }
  }
}

/** Reads parameters out of a checkpoint, [out, in] row-major. */
class StoredValues {
  readonly #checkpoint: Checkpoint;
  // A fused and transposed q/k/v tensor serves three weights, and another one three biases, in turns: each is read once.
  readonly #transposed = new Map<ParameterSpec['kind'], { name: string; values: Float32Array }>();

  constructor(checkpoint: Checkpoint) {
    this.#checkpoint = checkpoint;
  }

  async *chunks({ kind }: ParameterSpec, source: ParameterSource): AsyncGenerator<Float32Array> {
    const name = storedName(this.#checkpoint, source) as string;
    const length = elementCount(source.shape);
    const ranges = outputRanges(source);
    if (!source.transposed) {
      const inputs = length / (source.shape[0] ?? 1);
      for (const [first, end] of ranges)
        yield* this.#checkpoint.chunks(name, first * inputs, (end - first) * inputs);
      return;
    }
    const values = await this.#whole(kind, name);
    const outputs = source.shape.at(-1) ?? 1;
    const step = Math.max(1, Math.floor((BLOCK * outputs) / length));
    for (const [first, end] of ranges) {
      for (let start = first; start < end; start += step)
        yield transposeColumns(values, outputs, start, Math.min(start + step, end));
    }
  }

  async #whole(kind: ParameterSpec['kind'], name: string): Promise<Float32Array> {
    const kept = this.#transposed.get(kind);
    if (kept?.name === name) return kept.values;
    // Before the next is read, so that there are never two.
    this.#transposed.delete(kind);
    const values = await this.#checkpoint.read(name);
    this.#transposed.set(kind, { name, values });
    return values;
  }
}

/** Columns [first, end) of a row-major matrix of so many columns, as rows. */
function transposeColumns(values: Float32Array, columns: number, first: number, end: number): Float32Array {
  const rows = values.length / columns;
  const result = new Float32Array((end - first) * rows);
  for (let r = 0; r < rows; r++)
    for (let c = first; c < end; c++) result[(c - first) * rows + r] = values[r * columns + c] as number;
  return result;
}
