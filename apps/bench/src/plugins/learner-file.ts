import { UserError } from '@icl-gd/gpu-kernels/errors';
import { type Learner, learners } from '@icl-gd/methods';
import { type MetricCatalogue, builtInMetrics } from '@icl-gd/metrics';
import { learnerShape } from './learner-shape.ts';
import { exportedAs, loadModule, requireShape } from './load-module.ts';
import type { PluginFile } from './plugin-file.ts';

/** Learners of the user's own, and their files by id. */
export interface ForeignLearners {
  readonly learners: readonly Learner[];
  readonly files: ReadonlyMap<string, PluginFile>;
}

export const NO_FOREIGN_LEARNERS: ForeignLearners = { learners: [], files: new Map() };

/**
 * Loads learners from TypeScript or JavaScript modules.
 * @param metrics those that a learner may call inapplicable
 * @throws UserError naming the file and what is wrong with it
 */
export async function loadLearnerFiles(
  paths: readonly string[],
  metrics: MetricCatalogue = builtInMetrics,
): Promise<ForeignLearners> {
  const loaded: Learner[] = [];
  const files = new Map<string, PluginFile>();
  const shape = learnerShape(metrics);
  for (const path of paths) {
    const module = await loadModule(path, 'learner');
    const exported = exportedAs('learner', module);
    requireShape(shape, exported, 'learner', path);
    const learner = exported as Learner;
    const taken = [...learners, ...loaded].find(({ id }) => id.toLowerCase() === learner.id.toLowerCase());
    if (taken) throw new UserError(`${path}: a learner is called ${taken.id} already`);
    loaded.push(learner);
    files.set(learner.id, module.file);
  }
  return { learners: loaded, files };
}
