export { UserError, type UserErrorCode } from '@icl-gd/transformer';
export { type FinishedRun, runExperiment } from './experiment/run.ts';
export type { RunRequest } from './experiment/run-request.ts';
export { planTrials, type RunSettings, type Trial } from './experiment/plan.ts';
export { writeResults } from './results/write-results.ts';
export type { MeasuredCell, MeasuredRun } from './results/measured.ts';
export { builtInTasks, findTask, paperTasks } from './tasks/tasks.ts';
export { EMBEDDED_MODEL, prepareEmbedded, tasksOfEmbedded } from './synthetic/embedded.ts';
