import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { codecOf } from '../checkpoint/dtype.ts';
import type { TensorInfo } from '../checkpoint/header.ts';
import type { ParameterSource } from '../families/family.ts';
import type { Progress } from '../long-running.ts';
import type { ParameterSpec } from '../parameters.ts';
import { elementCount } from '../shape.ts';
import { storedName } from './stored-name.ts';

/** Counts the bytes of parameters as they are read, as they are stored in the checkpoint. */
export class LoadCounter {
  readonly #elementBytes: ReadonlyMap<string, number>;
  readonly #total: number;
  readonly #onProgress: (done: Progress) => void;
  #finished = 0;

  /** @param specs the parameters that will be read */
  constructor(
    checkpoint: Checkpoint,
    sources: ReadonlyMap<string, ParameterSource>,
    specs: readonly ParameterSpec[],
    onProgress: (done: Progress) => void,
  ) {
    const bytesOf = ({ name }: ParameterSpec): number => {
      const stored = storedName(checkpoint, sources.get(name) as ParameterSource) as string;
      return codecOf(checkpoint.tensors.get(stored) as TensorInfo).bytes;
    };
    this.#elementBytes = new Map(specs.map((spec) => [spec.name, bytesOf(spec)]));
    this.#total = specs.reduce((sum, spec) => sum + bytesOf(spec) * elementCount(spec.shape), 0);
    this.#onProgress = onProgress;
    onProgress({ finished: 0, total: this.#total });
  }

  /** Hands on a parameter's chunks, and counts each. */
  async *count({ name }: ParameterSpec, chunks: AsyncIterable<Float32Array>): AsyncGenerator<Float32Array> {
    for await (const chunk of chunks) {
      yield chunk;
      this.#finished += chunk.length * (this.#elementBytes.get(name) ?? 0);
      this.#onProgress({ finished: this.#finished, total: this.#total });
    }
  }
}
