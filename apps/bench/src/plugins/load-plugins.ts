import { type ForeignFamilies, loadFamilyFiles } from './family-file.ts';
import { catalogueWith } from './checked-metric.ts';
import { type ForeignLearners, NO_FOREIGN_LEARNERS, loadLearnerFiles } from './learner-file.ts';
import { type ForeignMetrics, loadMetricFiles } from './metric-file.ts';

/** Modules of the user's own, TypeScript or JavaScript, by what they export. */
export interface PluginFiles {
  /** Each exports a `learner`. */
  readonly learnerFile?: readonly string[];
  /** Each exports a `metric`, or a list of `metrics`. */
  readonly metricFile?: readonly string[];
  /** Each exports a `family`. */
  readonly familyFile?: readonly string[];
}

/** What the user's own modules add to what is built in. */
export interface Plugins {
  readonly learners: ForeignLearners;
  readonly metrics: ForeignMetrics;
  readonly families: ForeignFamilies;
}

export const NO_PLUGINS: Plugins = { learners: NO_FOREIGN_LEARNERS, metrics: new Map(), families: [] };

/**
 * Loads learners, metrics and families of the user's own.
 * @throws UserError naming the file and what is wrong with it
 */
export async function loadPlugins({
  learnerFile = [],
  metricFile = [],
  familyFile = [],
}: PluginFiles): Promise<Plugins> {
  const metrics = await loadMetricFiles(metricFile);
  const families = await loadFamilyFiles(familyFile);
  // Last, since a learner may say which metrics do not apply to it.
  const learners = await loadLearnerFiles(learnerFile, catalogueWith(metrics));
  return { learners, metrics, families };
}
