import * as fc from 'fast-check';
import { Marked } from 'marked';
import { expect, test } from 'vitest';
import { visible } from '../visible.ts';
import { table, written } from './markdown.ts';
import { renderPage } from './page.ts';

const HOSTILE = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '[a](javascript:alert(1))',
  '![a](http://example.com/a.png)',
  'https://example.com www.example.com a@example.com',
  'x_www.example.com',
  '`code` | *b* _i_ ~~s~~ # h',
  'a\n\n# heading\n- list',
  'a\\|b\\\\|c',
  '&lt;script&gt;',
  '$x$ ^y^ <!-- comment -->',
  '\u001B[31mred\u202Eback\u0000',
];
const parts = fc.constantFrom(
  ...'<>&"\'`*_[]()|!#~\\@:/.\n\r\t= aB1-+{}$^',
  'http://',
  'www.',
  '<br>',
  '\u2028',
);
const name = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.array(parts, { minLength: 1, maxLength: 12 }).map((own) => `x${own.join('')}x`),
);

/** A page's text as a browser shows it, and the names of its elements. */
function read(html: string): { text: string; elements: string[] } {
  const entities: readonly (readonly [string, string])[] = [
    ['&lt;', '<'],
    ['&gt;', '>'],
    ['&quot;', '"'],
    ['&#39;', "'"],
    ['&amp;', '&'],
  ];
  const elements = [...html.matchAll(/<\/?([a-z][a-z0-9]*)/gi)].map(([, own]) =>
    (own as string).toLowerCase(),
  );
  const text = entities.reduce(
    (own, [entity, mark]) => own.replaceAll(entity, mark),
    html.replaceAll(/<[^>]*>/g, ''),
  );
  return { text, elements };
}
const OURS = new Set([
  'h1',
  'table',
  'thead',
  'tbody',
  'tr',
  'th',
  'td',
  'p',
  'html',
  'head',
  'meta',
  'title',
  'style',
  'body',
  'br',
  'b',
]);
const spaces = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

test('whatever a name is, Markdown and HTML show it and nothing else', () => {
  fc.assert(
    fc.property(name, (own) => {
      const { source } = written`# ${own}\n\n${table(['a', own], [[own, 'b']])}`;
      const page = renderPage(own, source, []);
      for (const html of [new Marked().parse(source, { async: false }), page.slice(page.indexOf('<body>'))]) {
        const { text, elements } = read(html);
        expect(elements.filter((element) => !OURS.has(element))).toEqual([]);
        expect(spaces(text).split(spaces(visible(own)))).toHaveLength(4);
      }
      expect(read(page).elements.filter((element) => !OURS.has(element))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test('what does not show, breaks lines or turns directions stands as its escape', () => {
  expect(visible('a\u001B[1m\n\t\u202Eb\uD800')).toBe(String.raw`a\u{1b}[1m\n\t\u{202e}b\u{d800}`);
  expect(visible('Δ é 日本 👩‍👩‍👧')).toBe('Δ é 日本 👩‍👩‍👧');
});
