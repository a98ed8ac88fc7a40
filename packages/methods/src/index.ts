export * from './learner.ts';
export { gradientDescent, layerCausalGradientDescent } from './gradient-descent.ts';
export { contextTokens, inContext } from './in-context.ts';
export { probeBatches, probesOf } from './probe-queries.ts';
export { zeroShot } from './zero-shot.ts';
export { type LearnerSetting, learners, learnerSetting, settingId } from './catalogue.ts';
