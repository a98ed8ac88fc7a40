export * from './learner.ts';
export { gradientDescent, layerCausalGradientDescent } from './learners/gradient-descent.ts';
export { contextTokens, inContext } from './learners/in-context.ts';
export { probeBatches, probesOf } from './probe-queries.ts';
export { zeroShot } from './learners/zero-shot.ts';
export { type LearnerSetting, learners, learnerSetting, settingId } from './catalogue.ts';
