import type { Reader } from './reader.ts';
import { commandLine } from './readers/command-line.ts';
import { hub } from './readers/hub.ts';
import { configurations, tokenizers, weights } from './readers/models.ts';
import { records, tables, trainingStates } from './readers/results.ts';
import { data, layouts, parquetFiles, yamlFiles } from './readers/tasks.ts';

/** Everything that takes input from outside. */
export const readers: readonly Reader[] = [
  ...[weights, configurations, tokenizers, data, parquetFiles, layouts, yamlFiles],
  ...[tables, records, trainingStates, hub, commandLine],
];

/** How many of so many inputs each reader gets, at least one. */
export function shares(inputs: number): ReadonlyMap<string, number> {
  const total = readers.reduce((sum, { share }) => sum + share, 0);
  return new Map(readers.map(({ name, share }) => [name, Math.max(1, Math.round((inputs * share) / total))]));
}
