/** The character that stands for each byte in a byte-level vocabulary: the printable ones for themselves, others from U+0100 on. */
const LETTERS: readonly string[] = (() => {
  let others = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
    return String.fromCodePoint(printable ? byte : others++);
  });
})();
const BYTES: ReadonlyMap<string, number> = new Map(LETTERS.map((letter, byte) => [letter, byte]));

const encoder = new TextEncoder();

function others(text: string): string {
  let letters = '';
  for (const byte of encoder.encode(text)) letters += LETTERS[byte]!;
  return letters;
}

/** The bytes of a text (UTF-8) as letters. */
export function bytesToLetters(text: string): string {
  let letters = '';
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return letters + others(text.slice(i));
    letters += LETTERS[unit]!;
  }
  return letters;
}

/** The bytes that a token stands for; a token with any other character stands for its own. */
export function lettersToBytes(token: string): number[] {
  const bytes: number[] = [];
  for (const letter of token) {
    const byte = BYTES.get(letter);
    if (byte === undefined) return [...encoder.encode(token)];
    bytes.push(byte);
  }
  return bytes;
}
