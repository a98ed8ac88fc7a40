import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { parse, stringify } from 'yaml';

/** Content as YAML in long lines. */
export function toYaml(content: unknown): string {
  return stringify(content, { lineWidth: 0 });
}

/** The same content in the ways that people write it. */
export function spellings(content: unknown): string[] {
  const folded = stringify(content, {
    ...{ lineWidth: 30, indent: 4, singleQuote: true, blockQuote: 'folded' },
  });
  return [
    toYaml(content),
    stringify(content, { lineWidth: 0, collectionStyle: 'flow' }),
    JSON.stringify(content),
    // The library folds lines between the halves of a surrogate pair, and after leading spaces.
    ...(folded.isWellFormed() && isDeepStrictEqual(parse(folded), content) ? [folded] : []),
  ];
}

/** What YAML takes for something else where it stands without quotes. */
const TRICKY = [
  ...['null', 'true', 'No', '~', '1', '0x10', '1e3', '1_000', '2026-01-01', '12:30', '.5', '- a', 'a: b'],
  ...[
    '#a',
    'a #b',
    ' a ',
    '"',
    "'",
    '&a',
    '*a',
    '|',
    '>-',
    '{a',
    '[a',
    '? a',
    '!a',
    '%a',
    '@a',
    '---',
    '...',
  ],
  ...['a\nb', 'a\n', '\ta', 'a\r\nb', '\u{85}', '\u{2028}', '\u{feff}', '…'],
];

/** Any text that is not empty. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.constantFrom(...TRICKY),
);

/** An object whose further keys may be absent. */
export function withOptional(
  required: Readonly<Record<string, fc.Arbitrary<unknown>>>,
  more: Readonly<Record<string, fc.Arbitrary<unknown>>>,
): fc.Arbitrary<Record<string, unknown>> {
  return fc.record({ ...required, ...more }, { requiredKeys: Object.keys(required), noNullPrototype: true });
}
