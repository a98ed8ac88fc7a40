import type { ProfiledDispatch } from '@icl-gd/gpu-kernels';
import { WholeFile } from '@icl-gd/transformer/files';

const CHUNK = 10_000;

/**
 * Writes dispatches as a trace of Chrome's format ("Trace Event Format"), which Perfetto and chrome://tracing open: complete
 * events of one thread, in microseconds.
 */
export async function writeTrace(
  path: string,
  adapter: string,
  dispatches: readonly ProfiledDispatch[],
): Promise<void> {
  const file = await WholeFile.create(path);
  try {
    const names = { name: 'process_name', ph: 'M', pid: 1, tid: 1, args: { name: adapter } };
    await file.append(`{"displayTimeUnit":"ms","traceEvents":[\n${JSON.stringify(names)}`);
    for (let from = 0; from < dispatches.length; from += CHUNK)
      await file.append(
        dispatches
          .slice(from, from + CHUNK)
          .map(event)
          .join(''),
      );
    await file.append('\n]}\n');
  } catch (error) {
    await file.abandon();
    throw error;
  }
  await file.publish();
}

function event({ label, start, end }: ProfiledDispatch): string {
  const [ts, dur] = [microseconds(start), microseconds(Math.max(0, end - start))];
  return `,\n${JSON.stringify({ name: label, ph: 'X', ts, dur, pid: 1, tid: 1 })}`;
}

/** To the nanosecond. */
function microseconds(ms: number): number {
  return Math.round(ms * 1e6) / 1e3;
}
