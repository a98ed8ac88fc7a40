import { Worker } from 'node:worker_threads';
import { moduleBeside } from './module-beside.ts';
import { isScreen } from './screen.ts';

/** What a command is at. */
export interface Doing {
  readonly text: string;
  /** Units of work that are done, of `total`. */
  readonly done?: number;
  readonly total?: number;
}

const EVERY_SECONDS = 30;
/** Milliseconds between two messages to the thread: what is told faster than that is told together. */
const TELL_EVERY_MS = 20;

let worker: Worker | undefined;
let told = Number.NEGATIVE_INFINITY;
let untold: Doing | undefined;
let timer: NodeJS.Timeout | undefined;

/**
 * Says from now on, every half minute, what the command is at, on stderr; a terminal has a bar instead. ICL_GD_PROGRESS_SECONDS
 * is another number of seconds, 0 for never.
 *
 * The lines come from a thread: the main one may be inside a native call for minutes.
 */
export function doing(now: Doing): void {
  const seconds = secondsBetween();
  if (isScreen(process.stderr) || seconds === 0) return;
  worker ??= start(seconds);
  untold = now;
  if (performance.now() - told >= TELL_EVERY_MS) tell();
  else timer ??= setTimeout(tell, TELL_EVERY_MS).unref();
}

function tell(): void {
  clearTimeout(timer);
  timer = undefined;
  if (untold) worker?.postMessage(untold, []);
  untold = undefined;
  told = performance.now();
}

/** Nothing is being done any more. */
export function doneDoing(): void {
  untold = undefined;
  worker?.postMessage(undefined, []);
}

function start(seconds: number): Worker {
  const own = new Worker(moduleBeside(import.meta.url, './heartbeat-worker'), {
    workerData: seconds,
    execArgv: [],
  });
  own.unref();
  // Lines for people: a run does not fail for want of them.
  own.on('error', () => {});
  return own;
}

function secondsBetween(): number {
  const text = process.env['ICL_GD_PROGRESS_SECONDS'];
  const seconds = text === undefined || text.trim() === '' ? EVERY_SECONDS : Number(text);
  return seconds >= 0 ? seconds : EVERY_SECONDS;
}
