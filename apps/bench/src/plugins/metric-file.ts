import { UserError } from '@icl-gd/gpu-kernels/errors';
import { type OwnMetric, builtInMetrics } from '@icl-gd/metrics';
import { exportedAs, loadModule, requireShape } from './load-module.ts';
import { metricShape } from './metric-shape.ts';
import type { PluginFile } from './plugin-file.ts';

/** A metric that is not part of this program, and where it comes from. */
export interface ForeignMetric extends PluginFile {
  readonly metric: OwnMetric;
}

/** By id. */
export type ForeignMetrics = ReadonlyMap<string, ForeignMetric>;

/**
 * Loads metrics from TypeScript or JavaScript modules, each of which exports a `metric`, or several as `metrics`.
 * @throws UserError naming the file and what is wrong with it
 */
export async function loadMetricFiles(paths: readonly string[]): Promise<ForeignMetrics> {
  const loaded = new Map<string, ForeignMetric>();
  for (const path of paths) {
    const module = await loadModule(path, 'metric');
    const list = module.exports['metrics'];
    const several = Array.isArray(list);
    const exported: readonly unknown[] = several ? list : [exportedAs('metric', module)];
    if (exported.length === 0) throw new UserError(`${path}: metrics: the list is empty`);
    for (const [i, value] of exported.entries()) {
      requireShape(metricShape, value, several ? `metrics[${i}]` : 'metric', path);
      const metric = value as OwnMetric;
      if ([...builtInMetrics.metrics.map(({ id }) => id), ...loaded.keys()].includes(metric.id))
        throw new UserError(`${path}: a metric is called ${metric.id} already`);
      loaded.set(metric.id, { metric, ...module.file });
    }
  }
  return loaded;
}
