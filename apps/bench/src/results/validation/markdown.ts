import { visible } from '../visible.ts';

/** Markdown of our own making, as opposed to a text, which may hold anything: see {@link written}. */
export class Markdown {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

/** A text is a name or a number, of which nothing is markup. */
export type Inline = string | Markdown;

const ENTITIES = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
]);

/** The one place where texts are escaped: nothing in them is Markdown, HTML or a link. */
function sourceOf(part: Inline): string {
  if (part instanceof Markdown) return part.source;
  return visible(part)
    .replaceAll(/[\\`*_[\]|!#~@$^]|:(?=\/\/)|(?<=www)\./gi, String.raw`\$&`)
    .replaceAll(/[&<>]/g, (mark) => ENTITIES.get(mark) as string);
}

/** Markdown with texts in it: written`# ${name}`. (A tag called `md` would have the formatter rewrite what it tags.) */
export function written(strings: TemplateStringsArray, ...parts: readonly Inline[]): Markdown {
  return new Markdown(
    strings.map((own, i) => `${own}${i < parts.length ? sourceOf(parts[i] as Inline) : ''}`).join(''),
  );
}

/** @param separator Markdown */
export function joined(parts: readonly Inline[], separator: string): Markdown {
  return new Markdown(parts.map(sourceOf).join(separator));
}

export function table(head: readonly Inline[], rows: readonly (readonly Inline[])[]): Markdown {
  const line = (cells: readonly Inline[]): string => `| ${cells.map(sourceOf).join(' | ')} |`;
  return new Markdown([line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n'));
}
