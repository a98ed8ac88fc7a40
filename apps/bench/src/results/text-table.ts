import Table from 'cli-table3';
import { screenWidth } from '../terminal/screen.ts';
import { visible } from '../terminal/visible.ts';

type Cell = string | number;

/**
 * A plain-text table without lines between its rows. On a terminal it is laid out for the width: as several tables one
 * below the other, each with the first columns and as many of the others as fit; where not even one fits, as a list.
 *
 * @param keys number of columns at the left that say what a row is about
 * @param width columns of the terminal; undefined for any width
 */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  keys = 1,
  width: number | undefined = screenWidth(),
): string {
  const cells = rows.map((row) => row.map((cell) => visible(String(cell))));
  const whole = drawTable(head, cells);
  if (width === undefined || widthOf(whole) <= width) return whole;
  const pieces = columnsThatFit(head, cells, keys, width);
  if (pieces === undefined) return renderList(head, cells, keys);
  return pieces
    .map((columns) =>
      drawTable(
        columns.map((at) => head[at] as string),
        cells.map((row) => columns.map((at) => row[at] ?? '')),
      ),
    )
    .join('\n');
}

function drawTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const noLines = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
  const table = new Table({ head: [...head], chars: noLines, style: { head: [], border: [] } });
  for (const row of rows) table.push([...row]);
  return table.toString();
}

/** Columns of each table, the keys first in all; undefined if some column does not fit beside the keys. */
function columnsThatFit(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  keys: number,
  width: number,
): number[][] | undefined {
  // Of every column with its line and its two spaces; one more line ends the table.
  const widths = head.map(
    (name, at) => widthOf(drawTable([name], rows.length === 0 ? [] : rows.map((row) => [row[at] ?? '']))) - 1,
  );
  const first = Array.from({ length: keys }, (_, at) => at);
  const taken = first.reduce((sum, at) => sum + (widths[at] as number), 1);
  const pieces: number[][] = [];
  let room = 0;
  for (let at = keys; at < head.length; at++) {
    const own = widths[at] as number;
    if (taken + own > width) return undefined;
    if (own > room) {
      pieces.push([...first]);
      room = width - taken;
    }
    pieces.at(-1)?.push(at);
    room -= own;
  }
  return pieces.length === 0 ? undefined : pieces;
}

/** A paragraph a row: what it is about, and below it every filled column with its name. */
function renderList(head: readonly string[], rows: readonly (readonly string[])[], keys: number): string {
  return rows
    .map((row) =>
      [
        row.slice(0, keys).join(' '),
        ...row.flatMap((cell, at) => (at < keys || cell === '' ? [] : [`  ${head[at]}: ${cell}`])),
      ].join('\n'),
    )
    .join('\n');
}

/** Of the frame: every line of a table is as wide. */
function widthOf(table: string): number {
  return table.slice(0, table.indexOf('\n')).length;
}
