/** Cuts pieces of a text into tokens. */
export interface Model {
  /**
   * Token ids of a piece of text, which is not empty.
   *
   * @returns undefined if a part of it is outside of the vocabulary and there is no unknown token
   */
  encode(piece: string): readonly number[] | undefined;
}

const encoder = new TextEncoder();

/** The tokens that stand for the bytes of a text, `<0x00>` to `<0xFF>`; undefined if the vocabulary lacks one of them. */
export function byteTokens(text: string, vocabulary: ReadonlyMap<string, number>): number[] | undefined {
  const ids: number[] = [];
  for (const byte of encoder.encode(text)) {
    const id = vocabulary.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
    if (id === undefined) return undefined;
    ids.push(id);
  }
  return ids;
}
