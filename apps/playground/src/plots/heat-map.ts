import { CHART_WIDTH, figure, picture, short, svg } from './svg.ts';

/** The largest value of several maps. */
export class SharedScale {
  readonly #maps: HeatMap[] = [];
  largest = 0;

  add(map: HeatMap): void {
    this.#maps.push(map);
  }

  /** Takes a map's largest value; where it is larger than all others, every map is coloured again. */
  raise(largest: number): void {
    if (largest <= this.largest) return;
    this.largest = largest;
    for (const map of this.#maps) map.colour();
  }
}

/** Rows are layers, columns are queries or steps. */
export interface HeatMapOptions {
  readonly title: string;
  readonly description: string;
  /** Maps that share it have the same colour for the same value. */
  readonly share?: SharedScale;
  readonly layers: number;
  readonly columns: number;
  /** What a column is: `query`, `step`. */
  readonly column: string;
  /** Colours from 0 to the largest value so far, or from −1 over 0 to 1. */
  readonly scale: 'size' | 'cosine';
}

const ROW = 14;
const MARGIN = { left: 38, top: 2, right: 10, bottom: 18 };
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
    const size = { width: CHART_WIDTH, height: MARGIN.top + layers * ROW + MARGIN.bottom };
    const drawing = picture(size, title, description);
    const pitch = (CHART_WIDTH - MARGIN.left - MARGIN.right) / columns;
    const cellSize = { width: pitch - Math.min(1, pitch / 6), height: ROW - 1 };
    this.#cells = Array.from({ length: columns }, (_, x) =>
      Array.from({ length: layers }, (__, y) => {
        const place = { x: MARGIN.left + x * pitch, y: MARGIN.top + y * ROW };
        const cell = svg('rect', { ...place, ...cellSize, class: 'cell' });
        drawing.append(cell);
        return cell;
      }),
    );
    const every = Math.ceil(layers / MOST_ROW_LABELS);
    for (let layer = 0; layer < layers; layer += every) {
      const y = MARGIN.top + layer * ROW + ROW - 3;
      drawing.append(svg('text', { x: MARGIN.left - 6, y, 'text-anchor': 'end' }, String(layer)));
    }
    drawing.append(svg('text', { x: MARGIN.left, y: size.height - 5 }, `${column} →`));
    this.#legend = document.createElement('p');
    this.#legend.className = 'legend';
    this.element = figure(title, undefined, drawing, this.#legend);
    options.share?.add(this);
  }

  /** Values of a column, by layer; null where there is none. */
  fill(column: number, values: readonly (number | null)[]): void {
    for (const [layer, value] of values.entries()) {
      const cell = this.#cells[column]?.[layer];
      if (!cell) continue;
      const place = `layer ${layer}, ${this.#options.column} ${column + 1}`;
      cell.replaceChildren(svg('title', {}, `${place}: ${short(value)}`));
      if (value === null || !Number.isFinite(value)) cell.setAttribute('class', 'cell undefined');
      else this.#values.set(cell, value);
    }
    this.#options.share?.raise(this.#largest());
    this.colour();
  }

  #largest(): number {
    return Math.max(0, ...this.#values.values());
  }

  /** Colours every cell for the scale as it is now. */
  colour(): void {
    const largest = this.#options.share?.largest ?? this.#largest();
    const full = this.#options.scale === 'cosine' ? 1 : largest;
    for (const [cell, value] of this.#values) {
      cell.setAttribute('class', value < 0 ? 'cell negative' : 'cell positive');
      cell.style.setProperty('--share', `${(100 * Math.min(1, Math.abs(value) / (full || 1))).toFixed(1)}%`);
    }
    if (this.#values.size === 0) return;
    const [low, high] = this.#options.scale === 'cosine' ? ['−1', '1'] : ['0', short(largest)];
    const scale = document.createElement('span');
    scale.className = `scale ${this.#options.scale}`;
    this.#legend.replaceChildren(low, scale, high);
  }
}
