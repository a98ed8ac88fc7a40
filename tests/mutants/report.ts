import type { Mutant } from './mutant.ts';

/** What became of a mutant. */
export interface Result {
  readonly area: string;
  readonly mutant: Mutant;
  readonly status: 'killed' | 'killed: did not load' | 'killed: timed out' | 'text only' | 'survived';
  /** The test that noticed it, with its file. */
  readonly test: string;
  /** Whether one of the mutant's own tests noticed it. */
  readonly byOwnTests: boolean;
  readonly seconds: number;
}

/** Nothing that runs the code noticed it. */
export function survived({ status }: Result): boolean {
  return status === 'survived' || status === 'text only';
}

/** A line for the terminal. */
export function resultLine({ area, mutant, status, test, byOwnTests, seconds }: Result): string {
  const other = test !== '' && !byOwnTests ? ' (not one of its own tests)' : '';
  const by = test === '' ? '' : `  ${test}${other}`;
  return `${status.padEnd(8)}  ${area}/${mutant.id}  ${seconds.toFixed(1)} s${by}`;
}

/** Counts by kind, then the survivors. */
export function summary(results: readonly Result[]): string {
  const kinds = Object.entries(Object.groupBy(results, ({ mutant }) => mutant.kind)).map(
    ([kind, of = []]) => `  ${kind}: ${of.filter((result) => !survived(result)).length} of ${of.length}`,
  );
  const left = results.filter(survived);
  const seconds = results.reduce((total, result) => total + result.seconds, 0);
  return [
    'Killed by kind:',
    ...kinds.toSorted(),
    `${results.length - left.length} of ${results.length} mutants killed in ${Math.round(seconds / 60)} minutes.`,
    ...(left.length === 0 ? [] : ['Survivors:', ...left.map((result) => `  ${resultLine(result)}`)]),
  ].join('\n');
}

/** The results as a table in Markdown. */
export function markdownTable(results: readonly Result[]): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const rows = results.map(({ mutant, status, test }) => {
    const by = status === 'killed' ? test : [status, test].filter((part) => part !== '').join(': ');
    return `| ${mutant.id} | ${cell(mutant.kind)} | \`${mutant.file}\` | ${cell(by)} |`;
  });
  return ['| mutant | kind | file | killed by |', '| --- | --- | --- | --- |', ...rows, ''].join('\n');
}
