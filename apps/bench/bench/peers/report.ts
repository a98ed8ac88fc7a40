import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Table, toCsv } from '../../src/results/csv.ts';
import { renderTable } from '../../src/results/text-table.ts';
import type { Peer } from './contender.ts';
import { type Timing, ratios, spread } from './interleave.ts';

/** How a part's numbers are shown: GFLOP per CPU-second, or CPU time. */
export type Unit = 'GFLOP/CPU-s' | 'ms' | 's';

/** One row of a part: what contenders took for one task, ours first; or why one was not timed. */
export interface Comparison {
  readonly task: string;
  /** 0 where the unit is a time. */
  readonly flops: number;
  readonly timings: readonly Timing[];
  readonly faults: ReadonlyMap<string, string>;
}

/** What rows are of. */
export interface Heading {
  readonly title: string;
  readonly unit: Unit;
}

interface Section extends Heading {
  readonly comparisons: Comparison[];
}

const COLUMNS = [
  ...[
    'part',
    'task',
    'contender',
    'version',
    'adapter',
    'cpu_seconds',
    'wall_seconds',
    'gflop_per_cpu_second',
  ],
  ...['cpu_ratio', 'cpu_ratio_least', 'cpu_ratio_most', 'wall_ratio', 'wall_ratio_least', 'wall_ratio_most'],
  ...['rounds', 'fault'],
] as const;

/** Collects what was measured, in files that have it all at any time. Ratios are a contender's time over ours, round by round: above 1, ours is faster. */
export class Report {
  readonly #adapter: string;
  readonly #peers: readonly Peer[];
  readonly #folder: string;
  readonly #sections: Section[] = [];

  /** @param folder where peers.csv and peers.md go */
  constructor(adapter: string, peers: readonly Peer[], folder: string) {
    this.#adapter = adapter;
    this.#peers = peers;
    this.#folder = folder;
  }

  /** Adds rows of a part. */
  add(heading: Heading, comparisons: readonly Comparison[]): void {
    let section = this.#section(heading.title);
    if (!section) this.#sections.push((section = { ...heading, comparisons: [] }));
    section.comparisons.push(...comparisons);
    writeFileSync(join(this.#folder, 'peers.csv'), this.#csv());
    writeFileSync(join(this.#folder, 'peers.md'), this.#markdown());
  }

  /** Prints a part. */
  print(title: string): void {
    const section = this.#section(title);
    if (!section) return;
    const [head, ...rows] = pivot(section);
    console.log(`\n${headline(section)}`);
    console.log(renderTable(head as string[], rows));
  }

  #section(title: string): Section | undefined {
    return this.#sections.find((section) => section.title === title);
  }

  #csv(): string {
    const rows = this.#sections.flatMap(({ title, comparisons }) =>
      comparisons.flatMap(({ task, flops, timings, faults }) => [
        ...timings.map((timing) => {
          const [cpu, wall] = (['cpu', 'wall'] as const).map((measure) => median(timing, measure));
          const [byCpu, byClock] = (['cpu', 'wall'] as const).map((measure) =>
            ratios(timings[0] as Timing, timing, measure),
          );
          return [
            ...[title, task, timing.name, this.#version(timing.name), this.#adapter, cpu, wall],
            flops > 0 ? flops / 1e9 / (cpu as number) : null,
            ...[byCpu, byClock].flatMap((ratio) => [ratio?.median, ratio?.least, ratio?.most]),
            ...[timing.rounds.length, null],
          ];
        }),
        ...[...faults].map(([name, fault]) => [
          ...[title, task, name, this.#version(name), this.#adapter],
          ...Array.from({ length: COLUMNS.length - 6 }, () => null),
          fault,
        ]),
      ]),
    );
    return toCsv({ columns: COLUMNS, rows: rows as Table['rows'] });
  }

  #markdown(): string {
    const about = [
      `${new Date().toISOString().slice(0, 10)}, adapter ${this.#adapter}`,
      ...this.#peers.map(({ name, version }) => `${name} ${version}`),
    ];
    const tables = this.#sections.map((section) => {
      const [head = [], ...rows] = pivot(section);
      const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
      return `${headline(section)}\n\n${lines.join('\n')}`;
    });
    return `${about.join('; ')}.\n\n${tables.join('\n\n')}\n`;
  }

  /** That of the library whose name a contender's begins with. */
  #version(contender: string): string | null {
    return this.#peers.find(({ name }) => contender.startsWith(name))?.version ?? null;
  }
}

function headline({ title, unit }: Section): string {
  const shown = unit === 'GFLOP/CPU-s' ? 'GFLOP per CPU-second' : `CPU time in ${unit}`;
  return `${title}: ${shown}; how many times as long as icl-gd, by CPU time (least–most of the rounds; by the clock)`;
}

/** A head, then a row a task with a column a contender. */
function pivot({ unit, comparisons }: Section): string[][] {
  const names = new Set(
    comparisons.flatMap(({ timings, faults }) => [...timings.map(({ name }) => name), ...faults.keys()]),
  );
  return [
    ['', ...names],
    ...comparisons.map((comparison) => [
      comparison.task,
      ...[...names].map((name) => comparison.faults.get(name) ?? cell(comparison, name, unit)),
    ]),
  ];
}

function cell({ timings, flops }: Comparison, name: string, unit: Unit): string {
  const [first] = timings;
  const timing = timings.find((entry) => entry.name === name);
  if (!first || !timing) return '';
  const cpu = median(timing, 'cpu');
  const value = unit === 'GFLOP/CPU-s' ? flops / 1e9 / cpu : unit === 'ms' ? cpu * 1e3 : cpu;
  if (timing === first) return digits(value);
  const byCpu = ratios(first, timing, 'cpu');
  const byClock = ratios(first, timing, 'wall');
  return `${digits(value)}; ${digits(byCpu.median)}× (${digits(byCpu.least)}–${digits(byCpu.most)}; ${digits(byClock.median)}×)`;
}

function median(timing: Timing, measure: 'cpu' | 'wall'): number {
  return spread(timing.rounds.map((usage) => usage[measure])).median;
}

function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toPrecision(2);
}
