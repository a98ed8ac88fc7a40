export { runExperiment, type RunRequest } from './experiment/run.ts';
export { METHODS, type Method, planGroups, type RunSettings } from './experiment/plan.ts';
export { findTask, tasks } from './tasks/tasks.ts';
