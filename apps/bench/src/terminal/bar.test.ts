import { expect, test } from 'vitest';
import { Bar } from './bar.ts';
import { isScreen, screenWidth } from './screen.ts';

/** A terminal that keeps what is written, and a clock that moves a second at each look. */
function screen(columns: number) {
  let time = 0;
  const written: string[] = [];
  const bar = new Bar(
    { isTTY: true, columns, write: (text: string) => written.push(text) > 0 },
    () => (time += 1000),
  );
  return { bar, written };
}

/** What a text shows on a terminal: nothing but clearing of the line is used. */
function shown(text: string): string {
  const plain = text.replaceAll('\r\u001b[K', '');
  expect(plain).not.toContain('\r');
  expect(plain).not.toContain('\u001b');
  return plain;
}

test.each([200, 80, 60, 40, 20, 5, 1])('on %d columns every drawing stays within its line', (columns) => {
  const { bar, written } = screen(columns);
  for (let done = 0; done <= 10; done++)
    bar.show(done, 10, `[${done}/10] trained 日本語 seed ${'x'.repeat(100)}`);
  expect(written).toHaveLength(11);
  for (const text of written) {
    const width = [...shown(text)].reduce((sum, character) => sum + (character > '\u3000' ? 2 : 1), 0);
    expect(width).toBeLessThan(columns);
    expect(text).not.toContain('\n');
  }
});

test('says how far it is, how long the rest takes, and what is being done', () => {
  const { bar, written } = screen(80);
  bar.show(0, 100, 'begins');
  bar.show(25, 100, '[1/4] trained mr\u001b[2J');
  expect(shown(written[0] as string)).toBe(`${'░'.repeat(35)} 0 % | begins`);
  expect(shown(written[1] as string)).toBe(
    `${'█'.repeat(9)}${'░'.repeat(26)} 25 % | 3 s left | [1/4] trained mr${String.raw`\u001b[2J`}`,
  );
});

test('a line of results stands above the bar at its whole length, broken at spaces', () => {
  const { bar, written } = screen(80);
  const results = `trained mr seed 5: ${'GD SimAOU 0.233, accuracy 25 %; '.repeat(9)}`;
  bar.show(1, 2, 'x');
  bar.line(results);
  const [drawn, cleared, line, again] = written;
  expect(cleared).toBe('\r\u001b[K');
  expect(line?.replaceAll('\n', ' ')).toBe(`${results} `);
  expect(line?.split('\n').every((part) => part.length <= 80)).toBe(true);
  expect(again).toBe(shown(drawn as string));
});

test('is drawn at most ten times a second, and at its end', () => {
  let time = 0;
  const written: string[] = [];
  const bar = new Bar(
    { isTTY: true, columns: 80, write: (text: string) => written.push(text) > 0 },
    () => time,
  );
  for (let done = 0; done <= 1000; done++) {
    bar.show(done, 1000, 'x');
    time += 1;
  }
  expect(written).toHaveLength(11);
  bar.clear();
  expect(written.at(-1)).toBe('\r\u001b[K');
});

test('a bar is for terminals that can be drawn over', () => {
  expect(isScreen({ isTTY: true }, {})).toBe(true);
  expect(isScreen({ isTTY: false }, {})).toBe(false);
  expect(isScreen({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
  expect(isScreen({ isTTY: true }, { TURBO_HASH: 'x' })).toBe(false);
});

test('the width is that of the terminal, less what turbo puts before a line', () => {
  expect(screenWidth({ isTTY: true, columns: 80 }, {})).toBe(80);
  expect(screenWidth({ isTTY: true, columns: 80 }, { TURBO_HASH: 'x' })).toBe(58);
  expect(screenWidth({ isTTY: false, columns: 80 }, {})).toBeUndefined();
  expect(screenWidth({ isTTY: true, columns: 0 }, {})).toBeUndefined();
});
