import type { DataSource } from './task.ts';

/** A data source in one line: the files, or where they are and the names of both splits; empty for none. */
export function describeSource(source: DataSource | undefined): string {
  if (source === undefined) return '';
  if ('files' in source) return [...source.files.train, ...source.files.validation].join(', ');
  const { config, train, validation } = source;
  const splits = `${config === undefined ? '' : `${config}: `}${train}, ${validation}`;
  return `${'id' in source ? `hub ${source.id}` : source.directory} (${splits})`;
}
