/** Columns that turbo puts before every line of a task, and one that stays free. */
const TURBO_PREFIX = '@icl-gd/bench:bench: '.length + 1;

/**
 * Whether a line on this stream can be drawn over: it is a terminal that knows how, and nothing stands between. turbo gives a
 * task a terminal of its own, but shows every drawing as a line.
 */
export function isScreen(
  stream: Pick<NodeJS.WriteStream, 'isTTY'>,
  env: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  return Boolean(stream.isTTY) && env['TERM'] !== 'dumb' && !underTurbo(env);
}

/** Columns that a line on stdout may take; undefined where it is no terminal, or one that does not know its width. */
export function screenWidth(
  { isTTY, columns }: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'> = process.stdout,
  env: Readonly<Record<string, string | undefined>> = process.env,
): number | undefined {
  if (!isTTY || !(columns > 0)) return undefined;
  return underTurbo(env) ? Math.max(1, columns - TURBO_PREFIX) : columns;
}

function underTurbo(env: Readonly<Record<string, string | undefined>>): boolean {
  return env['TURBO_HASH'] !== undefined;
}
