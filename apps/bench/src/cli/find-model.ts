import { type DownloadObserver, type ModelLocation, resolveModel } from '@icl-gd/transformer';
import { SingleBar } from 'cli-progress';

const MEGABYTE = 1e6;
/** Milliseconds between two lines about the same file where stderr is no terminal. */
const LINE_EVERY_MS = 10_000;

type ShowProgress = (file: string, received: number, total: number) => void;

/**
 * Finds a model by directory or hub id.
 *
 * @param observer shows downloads and warnings; one of its own if absent
 * @throws UserError if there is no such model
 */
export async function findModel(text: string, observer = downloadObserver()): Promise<ModelLocation> {
  return resolveModel(text, observer);
}

/** Shows downloads on stderr: a progress bar on a terminal, else lines. */
export function downloadObserver(): DownloadObserver {
  return {
    progress: process.stderr.isTTY ? barProgress() : lineProgress(),
    warn: warnOnce(),
  };
}

/** Prints warnings on stderr, each line once: a command may read the same model several times. */
function warnOnce(): (line: string) => void {
  const said = new Set<string>();
  return (line) => {
    if (said.has(line)) return;
    said.add(line);
    process.stderr.write(`WARNING: ${line}\n`);
  };
}

function barProgress(): ShowProgress {
  let current: { file: string; bar: SingleBar } | undefined;
  return (file, received, total) => {
    if (current?.file !== file) {
      current?.bar.stop();
      const bar = new SingleBar({ stream: process.stderr, format: `${file} {bar} {value} of {total} MB` });
      bar.start(megabytes(total), 0);
      current = { file, bar };
    }
    current.bar.update(megabytes(received));
    if (received < total) return;
    current.bar.stop();
    current = undefined;
  };
}

function lineProgress(): ShowProgress {
  let last = { file: '', time: 0 };
  return (file, received, total) => {
    const time = Date.now();
    if (received < total && file === last.file && time - last.time < LINE_EVERY_MS) return;
    last = { file, time };
    process.stderr.write(`downloading ${file}: ${megabytes(received)} of ${megabytes(total)} MB\n`);
  };
}

function megabytes(bytes: number): number {
  return Number((bytes / MEGABYTE).toFixed(3));
}
