import { type Place, refuse } from './component.ts';

/** Units of a double-array trie (Darts), as SentencePiece writes it. */
type Trie = Uint32Array;

/** Released maps have a third of a million characters in base 64. */
const LARGEST = 8_000_000;

const encoder = new TextEncoder();

function offset(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}

/** Where in the replacements the shortest beginning of the key that the trie holds is replaced. */
function shortestPrefix(trie: Trie, key: Uint8Array): number | undefined {
  let position = offset(trie[0] ?? 0);
  for (const byte of key) {
    if (byte === 0) return undefined;
    position ^= byte;
    const unit = trie[position];
    if (unit === undefined || (unit & 0x8000_00ff) >>> 0 !== byte) return undefined;
    position ^= offset(unit);
    if ((unit & 0x100) !== 0) return (trie[position] ?? 0) & 0x7fff_ffff;
  }
  return undefined;
}

// What may make a grapheme of more than one character and less than six bytes: marks, invisible characters, prefixes.
const JOINING = /[\p{M}\p{Cf}\p{Emoji_Modifier}\r\u{d4e}\u{e33}\u{eb3}\u{ff9e}\u{ff9f}\u{11000}-\u{11fff}]/v;

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

function parse(bytes: Uint8Array, place: Place): { trie: Trie; replacements: Uint8Array } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = bytes.length < 4 ? Infinity : view.getUint32(0, true);
  if (size > bytes.length - 4 || size % 4 !== 0) {
    refuse(place, 'Precompiled: precompiled_charsmap is not a map of SentencePiece');
  }
  const trie = Uint32Array.from({ length: size / 4 }, (_, i) => view.getUint32(4 + 4 * i, true));
  return { trie, replacements: bytes.subarray(4 + size) };
}

/** SentencePiece's normalization by a map of characters (nmt_nfkc and the like), in base 64. */
export function precompiled(base64: string, place: Place): (text: string) => string {
  if (base64.length > LARGEST) refuse(place, 'Precompiled: precompiled_charsmap is larger than 8 MB');
  const { trie, replacements } = parse(fromBase64(base64), place);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const replacement = (part: string): string | undefined => {
    const start = shortestPrefix(trie, encoder.encode(part));
    if (start === undefined || start >= replacements.length) return undefined;
    const end = replacements.indexOf(0, start);
    return decoder.decode(replacements.subarray(start, end === -1 ? undefined : end));
  };
  const known = new Map<string, string | undefined>();
  const lookUp = (part: string): string | undefined => {
    if (!known.has(part)) {
      // A text may hold a million different characters; a few thousand are common.
      if (known.size > 20_000) known.clear();
      known.set(part, replacement(part));
    }
    return known.get(part);
  };
  const byCharacter = (text: string): string => {
    let result = '';
    for (const character of text) result += lookUp(character) ?? character;
    return result;
  };
  const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
  return (text) => {
    if (!JOINING.test(text)) return byCharacter(text);
    let result = '';
    for (const { segment } of graphemes.segment(text)) {
      // A short grapheme is looked up whole, and its shortest known beginning replaces all of it.
      const whole = encoder.encode(segment).length < 6 ? lookUp(segment) : undefined;
      result += whole ?? byCharacter(segment);
    }
    return result;
  };
}
