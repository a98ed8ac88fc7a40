import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pcg64, UserError } from '@icl-gd/transformer';
import { say } from '../../apps/bench/src/terminal/print.ts';
import { requirePrintable } from './printable.ts';
import { readers } from './readers.ts';
import type { Job, Progress } from './soak.ts';

const report = (progress: Progress): unknown => process.send?.(progress);

/** Reads the inputs of a job, one after another, in a folder of its own. */
async function work({ reader: name, seed, from, to, memory }: Job): Promise<void> {
  const reader = readers.find((own) => own.name === name)!;
  const folder = mkdtempSync(join(tmpdir(), 'icl-gd-soak-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'inputs'));
  const next = await reader.prepare(join(folder, 'inputs')).catch((error: unknown) => {
    report({ index: from, unprepared: describe(error) });
    process.exit(0);
  });
  for (let index = from; index < to; index++) {
    report({ index });
    const fault = await tryInput(next, new Pcg64(seed * 1_000_003 + index));
    if (fault.fault !== undefined || fault.refused) report({ index, ...fault });
    if (process.memoryUsage.rss() > memory) {
      report({ index, fault: `holds ${process.memoryUsage.rss()} bytes` });
      process.exit(0);
    }
  }
  report({ index: to });
}

async function tryInput(
  next: (random: Pcg64) => Promise<unknown>,
  random: Pcg64,
): Promise<Omit<Progress, 'index'>> {
  try {
    await next(random);
    return {};
  } catch (error) {
    if (!(error instanceof UserError)) return { fault: `untyped: ${describe(error)}` };
    return checkMessage(error);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** As the command line prints it. */
function checkMessage({ message }: UserError): Omit<Progress, 'index'> {
  try {
    say(message, { write: (line) => (requirePrintable(String(line)), true) });
    return { refused: true };
  } catch (error) {
    return { fault: (error as Error).message };
  }
}

for (const event of ['uncaughtException', 'unhandledRejection'] as const)
  process.on(event, (error: unknown) => {
    report({ index: -1, fault: `${event}: ${describe(error)}` });
    process.exit(0);
  });
process.on('message', (job: Job) => void work(job).then(() => process.exit(0)));
