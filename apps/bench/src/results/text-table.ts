import Table from 'cli-table3';

/** A plain-text table without lines between its rows. */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const noLines = { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' };
  const table = new Table({ head: [...head], chars: noLines, style: { head: [], border: [] } });
  for (const row of rows) table.push([...row]);
  return table.toString();
}
