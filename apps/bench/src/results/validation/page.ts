import { Marked } from 'marked';
import { GENERATOR } from '../stale.ts';
import { visible } from '../visible.ts';
import type { Figure } from './figures.ts';

const STYLE = `
body { font: 15px/1.45 Helvetica, Arial, sans-serif; color: #222; max-width: 1240px; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.5em } h2 { font-size: 1.15em; margin-top: 1.8em }
table { border-collapse: collapse; font-size: 13px; display: block; overflow-x: auto } th { text-align: left; border-bottom: 2px solid #888 }
th, td { padding: .25em 1em .25em 0; vertical-align: top } td { border-bottom: 1px solid #ddd }
.yes { color: #04713f } .no { color: #b32400 } .open { color: #666 }
.figures { display: flex; flex-wrap: wrap; gap: 1em } h3 { font-size: 1em; margin-top: 1.4em } li { margin: .3em 0 }
.figures span { max-width: 100% } .figures svg { max-width: 100%; height: auto }
`;
const BREAK = '<br>';
const ENTITIES = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
]);
const CLASSES: Readonly<Record<string, string>> = { '✓': 'yes', '✗': 'no', '?': 'open' };

/** The summary as one HTML file that needs no other: figures are in it as SVG. */
export function renderPage(title: string, markdown: string, figures: readonly Figure[]): string {
  const drawings = new Map(figures.map(({ file, svg }) => [encodeURI(file), svg]));
  const marked = new Marked({
    renderer: {
      image: ({ href, text }) =>
        `<span role="img" aria-label="${escapeHtml(text)}">${drawings.get(href) ?? ''}</span>`,
      // The page has line breaks of its own; whatever else looks like HTML or a link is text.
      html: ({ text }) => (text === BREAK ? BREAK : escapeHtml(text)),
      link: ({ raw }) => escapeHtml(raw),
      paragraph({ tokens }) {
        const body = this.parser.parseInline(tokens);
        return tokens.some(({ type }) => type === 'image')
          ? `<div class="figures">${body}</div>\n`
          : `<p>${body}</p>\n`;
      },
      tablecell({ tokens, header }) {
        const body = this.parser
          .parseInline(tokens)
          .replaceAll(/[✓✗?](?=[\s<]|$)/gu, (mark) => `<b class="${CLASSES[mark]}">${mark}</b>`);
        return header ? `<th>${body}</th>` : `<td>${body}</td>`;
      },
    },
  });
  const body = marked.parse(markdown, { async: false });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="generator" content="${GENERATOR}">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${body}</body>
</html>
`;
}

/** The one place where texts become HTML, in elements and in attributes. */
function escapeHtml(text: string): string {
  return visible(text).replaceAll(/[&<>"']/g, (mark) => ENTITIES.get(mark) as string);
}
