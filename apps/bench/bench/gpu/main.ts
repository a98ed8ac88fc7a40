import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { attentions } from './attention.ts';
import { correctness } from './correctness.ts';
import { determinism } from './determinism.ts';
import { dispatches } from './dispatch.ts';
import { endToEnd } from './end-to-end.ts';
import { facts } from './facts.ts';
import { matmuls } from './matmul.ts';
import { renderReport } from './report-table.ts';
import type { Plan, Row, Step } from './step.ts';
import { torch } from './torch.ts';

/* Measures a device: each step in a process of its own that has a time limit, so that one which hangs or dies costs itself alone. */

const STEPS: Readonly<Record<string, Step>> = {
  ...{ torch, facts, correctness, dispatch: dispatches, matmul: matmuls },
  ...{ attention: attentions, 'end-to-end': endToEnd, determinism },
};
const SHAPES = ['1.3b', 'tiny'] as const;
const USAGE = `usage: bench:gpu [--adapter <name>] [--quick] [--shape 1.3b|tiny] [--steps ${Object.keys(STEPS).join(',')}] [--out <dir>]
  writes <dir>/gpu.jsonl, a line for each finding as it is made, and <dir>/gpu.md (default: results/gpu)`;

const { values } = parseArgs({
  options: {
    adapter: { type: 'string', default: 'auto' },
    /** Small sizes. */
    quick: { type: 'boolean', default: false },
    shape: { type: 'string' },
    steps: { type: 'string', default: Object.keys(STEPS).join(',') },
    out: { type: 'string', default: 'results/gpu' },
    /** Of a process for one step. */
    step: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const shape = SHAPES.find((name) => name === (values.shape ?? (values.quick ? 'tiny' : '1.3b')));
const names = values.steps.split(',').map((name) => name.trim());
const unknown = names.find((name) => !Object.hasOwn(STEPS, name));
if (values.help || shape === undefined || unknown !== undefined) {
  console.error(unknown === undefined ? USAGE : `bench:gpu: there is no step "${unknown}"\n${USAGE}`);
  process.exit(values.help ? 0 : 2);
}
const plan: Plan = { adapter: values.adapter, quick: values.quick, shape };

/** Before what a step says of itself; all else is of libraries. */
const MARK = 'bench:gpu ';

if (values.step === undefined) await runAll();
else await runStep(STEPS[values.step] as Step);

async function runStep(step: Step): Promise<never> {
  try {
    await step.run(plan, (row) => console.log(`${MARK}${JSON.stringify(row)}`));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
  // Dawn's bindings would keep the process alive.
  process.exit(0);
}

async function runAll(): Promise<never> {
  const out = resolve(values.out);
  mkdirSync(out, { recursive: true });
  const lines = join(out, 'gpu.jsonl');
  writeFileSync(lines, '');
  const rows: Row[] = [];
  const add = (row: Row): void => {
    rows.push(row);
    appendFileSync(lines, `${JSON.stringify(row)}\n`);
  };
  const date = new Date().toISOString().slice(0, 16).replace('T', ' ');
  add({ what: 'begin', date, ...{ adapter: plan.adapter, quick: plan.quick, shape: plan.shape } });
  let failed = false;
  for (const name of names) {
    const step = STEPS[name] as Step;
    const before = rows.length;
    const { outcome, seconds } = await inProcess(name, step, add);
    const wrong = rows.slice(before).some(isWrong);
    failed ||= wrong || outcome !== 'done';
    add({ what: 'step', name: step.title, seconds, outcome: wrong ? 'wrong' : outcome });
    console.log(
      `${step.title}: ${wrong ? 'WRONG' : outcome}, ${seconds} s, ${rows.length - before - 1} rows`,
    );
    writeFileSync(join(out, 'gpu.md'), renderReport(rows, { date, quick: plan.quick, driver: driver() }));
    if (step.essential && (wrong || outcome !== 'done')) {
      console.log('nothing is measured where kernels are wrong');
      break;
    }
  }
  console.log(`results: ${join(out, 'gpu.md')}, ${lines}`);
  process.exit(failed ? 1 : 0);
}

function isWrong({ wrong, holds }: Row): boolean {
  return (Array.isArray(wrong) && wrong.length > 0) || holds === false;
}

/** A step in a process of its own; what it reports comes as it does. */
async function inProcess(
  name: string,
  step: Step,
  add: (row: Row) => void,
): Promise<{ readonly outcome: string; readonly seconds: number }> {
  const start = performance.now();
  const args = [
    '--step',
    name,
    '--adapter',
    plan.adapter,
    '--shape',
    plan.shape,
    ...(plan.quick ? ['--quick'] : []),
  ];
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] as string, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => (complaint = `${complaint}${text.toString()}`.slice(-4000)));
  let late = false;
  // Small sizes are for slow adapters, on busy machines.
  const allowed = (plan.quick ? 4 : 1) * step.seconds;
  const limit = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, allowed * 1000);
  const ended = new Promise<string>((done) => {
    child.on('error', (error) => done(error.message));
    child.on('close', (code, signal) => done(code === 0 ? 'done' : `ended with ${code ?? signal}`));
  });
  for await (const line of createInterface({ input: child.stdout }))
    if (line.startsWith(MARK)) add(JSON.parse(line.slice(MARK.length)) as Row);
  const outcome = await ended;
  clearTimeout(limit);
  const seconds = Number(((performance.now() - start) / 1000).toFixed(1));
  if (late) return { outcome: `stopped after its ${allowed} s`, seconds };
  const last = complaint.trim().split('\n').at(-1) ?? '';
  return { outcome: outcome === 'done' ? outcome : `${outcome}: ${last}`, seconds };
}

/** What NVIDIA's tool says of the card, where there is one; Vulkan's driver says its version in the adapter's name elsewhere. */
function driver(): string {
  const query = ['--query-gpu=name,driver_version,memory.total', '--format=csv,noheader'];
  const { status, stdout } = spawnSync('nvidia-smi', query, { encoding: 'utf8' });
  return status === 0 ? stdout.trim().replaceAll('\n', '; ') : `${process.platform} ${process.arch}`;
}
