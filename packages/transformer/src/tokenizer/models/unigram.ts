import { PrefixIndex } from '../prefix-index.ts';
import type { UnigramDefinition } from './definition.ts';
import { type Model, byteTokens } from './model.ts';

const UNKNOWN_PENALTY = 10;

/** The segmentation with the highest sum of scores; the first one found among equals, from left to right. */
export class Unigram implements Model {
  readonly #definition: UnigramDefinition;
  readonly #index: PrefixIndex;
  readonly #unknownScore: number;

  constructor(definition: UnigramDefinition) {
    this.#definition = definition;
    this.#index = new PrefixIndex(definition.vocabulary);
    this.#unknownScore = definition.scores.reduce((a, b) => Math.min(a, b), Infinity) - UNKNOWN_PENALTY;
  }

  encode(piece: string): readonly number[] | undefined {
    const { vocabulary, byte_fallback: byteFallback, unk_id: unknown } = this.#definition;
    const parts = this.#segment(piece);
    if (parts === undefined) return undefined;
    const ids: number[] = [];
    for (const part of parts) {
      // Unknown characters side by side are one part, which may by chance be a token.
      const id = vocabulary.get(part);
      const bytes = id === undefined && byteFallback ? byteTokens(part, vocabulary) : undefined;
      if (bytes) ids.push(...bytes);
      else if (id !== undefined) ids.push(id);
      else if (unknown !== null) ids.push(unknown);
      else return undefined;
    }
    return ids;
  }

  #segment(text: string): string[] | undefined {
    const { scores, unk_id: unknown } = this.#definition;
    const best = new Float64Array(text.length + 1);
    const from = new Int32Array(text.length + 1).fill(-1);
    const tokens = new Float64Array(text.length + 1);
    const offer = (start: number, end: number, id: number, score: number): void => {
      const sum = score + best[start]!;
      if (from[end] !== -1 && !(sum > best[end]!)) return;
      best[end] = sum;
      from[end] = start;
      tokens[end] = id;
    };
    for (let start = 0, length = 0; start < text.length; start += length) {
      length = text.codePointAt(start)! > 0xffff ? 2 : 1;
      let single = false;
      this.#index.forEach(text, start, (end, id) => {
        offer(start, end, id, scores[id]!);
        single ||= end === start + length;
      });
      if (single) continue;
      // As the Rust implementation: even where another way leads past this character.
      if (
        unknown === null &&
        (from[start + length] === -1 || this.#unknownScore + best[start]! > best[start + length]!)
      )
        return undefined;
      offer(start, start + length, unknown ?? -1, this.#unknownScore);
    }

    const parts: string[] = [];
    let fused = text.length;
    for (let end = text.length; end > 0; end = from[end]!) {
      if (unknown !== null && tokens[end] === unknown) continue;
      if (fused > end) parts.push(text.slice(end, fused));
      parts.push(text.slice(from[end], end));
      fused = from[end]!;
    }
    if (fused > 0) parts.push(text.slice(0, fused));
    return parts.toReversed();
  }
}
