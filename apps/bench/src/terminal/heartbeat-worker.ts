import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { Beat } from './beat.ts';
import type { Doing } from './heartbeat.ts';

/** The first line comes sooner, in seconds. */
const FIRST = 5;

const every = workerData as number;
const beat = new Beat(Math.min(FIRST, every), every);

parentPort?.on('message', (doing: Doing | undefined) => beat.note(doing, seconds()));
setInterval(
  () => {
    const line = beat.line(seconds());
    if (line === undefined) return;
    try {
      writeSync(2, `${line}\n`);
    } catch {
      // Whoever reads is slow or gone: the next line may get through.
    }
  },
  Math.min(1000, every * 100),
);

function seconds(): number {
  return performance.now() / 1000;
}
