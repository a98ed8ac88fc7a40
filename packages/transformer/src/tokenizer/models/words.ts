import type { WordLevelDefinition, WordPieceDefinition } from './definition.ts';
import type { Model } from './model.ts';

/** Each piece is a token or unknown. */
export class WordLevel implements Model {
  readonly #vocabulary: ReadonlyMap<string, number>;
  readonly #unknown: readonly number[] | undefined;

  constructor({ vocabulary, unk_token: unknown }: WordLevelDefinition) {
    this.#vocabulary = vocabulary;
    const id = vocabulary.get(unknown);
    this.#unknown = id === undefined ? undefined : [id];
  }

  encode(piece: string): readonly number[] | undefined {
    const id = this.#vocabulary.get(piece);
    return id === undefined ? this.#unknown : [id];
  }
}

/** The longest token from the left, then the longest from there on; a piece with a part that is no token is unknown. */
export class WordPiece implements Model {
  readonly #definition: WordPieceDefinition;
  readonly #unknown: readonly number[] | undefined;
  /** In UTF-16 units. */
  readonly #longest: number;

  constructor(definition: WordPieceDefinition) {
    this.#definition = definition;
    const id = definition.vocabulary.get(definition.unk_token);
    this.#unknown = id === undefined ? undefined : [id];
    let longest = 0;
    for (const token of definition.vocabulary.keys()) longest = Math.max(longest, token.length);
    this.#longest = longest;
  }

  encode(piece: string): readonly number[] | undefined {
    const {
      vocabulary,
      continuing_subword_prefix: prefix,
      max_input_chars_per_word: most,
    } = this.#definition;
    const characters = [...piece];
    if (characters.length > most) return this.#unknown;
    const ids: number[] = [];
    for (let start = 0; start < characters.length;) {
      let id: number | undefined;
      let end = Math.min(characters.length, start + this.#longest);
      for (; end > start; end--) {
        id = vocabulary.get((start > 0 ? prefix : '') + characters.slice(start, end).join(''));
        if (id !== undefined) break;
      }
      if (id === undefined) return this.#unknown;
      ids.push(id);
      start = end;
    }
    return ids;
  }
}
