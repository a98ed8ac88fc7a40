import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { areas } from './catalogue/index.ts';
import { type Mutant, TEXT_TESTS, mutate } from './mutant.ts';
import { type Result, markdownTable, resultLine, summary, survived } from './report.ts';
import { type Outcome, runTests, stopTests } from './run-tests.ts';
import { WorkspaceCopy } from '../workspace-copy.ts';

const USAGE = `npm run test:mutants -- [options]
  --only <text>    mutants whose area, id or kind contains this; may be repeated
  --list           say which mutants there are, run nothing
  --own-tests      do not run all other tests on mutants that survive their own
  --report <file>  write the results as a table in Markdown`;

const ROOT = join(import.meta.dirname, '../..');
/** Milliseconds that a mutant's own tests may take, and all tests. */
const LIMIT = { own: 5 * 60_000, all: 30 * 60_000 };

interface Chosen {
  readonly area: string;
  readonly mutant: Mutant;
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        only: { type: 'string', multiple: true, default: [] },
        list: { type: 'boolean', default: false },
        'own-tests': { type: 'boolean', default: false },
        report: { type: 'string' },
      },
    }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exit(2);
  }
}

function choose(only: readonly string[]): Chosen[] {
  const all = Object.entries(areas).flatMap(([area, mutants]) => mutants.map((mutant) => ({ area, mutant })));
  if (only.length === 0) return all;
  return all.filter(({ area, mutant }) =>
    only.some((text) => [area, mutant.id, mutant.kind].some((name) => name.includes(text))),
  );
}

async function tryMutant(folder: string, { area, mutant }: Chosen, ownAlone: boolean): Promise<Result> {
  const start = performance.now();
  const file = join(folder, mutant.file);
  const original = readFileSync(file, 'utf8');
  const result = (outcome: Outcome, byOwnTests: boolean): Result => ({
    area,
    mutant,
    status: STATUS[outcome.status],
    test: 'test' in outcome ? outcome.test : '',
    byOwnTests,
    seconds: (performance.now() - start) / 1000,
  });
  writeFileSync(file, mutate(original, mutant));
  const { adapter } = mutant;
  try {
    const own = await runTests({ folder, tests: mutant.tests, adapter, limit: LIMIT.own });
    if (own.status !== 'passed' || ownAlone) return result(own, true);
    const all = await runTests({ folder, exclude: TEXT_TESTS, adapter, limit: LIMIT.all });
    if (all.status !== 'passed') return result(all, false);
    const [snapshots] = TEXT_TESTS;
    const text = await runTests({ folder, tests: [snapshots], limit: LIMIT.own });
    return text.status === 'passed' ? result(text, false) : { ...result(text, false), status: 'text only' };
  } finally {
    writeFileSync(file, original);
  }
}

const STATUS: Readonly<Record<Outcome['status'], Result['status']>> = {
  passed: 'survived',
  failed: 'killed',
  'did not load': 'killed: did not load',
  'timed out': 'killed: timed out',
};

const { only, list, report, 'own-tests': ownAlone } = readOptions();
const chosen = choose(only);
if (chosen.length === 0) {
  console.error(`no mutant has ${only.join(' or ')} in its area, id or kind`);
  process.exit(2);
}
if (list) {
  for (const { area, mutant } of chosen) console.log(`${area}/${mutant.id} (${mutant.kind}): ${mutant.file}`);
  process.exit(0);
}

using copy = new WorkspaceCopy(ROOT);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    stopTests();
    copy[Symbol.dispose]();
    process.exit(130);
  });
}
console.log(`${chosen.length} mutants. Not counted, since they compare texts: ${TEXT_TESTS.join(', ')}`);
const adapters = [...new Set(chosen.map(({ mutant }) => mutant.adapter))];
let unmutated: Outcome = { status: 'passed' };
for (const adapter of adapters) {
  const own = chosen.filter(({ mutant }) => mutant.adapter === adapter);
  const tests = [...new Set(own.flatMap(({ mutant }) => mutant.tests))].toSorted();
  unmutated = await runTests({ folder: copy.folder, tests, adapter, limit: LIMIT.all });
  if (unmutated.status !== 'passed') break;
}
if (unmutated.status !== 'passed') {
  console.error(`without any mutant: ${unmutated.status}: ${unmutated.test}`);
  process.exitCode = 2;
} else {
  const results: Result[] = [];
  for (const mutant of chosen) {
    const result = await tryMutant(copy.folder, mutant, ownAlone);
    results.push(result);
    console.log(resultLine(result));
  }
  console.log(summary(results));
  if (report !== undefined) writeFileSync(report, markdownTable(results));
  process.exitCode = results.some(survived) ? 1 : 0;
}
