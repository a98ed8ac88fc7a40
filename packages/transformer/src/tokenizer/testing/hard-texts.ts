import { Pcg64 } from '../../random/pcg64.ts';

/** Ranges of code points, first and last: marks, and what combines or was added to Unicode lately. */
const MARKS: readonly (readonly [number, number])[] = [
  ...([
    [0x300, 0x36f],
    [0x483, 0x489],
    [0x591, 0x5c7],
    [0x64b, 0x65f],
    [0x8ca, 0x903],
    [0x93a, 0x94f],
    [0x9bc, 0x9cd],
    [0xe31, 0xe3a],
  ] as const),
  ...([
    [0x1161, 0x11c2],
    [0x1ab0, 0x1aeb],
    [0x1df5, 0x1dff],
    [0x200b, 0x200f],
    [0x20d0, 0x20f0],
    [0x3099, 0x309a],
    [0xfe00, 0xfe0f],
    [0xff9e, 0xff9f],
  ] as const),
  ...([
    [0x113b8, 0x113d2],
    [0x16121, 0x1612f],
    [0x1e4ec, 0x1e4ef],
    [0x1f3fb, 0x1f3ff],
  ] as const),
];
const BASES: readonly (readonly [number, number])[] = [
  ...([
    [0x41, 0x7a],
    [0xc0, 0x24f],
    [0x250, 0x2af],
    [0x386, 0x3ff],
    [0x600, 0x605],
    [0x905, 0x939],
    [0x995, 0x9b9],
    [0xd4e, 0xd4e],
  ] as const),
  ...([
    [0x1100, 0x1112],
    [0x1e00, 0x1fff],
    [0x2100, 0x218b],
    [0x3041, 0x30ff],
    [0x3200, 0x33ff],
    [0xa7c0, 0xa7ff],
    [0xac00, 0xac40],
    [0xf900, 0xfb4f],
  ] as const),
  ...([
    [0xff01, 0xffdc],
    [0x105c0, 0x105f3],
    [0x10780, 0x107ba],
    [0x10940, 0x10960],
    [0x11380, 0x113b7],
    [0x16d40, 0x16d79],
    [0x16ea0, 0x16ed3],
    [0x1ccd6, 0x1ccf9],
  ] as const),
  ...([
    [0x1e030, 0x1e06d],
    [0x1f100, 0x1f265],
    [0x1fbf0, 0x1fbfa],
    [0x2f800, 0x2fa1d],
    [0x32390, 0x323c0],
  ] as const),
];
/** What a run is made of. */
const RUNS: readonly (readonly string[])[] = [
  ['0', '1', '9', '\u{663}', '\u{b2}', '\u{2167}', '\u{ff11}', '\u{1d7d8}', '\u{11de3}'],
  [' ', '\n', '\r', '\t', '\u{a0}', '\u{85}', '\u{3000}', '\u{feff}'],
  [' '],
  ['\n', '\r\n', '\r'],
  ['a', 'B', '\u{e9}', '\u{df}', '\u{4e2d}', '\u{3042}', '\u{c5d0}', '\u{295}', '\u{1c5}', '\u{2b0}'],
  ['.', ',', '!', '\u{2014}', '$', '+', '\u{3002}', '\u{61d}', '\u{2e52}', '\u{20c1}', '\u{1f600}', '|', '/'],
  ["'", 's', 'S', '\u{17f}', 'l', 'L', 'v', 'E', 'r', 'e', 'd', 'M', 't', ' '],
  ['x', 'a', 'aa', '', '-', '_', '\u{2581}', '\u{2581}\u{2581}'],
];
const LETTERS = [
  ...['\u{17f}', '\u{212a}', '\u{130}', '\u{131}', '\u{3a3}', '\u{3c2}', '\u{df}', '\u{1e9e}', '\u{fb00}', '\u{fb06}'],
  ...['\u{149}', '\u{1f0}', '\u{216f}', '\u{24b6}', '\u{19b}', '\u{a7dc}', '\u{10d65}', '\u{345}', '\u{37e}', '\u{387}'],
];

/** Texts made to be hard for normalizers and patterns: marks in any order, new characters, runs, odd cases. The same seed gives the same. */
export function hardTexts(count: number, seed: number): string[] {
  const random = new Pcg64(seed);
  const below = (limit: number): number => random.integers(0, limit);
  const from = (ranges: typeof MARKS): string => {
    const [first, last] = ranges[below(ranges.length)]!;
    return String.fromCodePoint(first + below(last - first + 1));
  };
  const times = (limit: number, make: () => string): string =>
    Array.from({ length: below(limit) + 1 }, make).join('');
  const unit = (): string => {
    const kind = below(4);
    if (kind === 0) return from(BASES) + times(3, () => from(MARKS));
    if (kind === 1) return LETTERS[below(LETTERS.length)]!;
    if (kind === 2) return from(BASES);
    const run = RUNS[below(RUNS.length)]!;
    return times(6, () => run[below(run.length)]!);
  };
  return Array.from({ length: count }, () => times(10, unit));
}
