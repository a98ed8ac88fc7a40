import { SingleBar } from 'cli-progress';

/** What a person sees while a run goes on. All of it goes to stderr. */
export interface Progress {
  /** @param total units of work in the whole run */
  start(total: number): void;
  advance(units: number, doing: string): void;
  line(text: string): void;
  stop(): void;
}

/** A live bar on a terminal, plain lines elsewhere. */
export function createProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  return stream.isTTY ? terminalProgress(stream) : plainProgress(stream);
}

function terminalProgress(stream: NodeJS.WriteStream): Progress {
  const bar = new SingleBar({
    stream,
    format: '{bar} {percentage}% | {eta_formatted} left | {doing}',
    hideCursor: true,
    clearOnComplete: true,
    gracefulExit: false,
  });
  let active = false;
  return {
    start(total) {
      bar.start(total, 0, { doing: '' });
      active = true;
    },
    advance: (units, doing) => bar.increment(units, { doing }),
    line(text) {
      if (active) stream.write('\r\u001b[K');
      stream.write(`${text}\n`);
      if (active) bar.render();
    },
    stop() {
      if (active) bar.stop();
      active = false;
    },
  };
}

function plainProgress(stream: NodeJS.WriteStream): Progress {
  return {
    start: () => {},
    advance: () => {},
    line: (text) => void stream.write(`${text}\n`),
    stop: () => {},
  };
}
