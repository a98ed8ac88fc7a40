import type { Pcg64 } from '@icl-gd/transformer';

/** Words that readers have been known to trip over. */
const WORDS = [
  ...[
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    'length',
    'null',
    'true',
    'NaN',
    'Infinity',
    '-0',
  ],
  ...[
    '..',
    '../../x',
    '/etc/passwd',
    '\\\\server',
    'C:\\x',
    'CON',
    '',
    ' ',
    '*',
    '{a,b}',
    '{{x}}',
    '{',
    '+(a|b)',
  ],
  ...[
    '\u{1b}[31m',
    '\u{1b}]0;x\u{7}',
    '\u{7f}',
    '\u{85}',
    '\u{9b}1m',
    '\u{202e}abc',
    '\u{2028}',
    '\u{0}',
    '\r',
    '\n',
    '\t',
  ],
  ...[
    '<script>',
    '=1+1',
    '@x',
    '| a |',
    '`',
    '"',
    "'",
    '\u{feff}',
    '\u{fffd}',
    '\u{1f600}',
    'e\u{301}',
    '&a',
    '*a',
  ],
  ...['x'.repeat(5000), '['.repeat(3000), '{"a":'.repeat(3000), '('.repeat(3000), '- '.repeat(3000)],
];
const NUMBERS = [
  ...[
    '0',
    '-1',
    '1',
    '0.5',
    '1e308',
    '1e400',
    '-1e400',
    '1e-400',
    '2147483648',
    '4294967296',
    '9007199254740993',
  ],
  ...[
    '18446744073709551615',
    '18446744073709551616',
    '-9223372036854775808',
    '1e15',
    '100000000',
    '0x10',
    '1_000',
    '01',
  ],
];
const VALUES: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    0.5,
    1e15,
    2 ** 53,
    -(2 ** 31),
    1e300,
    '',
    'x',
    [],
    {},
    [[]],
    [null],
    { type: 'x' },
  ],
  ...[
    { constructor: 1 },
    JSON.parse('{"__proto__": {"a": 1}}'),
    ['a', 1, null],
    '\u{1b}[2J',
    'y'.repeat(3000),
  ],
];
const BYTES = [0, 1, 0x0a, 0x22, 0x2c, 0x5b, 0x7b, 0x7f, 0x80, 0xc0, 0xe2, 0xf0, 0xff];

type Edit = (random: Pcg64, bytes: Buffer, other: Buffer) => Buffer;

const below = (random: Pcg64, limit: number): number => (limit < 1 ? 0 : random.integers(0, limit));
const pick = <T>(random: Pcg64, list: readonly T[]): T => list[below(random, list.length)] as T;

function splice(bytes: Buffer, at: number, removed: number, inserted: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + removed)]);
}

/** A place where a text has a number, or a word; undefined where there is none. */
function find(random: Pcg64, bytes: Buffer, pattern: RegExp): [number, number] | undefined {
  const from = below(random, bytes.length);
  const window = bytes.toString('latin1', from, from + 4096);
  const found = [...window.matchAll(pattern)];
  if (found.length === 0) return undefined;
  const { index, 0: text } = pick(random, found);
  return [from + index, text.length];
}

const EDITS: readonly Edit[] = [
  (random, bytes) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[below(random, copy.length)]! ^= 1 << below(random, 8);
    return copy;
  },
  (random, bytes) => splice(bytes, below(random, bytes.length), 1, Uint8Array.of(pick(random, BYTES))),
  (random, bytes) => splice(bytes, below(random, bytes.length), 1 + below(random, 64), new Uint8Array()),
  (random, bytes) => bytes.subarray(0, below(random, bytes.length + 1)),
  (random, bytes) => {
    const from = below(random, bytes.length);
    return splice(bytes, below(random, bytes.length), 0, bytes.subarray(from, from + below(random, 256)));
  },
  (random, bytes, other) => {
    const from = below(random, other.length);
    return splice(
      bytes,
      below(random, bytes.length),
      below(random, 64),
      other.subarray(from, from + below(random, 512)),
    );
  },
  (random, bytes) => {
    const [at, length] = find(random, bytes, /-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/gi) ?? [0, 0];
    return splice(bytes, at, length, Buffer.from(pick(random, NUMBERS)));
  },
  (random, bytes) => {
    const [at, length] = find(random, bytes, /[A-Za-z_]\w*/g) ?? [0, 0];
    return splice(bytes, at, length, Buffer.from(pick(random, WORDS)));
  },
  (random, bytes) => splice(bytes, below(random, bytes.length), 0, Buffer.from(pick(random, WORDS))),
  moveLine,
  changeJson,
];

function moveLine(random: Pcg64, bytes: Buffer): Buffer {
  const lines = bytes.toString('latin1').split('\n');
  const [line] = lines.splice(below(random, lines.length), 1);
  const kept = pick(random, [[], [line], [line, line]]) as string[];
  lines.splice(below(random, lines.length + 1), 0, ...kept);
  return Buffer.from(lines.join('\n'), 'latin1');
}

/** Puts another value, or a renamed or absent key, somewhere into a JSON text (a line of it, if it has several). */
function changeJson(random: Pcg64, bytes: Buffer): Buffer {
  if (bytes.length > 1 << 20) return bytes;
  const text = bytes.toString();
  try {
    return Buffer.from(JSON.stringify(changeValue(random, JSON.parse(text) as unknown)));
  } catch {
    const lines = text.split('\n');
    const at = below(random, lines.length);
    try {
      lines[at] = JSON.stringify(changeValue(random, JSON.parse(lines[at] as string) as unknown));
    } catch {
      return bytes;
    }
    return Buffer.from(lines.join('\n'));
  }
}

function changeValue(random: Pcg64, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || below(random, 6) === 0) return pick(random, VALUES);
  const keys = Object.keys(value);
  const key = pick(random, keys);
  if (Array.isArray(value)) {
    const copy: unknown[] = [...(value as unknown[])];
    const at = Number(key ?? 0);
    if (below(random, 4) === 0) copy.splice(at, below(random, 2), pick(random, VALUES));
    else if (copy.length > 0) copy[at] = changeValue(random, copy[at]);
    return copy;
  }
  const entries = new Map(Object.entries(value));
  const change = below(random, 5);
  if (key === undefined || change === 0) entries.set(pick(random, WORDS).slice(0, 40), pick(random, VALUES));
  else if (change === 1) entries.delete(key);
  else entries.set(key, changeValue(random, entries.get(key)));
  return Object.fromEntries(entries);
}

/** One to four edits of the bytes; some bring in parts of another input. The same generator gives the same bytes. */
export function mutate(random: Pcg64, bytes: Buffer, other: Buffer): Buffer {
  let result = bytes;
  for (let left = 1 + below(random, 4); left > 0; left--) result = pick(random, EDITS)(random, result, other);
  return result;
}

/** An option's value: one of those that are right, edited or not, or a word or number of ours. */
export function mutateWord(random: Pcg64, right: readonly string[]): string {
  const choice = below(random, 4);
  if (choice === 0 || right.length === 0) return pick(random, [...WORDS, ...NUMBERS]).replaceAll('\0', '');
  const word = pick(random, right);
  if (choice === 1) return word;
  return mutate(random, Buffer.from(word), Buffer.from(pick(random, right)))
    .toString()
    .replaceAll('\0', '')
    .slice(0, 10_000);
}
