import type { MeasuredRun } from './measured.ts';

/**
 * Tells of which datasets the paper's figures are shown: beside what was measured where model and data are the paper's, and
 * with nothing beside them where the run has no dataset of that id; of no dataset in a run that has nothing of the paper's.
 */
export function publishedShown({
  cells,
  sizes,
  paper,
}: Pick<MeasuredRun, 'cells' | 'sizes' | 'paper'>): (dataset: string) => boolean {
  if (paper.datasets.size === 0) return () => false;
  const ran = new Set([...cells.map(({ dataset }) => dataset), ...sizes.keys()]);
  return (dataset) => paper.datasets.has(dataset) || !ran.has(dataset);
}
