/** One parameter and its two moments. */
export interface AdamWState {
  parameter: number;
  firstMoment: number;
  secondMoment: number;
}

/** Options of {@link adamWReference}, called as PyTorch calls them. */
export interface AdamWOptions {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

/**
 * One AdamW step of one element in float64, in the order of PyTorch's documentation.
 * @param step counted from 1
 */
export function adamWReference(
  state: AdamWState,
  gradient: number,
  step: number,
  options: AdamWOptions,
): AdamWState {
  const { learningRate, beta1, beta2, epsilon, weightDecay } = options;
  const decayed = state.parameter - learningRate * weightDecay * state.parameter;
  const firstMoment = beta1 * state.firstMoment + (1 - beta1) * gradient;
  const secondMoment = beta2 * state.secondMoment + (1 - beta2) * gradient ** 2;
  const mean = firstMoment / (1 - beta1 ** step);
  const variance = secondMoment / (1 - beta2 ** step);
  return {
    parameter: decayed - (learningRate * mean) / (Math.sqrt(variance) + epsilon),
    firstMoment,
    secondMoment,
  };
}
