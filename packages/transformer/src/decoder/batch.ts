import { type Gpu, PackedSequences, type Tensor } from '@icl-gd/gpu-kernels';

/** Sequences packed one after another for one pass. */
export class Batch implements Disposable {
  readonly sequences: PackedSequences;
  /** Token ids, uint32 [T]. */
  readonly tokens: Tensor;
  /** Row of the position table of each token, uint32 [T]. */
  readonly positions: Tensor;
  /** The same on the host. */
  readonly tokenIds: readonly number[];
  readonly positionIds: readonly number[];
  /** Rows that the position table must have. */
  readonly positionRows: number;

  /** @param firstPosition row of the position table for each sequence's first token */
  constructor(gpu: Gpu, sequences: readonly (readonly number[])[], firstPosition: number) {
    this.sequences = new PackedSequences(
      gpu,
      sequences.map((tokens) => tokens.length),
    );
    this.tokenIds = sequences.flat();
    this.positionIds = sequences.flatMap((tokens) => tokens.map((_, i) => firstPosition + i));
    this.positionRows = sequences.reduce((most, { length }) => Math.max(most, firstPosition + length), 0);
    const shape = [this.sequences.totalTokens];
    this.tokens = gpu.upload(Uint32Array.from(this.tokenIds), shape, { label: 'batch.tokens' });
    this.positions = gpu.upload(Uint32Array.from(this.positionIds), shape, { label: 'batch.positions' });
  }

  [Symbol.dispose](): void {
    this.sequences[Symbol.dispose]();
    this.tokens.dispose();
    this.positions.dispose();
  }
}
