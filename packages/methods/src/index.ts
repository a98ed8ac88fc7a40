export * from './learner.ts';
export * from './learners/index.ts';
export { adaptedModel } from './adapted-model.ts';
export { type LearnerSetting, learners, learnerSetting, settingId } from './catalogue.ts';
export { probeBatches, probesOf } from './probe-queries.ts';
