import { inspect } from 'node:util';
import { wrapLine } from './columns.ts';
import { screenWidth } from './screen.ts';
import { cutMiddle, visible, visibleText } from './visible.ts';

/** Longest message, in UTF-16 units: what is longer loses its middle. */
const LONGEST_MESSAGE = 300;

type Sink = Pick<NodeJS.WritableStream, 'write'> & Partial<Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>>;

/** Prints results on stdout: text of any number of lines, in which names and values of others are made harmless. */
export function print(text: string): void {
  const columns = screenWidth();
  const lines = visibleText(text)
    .split('\n')
    .map((line) => wrapLine(line, columns));
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Prints a message on stderr: one line of at most {@link LONGEST_MESSAGE}. */
export function say(message: string, sink: Sink = process.stderr): void {
  sink.write(`${wrapLine(messageLine(message), widthOf(sink))}\n`);
}

/** Prints a warning of a library on stderr. */
export function warn(line: string): void {
  say(`WARNING: ${line}`);
}

/** Prints a line on stderr at any length, as results have it that are not to be cut; a warning is a message. */
export function printLine(line: string, sink: Sink = process.stderr): void {
  if (line.startsWith('WARNING: ')) say(line, sink);
  else sink.write(`${wrapLine(visible(line), widthOf(sink))}\n`);
}

/** Prints where an error comes from on stderr, for whoever looks for the mistake. */
export function printStack(error: unknown): void {
  process.stderr.write(`${visibleText(inspect(error))}\n`);
}

function widthOf({ isTTY, columns }: Sink): number | undefined {
  return screenWidth({ isTTY: isTTY ?? false, columns: columns ?? 0 });
}

/** Errors of other programs have lines of their own, which become one. */
function messageLine(message: string): string {
  return cutMiddle(visible(message.trim().replaceAll(/\s*\n\s*/g, ' ')), LONGEST_MESSAGE);
}
