export { runExperiment, type RunRequest } from './experiment/run.ts';
export { METHODS, type Method, planGroups, type RunSettings } from './experiment/plan.ts';
export { builtInTasks, findTask, paperTasks } from './tasks/tasks.ts';
