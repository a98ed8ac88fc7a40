const NAMESPACE = 'http://www.w3.org/2000/svg';

/** All drawings are as wide, so that their letters are of one size. */
export const CHART_WIDTH = 260;

type Attributes = Readonly<Record<string, string | number>>;

/** An SVG element. */
export function svg(name: string, attributes: Attributes = {}, ...children: (Node | string)[]): SVGElement {
  const element = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** A drawing that is announced as one picture with a name and a description. */
export function picture(
  size: { width: number; height: number },
  title: string,
  description: string,
): SVGElement {
  const id = crypto.randomUUID();
  return svg(
    'svg',
    {
      ...{ viewBox: `0 0 ${size.width} ${size.height}`, width: size.width, height: size.height, role: 'img' },
      ...{ 'aria-labelledby': `title-${id}`, 'aria-describedby': `desc-${id}` },
    },
    svg('title', { id: `title-${id}` }, title),
    svg('desc', { id: `desc-${id}` }, description),
  );
}

/** A drawing with its title, what it shows in a sentence, and its legend. */
export function figure(
  title: string,
  note: string | undefined,
  drawing: SVGElement,
  legend: HTMLElement,
): HTMLElement {
  const element = document.createElement('figure');
  const caption = document.createElement('figcaption');
  caption.textContent = title;
  if (note !== undefined) {
    const sentence = document.createElement('p');
    sentence.textContent = note;
    caption.append(sentence);
  }
  element.append(caption, drawing, legend);
  return element;
}

/** A number for people: three significant digits, no exponent where it can be helped. */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined) return 'undefined';
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size < 0.001 || size >= 10_000 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}
