import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { acquireGpu } from '@icl-gd/gpu-kernels';
import { lineChartSvg } from '../../src/results/plots/line-chart.ts';
import { fitExponent } from './exponent.ts';
import { BASE, type Cost, FACTORS, FIRST, type Sizes, costOf } from './workload.ts';

/* Time and memory of a trial against each of its sizes, the others as they are: a table with exponents, and a picture. */

const { values } = parseArgs({
  options: {
    adapter: { type: 'string', default: 'auto' },
    rounds: { type: 'string', default: '3' },
    /** The picture. */
    svg: { type: 'string', default: 'results/growth.svg' },
  },
});
const measuring = { adapter: values.adapter, rounds: Number(values.rounds) };
const gpu = await acquireGpu({ adapter: values.adapter });
const adapter = gpu.adapter.description;
gpu.dispose();

const AXES = Object.keys(BASE) as (keyof Sizes)[];
const measured = new Map<keyof Sizes, { readonly value: number; readonly cost: Cost }[]>();
for (const axis of AXES) {
  const points = [];
  for (const factor of FACTORS) {
    const value = FIRST[axis] * factor;
    points.push({ value, cost: await costOf({ ...BASE, [axis]: value }, measuring) });
  }
  measured.set(axis, points);
}

const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
const show = (value: number): string => value.toPrecision(3);
console.log(`one ZSL, ICL and GD cell on ${adapter}; all but one size: ${JSON.stringify(BASE)}\n`);
console.log(line(['size', 'values', 'CPU seconds', 'exponent', 'of the last doubling', 'MiB', 'exponent']));
console.log(line(Array.from({ length: 7 }, () => '---')));
for (const [axis, points] of measured) {
  const of = (read: (cost: Cost) => number) => points.map(({ value, cost }) => [value, read(cost)] as const);
  const [time, memory] = [of(({ cpuSeconds }) => cpuSeconds), of(({ bytes }) => bytes / 2 ** 20)];
  console.log(
    line([
      axis,
      points.map(({ value }) => value).join(', '),
      time.map(([, seconds]) => show(seconds)).join(', '),
      fitExponent(time).toFixed(2),
      fitExponent(time.slice(-2)).toFixed(2),
      memory.map(([, own]) => show(own)).join(', '),
      fitExponent(memory).toFixed(2),
    ]),
  );
}

const series = [...measured].map(([axis, points]) => ({
  name: `${axis} from ${FIRST[axis]}`,
  points: points.map(({ cost }, i) => [FACTORS[i] as number, cost.cpuSeconds] as const),
}));
const file = resolve(values.svg);
mkdirSync(dirname(file), { recursive: true });
writeFileSync(
  file,
  lineChartSvg({
    title: 'Time of a ZSL, an ICL and a GD cell by size of the run',
    xLabel: 'times the first value (log scale)',
    yLabel: 'CPU seconds (log scale)',
    series,
    ...{ xScale: 'log', yScale: 'log' },
  }),
);
console.log(`\n${file}`);
process.exit(0);
