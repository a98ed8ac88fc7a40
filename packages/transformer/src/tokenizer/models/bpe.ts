import { MergeQueue } from './merge-queue.ts';
import { type Model, byteTokens } from './model.ts';
import type { BpeDefinition } from './definition.ts';

// A place in the queue of merges is rank * 2^30 + position, exact below 2^53.
const POSITIONS = 2 ** 30;
const CACHED_PIECES = 20_000;
const LONGEST_CACHED = 256;

/** Byte-pair encoding: characters, then merges of neighbours, the lowest rank first and the leftmost among equals. */
export class Bpe implements Model {
  readonly #definition: BpeDefinition;
  readonly #unknown: number | undefined;
  /** By the number of the pair, see `#pair`. */
  readonly #ranks = new Map<number, number>();
  readonly #results: Uint32Array;
  readonly #stride: number;
  readonly #cache = new Map<string, readonly number[]>();

  constructor(definition: BpeDefinition) {
    this.#definition = definition;
    const { vocabulary, tokens, unk_token: unknown } = definition;
    const { left, right } = definition.merges;
    this.#unknown = unknown === null ? undefined : vocabulary.get(unknown);
    this.#stride = tokens.length;
    // Of a pair that is there twice the last counts.
    for (let rank = 0; rank < left.length; rank++)
      this.#ranks.set(this.#pair(left[rank]!, right[rank]!), rank);
    this.#results = definition.merges.result;
  }

  encode(piece: string): readonly number[] | undefined {
    if (this.#definition.ignore_merges) {
      const id = this.#definition.vocabulary.get(piece);
      if (id !== undefined) return [id];
    }
    const cached = this.#cache.get(piece);
    if (cached) return cached;
    const characters = this.#characters(piece);
    const ids = characters && this.#merged(characters);
    if (ids && piece.length <= LONGEST_CACHED) {
      if (this.#cache.size === CACHED_PIECES) this.#cache.clear();
      this.#cache.set(piece, ids);
    }
    return ids;
  }

  #pair(left: number, right: number): number {
    return left * this.#stride + right;
  }

  /** One id a character, several for bytes, one for neighbours that are unknown where those are fused. */
  #characters(piece: string): number[] | undefined {
    const { vocabulary, byte_fallback: byteFallback, fuse_unk: fuse } = this.#definition;
    const { continuing_subword_prefix: prefix, end_of_word_suffix: suffix } = this.#definition;
    const ids: number[] = [];
    let pending = false;
    let end = 0;
    for (const character of piece) {
      const start = end;
      end += character.length;
      const token = (start > 0 ? prefix : '') + character + (end === piece.length ? suffix : '');
      const id = vocabulary.get(token);
      if (id !== undefined) {
        if (pending) ids.push(this.#unknown!);
        pending = false;
        ids.push(id);
        continue;
      }
      const bytes = byteFallback ? byteTokens(token, vocabulary) : undefined;
      if (bytes) {
        // An unknown character before bytes comes after them: so does the Rust implementation.
        ids.push(...bytes);
        continue;
      }
      if (this.#unknown === undefined) return undefined;
      if (pending && !fuse) ids.push(this.#unknown);
      pending = true;
    }
    if (pending) ids.push(this.#unknown!);
    return ids;
  }

  #merged(ids: number[]): readonly number[] {
    if (ids.length < 2) return ids;
    const next = ids.map((_, i) => i + 1);
    const previous = ids.map((_, i) => i - 1);
    const merged = new Uint8Array(ids.length);
    const queue = new MergeQueue();
    const consider = (left: number): void => {
      const right = next[left]!;
      if (left < 0 || right >= ids.length) return;
      const rank = this.#ranks.get(this.#pair(ids[left]!, ids[right]!));
      if (rank !== undefined) queue.push(rank * POSITIONS + left);
    };
    for (let i = 0; i + 1 < ids.length; i++) consider(i);

    for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
      const left = key % POSITIONS;
      const right = next[left]!;
      if (merged[left] === 1 || right >= ids.length) continue;
      // What stands there now may be another pair, but then it must become the same token.
      const result = this.#results[(key - left) / POSITIONS]!;
      const rank = this.#ranks.get(this.#pair(ids[left]!, ids[right]!));
      if (rank === undefined || this.#results[rank] !== result) continue;
      ids[left] = result;
      merged[right] = 1;
      next[left] = next[right]!;
      if (next[left]! < ids.length) previous[next[left]!] = left;
      if (previous[left]! >= 0) consider(previous[left]!);
      consider(left);
    }
    return ids.filter((_, i) => merged[i] === 0);
  }
}
