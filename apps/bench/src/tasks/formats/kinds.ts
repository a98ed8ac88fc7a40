const DATA_FILE = /\.(?:(jsonl|ndjson|json|csv|tsv)(?:\.gz)?|(parquet))$/i;

/** Extensions of the files that can be read, for messages; all but Parquet may be followed by `.gz`. */
export const EXTENSIONS = '.jsonl, .json, .parquet, .csv, .tsv';

/** How a data file is read. */
export type DataFormat = 'json' | 'csv' | 'tsv' | 'parquet';

/** The format that follows from a file's name; undefined if it is none that can be read. */
export function formatOf(file: string): DataFormat | undefined {
  const [, text, parquet] = DATA_FILE.exec(file) ?? [];
  const extension = (text ?? parquet)?.toLowerCase();
  if (extension === undefined) return undefined;
  return extension === 'csv' || extension === 'tsv' || extension === 'parquet' ? extension : 'json';
}

/** The name without the extension that says how it is read. */
export function withoutExtension(file: string): string {
  return file.replace(DATA_FILE, '');
}

/** The extension as it stands in the name, in small letters: `.csv`, `.json.gz`. */
export function extensionOf(file: string): string {
  return file.slice(withoutExtension(file).length).toLowerCase();
}
