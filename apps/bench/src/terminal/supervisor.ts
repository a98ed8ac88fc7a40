import { writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { moduleBeside } from './module-beside.ts';

/** Descriptor of the pipe to the process that started this one (bin/supervise.js). */
const PIPE = 3;

/** The process that answers signals for this one. */
export interface Supervisor {
  /** What it says where it is stopped from now on, after the program's name. */
  tell(words: string): void;
  /** From now on this process ends with the other, whatever it is doing. */
  follow(): void;
}

/** Undefined where the program was started without one, as `node src/main.ts`. */
export function findSupervisor(): Supervisor | undefined {
  const id = process.env['ICL_GD_SUPERVISOR'];
  delete process.env['ICL_GD_SUPERVISOR'];
  if (id !== String(process.ppid)) return undefined;
  return {
    tell(words) {
      try {
        writeSync(PIPE, `${words.replaceAll('\n', ' ')}\n`);
      } catch {
        // It is gone, and this process soon.
      }
    },
    follow() {
      // A thread, since the main one may be inside a native call for minutes.
      const worker = new Worker(moduleBeside(import.meta.url, './supervisor-worker'), {
        workerData: PIPE,
        execArgv: [],
      });
      worker.unref();
      worker.on('error', () => {});
    },
  };
}
