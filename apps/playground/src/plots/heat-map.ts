import { picture, short, svg } from './svg.ts';

/** Rows are layers, columns are queries or steps. */
export interface HeatMapOptions {
  readonly title: string;
  readonly description: string;
  readonly layers: number;
  readonly columns: number;
  /** What a column is: `query`, `step`. */
  readonly column: string;
  /** Colours from 0 to the largest value so far, or from −1 over 0 to 1. */
  readonly scale: 'size' | 'cosine';
}

const CELL = { width: 10, height: 14, gap: 1 };
const MARGIN = { left: 22, top: 2, right: 2, bottom: 26 };
const MOST_ROW_LABELS = 12;

/** A table of colours that fills in column by column. */
export class HeatMap {
  readonly element: HTMLElement;
  readonly #options: HeatMapOptions;
  readonly #cells: SVGElement[][];
  readonly #values = new Map<SVGElement, number>();
  readonly #legend: HTMLElement;

  constructor(options: HeatMapOptions) {
    this.#options = options;
    const { title, description, layers, columns, column } = options;
    const size = {
      width: MARGIN.left + columns * (CELL.width + CELL.gap) + MARGIN.right,
      height: MARGIN.top + layers * (CELL.height + CELL.gap) + MARGIN.bottom,
    };
    const drawing = picture(size, title, description);
    drawing.classList.add('heat-map');
    this.#cells = Array.from({ length: columns }, (_, x) =>
      Array.from({ length: layers }, (__, y) => {
        const place = {
          x: MARGIN.left + x * (CELL.width + CELL.gap),
          y: MARGIN.top + y * (CELL.height + CELL.gap),
        };
        const { width, height } = CELL;
        const cell = svg('rect', { ...place, width, height, rx: 1, class: 'cell' });
        drawing.append(cell);
        return cell;
      }),
    );
    const every = Math.ceil(layers / MOST_ROW_LABELS);
    for (let layer = 0; layer < layers; layer += every) {
      const y = MARGIN.top + layer * (CELL.height + CELL.gap) + CELL.height - 3;
      drawing.append(svg('text', { x: MARGIN.left - 4, y, 'text-anchor': 'end' }, String(layer)));
    }
    const below = size.height - 4;
    drawing.append(svg('text', { x: MARGIN.left, y: below }, `${column} →`));
    this.#legend = document.createElement('p');
    this.#legend.className = 'legend';
    const caption = document.createElement('figcaption');
    caption.textContent = title;
    this.element = document.createElement('figure');
    this.element.append(caption, drawing, this.#legend);
  }

  /** Values of a column, by layer; null where there is none. */
  fill(column: number, values: readonly (number | null)[]): void {
    for (const [layer, value] of values.entries()) {
      const cell = this.#cells[column]?.[layer];
      if (!cell) continue;
      const place = `layer ${layer}, ${this.#options.column} ${column + 1}`;
      cell.replaceChildren(svg('title', {}, `${place}: ${short(value)}`));
      if (value === null) cell.setAttribute('class', 'cell undefined');
      else this.#values.set(cell, value);
    }
    this.#colour();
  }

  #colour(): void {
    const largest = Math.max(0, ...this.#values.values());
    const full = this.#options.scale === 'cosine' ? 1 : largest;
    for (const [cell, value] of this.#values) {
      cell.setAttribute('class', value < 0 ? 'cell negative' : 'cell positive');
      cell.style.setProperty('--share', `${(100 * Math.min(1, Math.abs(value) / (full || 1))).toFixed(1)}%`);
    }
    this.#legend.textContent =
      this.#options.scale === 'cosine' ? 'orange −1, pale 0, blue 1' : `pale 0, full colour ${short(largest)}`;
  }
}
