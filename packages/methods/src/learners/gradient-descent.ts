import { type TrainingLearner, fineTuningLearner } from '../training/fine-tuning-learner.ts';
import { gradientDescentOptions, layerCausalOptions } from '../training/options.ts';

/** GD (arXiv 2311.07772v4): the loss is taken at the model's output, its gradient flows through all layers. */
export const gradientDescent: TrainingLearner = fineTuningLearner({
  id: 'GD',
  label: 'gradient descent',
  source: 'arXiv 2311.07772v4, settings',
  objective: 'output',
  options: gradientDescentOptions,
});

/**
 * LCGD, layer-causal gradient descent (arXiv 2311.07772v4): every layer's output goes through the frozen final norm and
 * unembedding; the cross-entropy of that prediction trains this layer alone, since each layer's input is detached. The loss
 * is taken at the whole layer's output, as in the code released with the paper, unless `at` says otherwise.
 */
export const layerCausalGradientDescent: TrainingLearner = fineTuningLearner({
  id: 'LCGD',
  label: 'layer-causal gradient descent',
  source: 'arXiv 2311.07772v4, layer-causal gradient descent, as released',
  objective: 'layerwise',
  options: layerCausalOptions,
});
