import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { wrapLine } from './columns.ts';
import { printLine, say } from './print.ts';
import { cutMiddle, visible, visibleText } from './visible.ts';

/** Written with numbers here, so that a mistake in the pattern of visible.ts is not made twice. */
function isObeyed(character: string): boolean {
  const code = character.codePointAt(0) as number;
  const within = (first: number, last: number): boolean => code >= first && code <= last;
  return (
    within(0, 0x1f) ||
    within(0x7f, 0x9f) ||
    [0x61c, 0x200e, 0x200f].includes(code) ||
    within(0x2028, 0x202e) ||
    within(0x2066, 0x2069)
  );
}

/** Texts in which characters that a terminal obeys are frequent. */
const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...'\0\u0007\b\t\n\r\u001b\u007f\u0085\u009b\u202e\u2028\u2066[]m?25l'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
});

function written(act: (sink: { write: (text: string) => boolean }) => void): string {
  let all = '';
  act({ write: (text) => ((all += text), true) });
  return all;
}

test('nothing that a terminal obeys is left in a line; in a text, line feeds and tabs are', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      expect([...visible(text)].filter(isObeyed)).toEqual([]);
      const left = [...visibleText(text)].filter(isObeyed);
      expect(left).toEqual([...text].filter((character) => character === '\n' || character === '\t'));
    }),
    { numRuns: 2000 },
  );
});

test('what a terminal shows stays as it is', () => {
  const text = 'GD: SimAOU −0.004 ± 0.018, Größe 日本 🙂 \\ "x" \'y\' é';
  expect(visible(text)).toBe(text);
});

test('escaped JSON is the same JSON', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      expect(JSON.parse(visible(JSON.stringify(text)))).toBe(text);
    }),
  );
});

test('every message is one line of at most 300 characters, whose beginning and end are kept', () => {
  fc.assert(
    fc.property(fc.array(hostile, { maxLength: 60 }), (parts) => {
      const line = written((sink) => say(parts.join('xyz '), sink));
      expect(line.length).toBeLessThanOrEqual(301);
      expect(line.indexOf('\n')).toBe(line.length - 1);
      expect([...line.slice(0, -1)].filter(isObeyed)).toEqual([]);
    }),
  );
  const long = written((sink) => say(`first ${'x'.repeat(1000)} last`, sink));
  expect(long).toMatch(/^first x+…x+ last\n$/);
  expect(long).toHaveLength(301);
});

test('a message of another program that has lines becomes one', () => {
  expect(written((sink) => say('Error.\n - While calling [Device].\n', sink))).toBe(
    'Error. - While calling [Device].\n',
  );
});

test('a line of results is as long as it is, a warning is a message', () => {
  const results = 'x'.repeat(1000);
  expect(written((sink) => printLine(results, sink))).toBe(`${results}\n`);
  expect(written((sink) => printLine(`WARNING: ${results}`, sink))).toHaveLength(301);
});

test('a cut text is as long as is allowed and has whole characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (text, most) => {
      const cut = cutMiddle(text, most);
      expect(cut.length).toBeLessThanOrEqual(most);
      if (text.length <= most) expect(cut).toBe(text);
      if (text.isWellFormed()) expect(cut.isWellFormed()).toBe(true);
    }),
  );
});

test('on a terminal a line is broken at spaces, and nothing of it is lost', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.integer({ min: 1, max: 60 }), (words, columns) => {
      const line = words.join(' ');
      expect(wrapLine(line, columns).replaceAll('\n', ' ')).toBe(line);
    }),
  );
  expect(wrapLine('  difference: mr +0.095; cb +0.037', 20)).toBe('  difference: mr\n+0.095; cb +0.037');
  expect(wrapLine('x'.repeat(30), 20)).toBe('x'.repeat(30));
  expect(wrapLine(`│ a │ ${'b'.repeat(30)} │`, 20)).toBe(`│ a │ ${'b'.repeat(30)} │`);
  expect(wrapLine('a b c', undefined)).toBe('a b c');
});
