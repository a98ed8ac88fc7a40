export { UserError, type UserErrorCode } from '@icl-gd/transformer';
export { experiment, type ExperimentObserver, type ExperimentOptions } from './cli/experiment.ts';
export { type FinishedRun, runExperiment } from './experiment/run.ts';
export type { RunRequest } from './experiment/run-request.ts';
export { planTrials, type RunSettings, type Trial } from './experiment/plan.ts';
export {
  type DemonstrationChoice,
  type RateRule,
  type RunSetting,
  type SettingRole,
  roleOf,
  runSetting,
  runSettingId,
} from './experiment/setting.ts';
export { type ForeignFamilies, type ForeignFamily, loadFamilyFiles } from './plugins/family-file.ts';
export { type ForeignLearners, loadLearnerFiles } from './plugins/learner-file.ts';
export { type ForeignMetric, type ForeignMetrics, loadMetricFiles } from './plugins/metric-file.ts';
export type { PluginFile } from './plugins/plugin-file.ts';
export { writeResults } from './results/write-results.ts';
export type { MeasuredCell, MeasuredRun } from './results/measured.ts';
export { builtInTasks, findTask, paperTasks } from './tasks/tasks.ts';
export { EMBEDDED_MODEL, prepareEmbedded, tasksOfEmbedded } from './synthetic/embedded.ts';
