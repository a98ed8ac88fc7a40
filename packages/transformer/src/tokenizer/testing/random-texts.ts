import { Pcg64 } from '../../random/pcg64.ts';

/** Ranges of code points, first and last. */
const RANGES: readonly (readonly [number, number])[] = [
  [0x20, 0x7e],
  [0x61, 0x7a],
  [0x30, 0x39],
  [0x00, 0x1f],
  [0x7f, 0xff],
  [0x100, 0x24f],
  [0x300, 0x36f],
  [0x370, 0x5ff],
  [0x600, 0x6ff],
  [0x900, 0xdff],
  [0x1100, 0x11ff],
  [0x2000, 0x206f],
  [0x2070, 0x22ff],
  [0x3000, 0x30ff],
  [0x4e00, 0x9fff],
  [0xac00, 0xd7a3],
  [0xe000, 0xe0ff],
  [0xf900, 0xfaff],
  [0xfb00, 0xfdff],
  [0xfe00, 0xffff],
  [0x1d400, 0x1d7ff],
  [0x1f100, 0x1faff],
  [0x20000, 0x2a6df],
  [0xe0000, 0xe01ef],
  [0x0, 0x10ffff],
];

/** Words and characters that tokenizers treat in ways of their own. */
const PIECES = [
  ...[
    'a',
    'ab',
    'the',
    'Hello',
    'WORLD',
    "don't",
    "'s",
    "'LL",
    '12',
    '3.5',
    '1,000',
    '\u{2581}',
    '\u{2581}a',
  ],
  ...[
    ' ',
    '  ',
    '   ',
    '\n',
    '\r\n',
    '\t',
    '\u{85}',
    '\u{a0}',
    '\u{feff}',
    '\u{200b}',
    '\u{3000}',
    '\u{2028}',
  ],
  ...['.', ',', '!', '?!', '-', '_', '$', '+', '^', '`', '|', '~', '\u{201c}', '\u{2014}', '\u{b4}'],
  ...[
    '\u{bd}',
    '\u{b2}',
    '\u{663}',
    '\u{2167}',
    '\u{3007}',
    '\u{4e00}',
    '\u{e9}',
    'e\u{301}',
    '\u{130}',
    '\u{df}',
  ],
  ...[
    '\u{1f600}',
    '\u{1f469}\u{200d}\u{1f4bb}',
    '\u{1f1eb}\u{1f1f7}',
    '\u{3a3}',
    '\u{fb01}',
    '\u{212b}',
    '\u{ad}',
  ],
  ...['<unk>', '<s>', '</s>', '[UNK]', '##a', '\u{0}', '\u{fffd}', '\u{10ffff}'],
];

/**
 * Texts of up to 24 pieces: words and characters that matter to tokenizers between code points of every kind
 * (no lone surrogates, which a text of Python or Rust cannot hold). The same seed gives the same texts.
 */
export function randomTexts(count: number, seed: number): string[] {
  const random = new Pcg64(seed);
  const below = (limit: number): number => random.integers(0, limit);
  const codePoint = (): number => {
    const [first, last] = RANGES[below(RANGES.length)]!;
    const point = first + below(last - first + 1);
    return point >= 0xd800 && point <= 0xdfff ? 0x20 : point;
  };
  const piece = (): string =>
    random.random() < 0.5 ? PIECES[below(PIECES.length)]! : String.fromCodePoint(codePoint());
  return Array.from({ length: count }, () => Array.from({ length: below(25) }, piece).join(''));
}
