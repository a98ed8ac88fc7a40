import { expect, test } from 'vitest';
import { drawFigures } from './figures.ts';
import { measuredCell, runOf } from './test-support.ts';

/** Coordinates of the first path that a figure draws as this kind of mark, in its pixels. */
function path(svg: string | undefined, mark: 'line' | 'area'): { x: number; y: number }[] {
  const [, drawn = ''] = new RegExp(`aria-roledescription="${mark} mark" d="([^"]*)"`).exec(svg ?? '') ?? [];
  return [...drawn.matchAll(/(-?[\d.]+),(-?[\d.]+)/g)].map(([, x, y]) => ({ x: Number(x), y: Number(y) }));
}

/** What a figure says of its points: `0: 0.25 GD`, layer, value and name. */
function points(svg: string | undefined): string[] {
  return [...(svg ?? '').matchAll(/layer: (\d+); [^:;"]*: ([^;"]*); name: ([^";]*)/g)]
    .map(([, layer, value, name]) => `${layer}: ${value} ${name}`)
    .filter((point, i, all) => all.indexOf(point) === i);
}

const cell = (method: string, seed: number, values: readonly number[]) =>
  measuredCell({ method, dataset: 'mr', seed, layers: { simaou_norm: values } });

test('a curve has each layer from 0 on, and its band reaches one deviation to either side', () => {
  const cells = [cell('GD', 5, [0.25, 0.5, 0.125]), cell('GD', 6, [0.75, 0.5, 0.875])];
  const [figure] = drawFigures(runOf(cells));
  expect(figure).toMatchObject({ number: 3, file: 'figures/figure3-simaou_norm-mr.svg', methods: ['GD'] });
  expect(points(figure?.svg)).toEqual(expect.arrayContaining(['0: 0.5 GD', '1: 0.5 GD', '2: 0.5 GD']));
  const [line, area] = [path(figure?.svg, 'line'), path(figure?.svg, 'area')];
  expect(line.map(({ x }) => x)).toEqual([0, 150, 300]);
  const low = area.slice(0, 3);
  const high = area.slice(3).toReversed();
  for (const [layer, { y }] of line.entries())
    expect((low[layer]!.y + high[layer]!.y) / 2, `layer ${layer}`).toBeCloseTo(y, 1);
  // Deviations are in proportion to 0.5, 0 and 0.75.
  const heights = low.map(({ y }, layer) => y - high[layer]!.y);
  expect(heights[1]).toBe(0);
  expect(heights[2]! / heights[0]!).toBeCloseTo(1.5, 1);
});

test('GD and LCGD have the same colours in every figure', () => {
  const layers = { simaou_norm: [0.1, 0.2], simam_delta: [0.3, 0.4] };
  const cells = ['LCGD', 'GD'].map((method) => measuredCell({ method, dataset: 'mr', layers }));
  const figures = drawFigures(runOf(cells));
  expect(figures).toHaveLength(2);
  for (const { svg } of figures) {
    const strokes = [...svg.matchAll(/name: (\w+)"[^>]*line mark" d="[^"]*" stroke="([^"]*)"/g)];
    expect(strokes.map(([, name, color]) => [name, color]).toSorted()).toEqual([
      ['GD', '#0072b2'],
      ['LCGD', '#d55e00'],
    ]);
  }
});

test('figure 4 has a picture for each definition of gradient norms, each with its own numbers', () => {
  const own = measuredCell({
    ...{ method: 'GD', dataset: 'mr', gradientNorms: [[1, 10]] },
    releasedGradientNorms: [[100, 1000]],
  });
  const drawn = drawFigures(runOf([own])).map(({ number, file, svg }) => [number, file, points(svg)]);
  expect(drawn).toEqual([
    [4, 'figures/figure4-kv-mr.svg', ['0: 1 GD', '1: 10 GD']],
    [4, 'figures/figure4-released-mr.svg', ['0: 100 GD', '1: 1000 GD']],
  ]);
});

test('norms too near to zero for a logarithmic axis are left out', () => {
  const [figure, ...others] = drawFigures(
    runOf([
      measuredCell({ method: 'GD', dataset: 'mr', gradientNorms: [[1e-320, 1, 1e-45]] }),
      measuredCell({ method: 'GD', dataset: 'cb', gradientNorms: [[1e-320, 5e-324]] }),
    ]),
  );
  expect(others).toEqual([]);
  expect(points(figure?.svg)).toEqual(['0: null GD', '1: 1 GD', '2: 1e-45 GD']);
});

test('a dataset of any name has a file of its own in figures/, and a method of any name a colour', () => {
  const names = ['../../x', '..', 'a/b', 'a_b', 'A', 'a b', '', 'x'.repeat(300), '<script>', 'constructor'];
  const cells = names.map((dataset) =>
    measuredCell({ method: 'constructor', dataset, layers: { simaou_norm: [0.1, 0.2] } }),
  );
  const figures = drawFigures(runOf(cells, { methods: ['constructor', '__proto__'] }));
  expect(new Set(figures.map(({ file }) => file.toLowerCase())).size).toBe(names.length);
  for (const { file, svg } of figures) {
    expect(file).toMatch(/^figures\/figure3-simaou_norm-[\w-][\w.-]{0,70}\.svg$/);
    expect(svg).toContain('line mark" d="');
    expect(svg).toContain('stroke="#009e73"');
    expect(svg).not.toContain('<script');
  }
});
