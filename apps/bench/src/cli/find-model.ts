import { type DownloadObserver, type ModelLocation, resolveModel } from '@icl-gd/transformer';
import { Bar } from '../terminal/bar.ts';
import { doing, doneDoing } from '../terminal/heartbeat.ts';
import { say, warn } from '../terminal/print.ts';
import { isScreen } from '../terminal/screen.ts';

const MEGABYTE = 1e6;

type ShowProgress = NonNullable<DownloadObserver['progress']>;

/**
 * Finds a model by directory or hub id.
 *
 * @param observer shows downloads and warnings; one of its own if absent
 * @throws UserError if there is no such model
 */
export async function findModel(text: string, observer = downloadObserver()): Promise<ModelLocation> {
  return resolveModel(text, observer);
}

/** Shows downloads on stderr: a progress bar on a terminal; else a line at both ends, and every half minute between. */
export function downloadObserver(stream: NodeJS.WriteStream = process.stderr): DownloadObserver {
  return { progress: isScreen(stream) ? barProgress(stream) : lineProgress(), warn: warnOnce() };
}

/** Prints warnings on stderr, each line once: a command may read the same model several times. */
function warnOnce(): (line: string) => void {
  const said = new Set<string>();
  return (line) => {
    if (said.has(line)) return;
    said.add(line);
    warn(line);
  };
}

function barProgress(stream: NodeJS.WriteStream): ShowProgress {
  let current: { file: string; bar: Bar } | undefined;
  return (file, received, total) => {
    if (current?.file !== file) {
      current?.bar.clear();
      current = { file, bar: new Bar(stream) };
    }
    current.bar.show(received, total, `${file}: ${megabytes(received)} of ${megabytes(total)} MB`);
    if (received < total) return;
    current.bar.clear();
    current = undefined;
  };
}

function lineProgress(): ShowProgress {
  let current = '';
  return (file, received, total) => {
    const text = `downloading ${file}: ${megabytes(received)} of ${megabytes(total)} MB`;
    if (current !== file || received >= total) say(text);
    current = file;
    if (received < total) doing({ text, done: received, total });
    else doneDoing();
  };
}

function megabytes(bytes: number): number {
  return Number((bytes / MEGABYTE).toFixed(3));
}
