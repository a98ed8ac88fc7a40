import { fork } from 'node:child_process';
import { join } from 'node:path';

/** A part of a reader's inputs for one process. */
export interface Job {
  readonly reader: string;
  readonly seed: number;
  /** Numbers of the inputs: the first, and the one after the last. */
  readonly from: number;
  readonly to: number;
  /** Bytes that the process may hold. */
  readonly memory: number;
}

/** What a process says: that it begins with an input, or what came of it. */
export interface Progress {
  readonly index: number;
  readonly refused?: boolean;
  readonly fault?: string;
  /** Why there is no input at all. */
  readonly unprepared?: string;
}

/** An input that was neither read nor refused as it should. */
export interface Fault {
  readonly reader: string;
  readonly index: number;
  readonly fault: string;
}

/** What came of a reader's inputs. */
export interface Outcome {
  readonly inputs: number;
  readonly refused: number;
  readonly faults: readonly Fault[];
}

export interface Limits {
  /** Milliseconds for one input, the process's start included. */
  readonly time: number;
  readonly memory: number;
}

const LIMITS: Limits = { time: 10_000, memory: 2 ** 30 };
/** Milliseconds for a reader's valid inputs, before the first damaged one. */
const PREPARATION = 120_000;

/**
 * Tries the inputs `from` to `to` of one reader, in a new process after one that hung or died.
 * @throws Error if the reader's undamaged inputs cannot be read
 */
export async function soak(
  reader: string,
  { seed, from, to, limits = LIMITS }: { seed: number; from: number; to: number; limits?: Limits },
): Promise<Outcome> {
  const faults: Fault[] = [];
  let refused = 0;
  for (let next = from; next < to;) {
    const job: Job = { reader, seed, from: next, to, memory: limits.memory };
    const part = await runJob(job, limits);
    refused += part.refused;
    faults.push(...part.faults);
    next = part.next;
  }
  return { inputs: to - from, refused, faults };
}

interface Part {
  readonly refused: number;
  readonly faults: readonly Fault[];
  /** The first input that was not tried. */
  readonly next: number;
}

function runJob(job: Job, limits: Limits): Promise<Part> {
  const { promise, resolve, reject } = Promise.withResolvers<Part>();
  const child = fork(join(import.meta.dirname, 'worker.ts'), {
    execArgv: [`--max-old-space-size=${Math.round(limits.memory / 2 ** 20)}`],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const faults: Fault[] = [];
  let refused = 0;
  let current = job.from;
  let last = '';
  let hung = false;
  const stop = (): void => {
    hung = true;
    child.kill('SIGKILL');
  };
  let timer = setTimeout(stop, PREPARATION);
  child.stderr!.on('data', (chunk: Buffer) => (last = `${last}${chunk.toString()}`.slice(-2000)));
  child.on('message', ({ index, refused: was = false, fault, unprepared }: Progress) => {
    clearTimeout(timer);
    timer = setTimeout(stop, limits.time);
    if (unprepared !== undefined) reject(new Error(`${job.reader}: ${unprepared}`));
    if (index >= 0) current = index;
    if (was) refused++;
    if (fault !== undefined) faults.push({ reader: job.reader, index: current, fault });
  });
  child.on('exit', (code, signal) => {
    clearTimeout(timer);
    const done = current === job.to;
    if (!done && faults.at(-1)?.index !== current) {
      const fault = hung
        ? `takes more than ${limits.time} ms`
        : `ends the process (${signal ?? code}): ${last}`;
      faults.push({ reader: job.reader, index: current, fault });
    }
    resolve({ refused, faults, next: done ? job.to : current + 1 });
  });
  child.send(job);
  return promise;
}
