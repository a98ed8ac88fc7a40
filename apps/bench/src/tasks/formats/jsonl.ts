import { UserError } from '@icl-gd/gpu-kernels/errors';
import { decodeLine, splitAtLineFeeds } from './lines.ts';
import type { RowFile } from './rows.ts';

/**
 * Rows of a JSON Lines file, one JSON value a line.
 *
 * @throws UserError naming file and line
 */
export function readJsonLines(bytes: Buffer, path: string): RowFile {
  const lines = splitAtLineFeeds(bytes);
  if (lines.length === 0) throw new UserError(`${path} is empty; expected one JSON object a line.`);
  const place = (index: number): string => `${path}, line ${index + 1}`;
  return { rows: lines.map((line, index) => parseLine(line, place(index))), place, untyped: false };
}

function parseLine(line: Buffer, place: string): unknown {
  const text = decodeLine(line, place);
  if (text.trim() === '') throw new UserError(`${place} is empty; expected a JSON object.`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UserError(`${place} is not JSON: ${(error as Error).message}`);
  }
}
