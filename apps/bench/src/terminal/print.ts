import { inspect } from 'node:util';
import { cutMiddle, visible, visibleText } from './visible.ts';

/** Longest message, in UTF-16 units: what is longer loses its middle. */
const LONGEST_MESSAGE = 300;

type Sink = Pick<NodeJS.WritableStream, 'write'>;

/** Prints results on stdout: text of any number of lines, in which names and values of others are made harmless. */
export function print(text: string): void {
  process.stdout.write(`${visibleText(text)}\n`);
}

/** Prints a message on stderr: one line of at most {@link LONGEST_MESSAGE}. */
export function say(message: string, sink: Sink = process.stderr): void {
  sink.write(`${messageLine(message)}\n`);
}

/** Prints a warning of a library on stderr. */
export function warn(line: string): void {
  say(`WARNING: ${line}`);
}

/** Prints a line on stderr at any length, as results have it that are not to be cut; a warning is a message. */
export function printLine(line: string, sink: Sink = process.stderr): void {
  if (line.startsWith('WARNING: ')) say(line, sink);
  else sink.write(`${visible(line)}\n`);
}

/** Prints where an error comes from on stderr, for whoever looks for the mistake. */
export function printStack(error: unknown): void {
  process.stderr.write(`${visibleText(inspect(error))}\n`);
}

/** Errors of other programs have lines of their own, which become one. */
function messageLine(message: string): string {
  return cutMiddle(visible(message.trim().replaceAll(/\s*\n\s*/g, ' ')), LONGEST_MESSAGE);
}
