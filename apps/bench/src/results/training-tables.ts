import { learningRateOf } from '../experiment/trial-result.ts';
import { CELL, type TrialTable, cell } from './trial-table.ts';

/** Cosine of the weight changes of two learners, layer by layer: each pair once, in the order of the settings. */
export const weights: TrialTable = {
  file: 'weights.csv',
  columns: [
    ...['model', 'variant', 'dataset', 'seed', 'permutation', 'method_a', 'method_b'],
    ...['learning_rate_a', 'learning_rate_b', 'layer', 'value'],
  ],
  rows: (model, result) =>
    (result.training?.pairs ?? []).flatMap(({ ids: [a, b], values }) => {
      const { variant, dataset, seed, permutation } = result.trial;
      const rates = [a, b].map((id) => learningRateOf(result, id));
      const key = [model, variant, dataset, seed, permutation, a, b, ...rates];
      return values.map((value, layer) => [...key, layer, value]);
    }),
};

/** What becomes of weight changes on the grid of float16. */
export const precision: TrialTable = {
  file: 'precision.csv',
  columns: [...CELL, 'layer', 'changed_share', 'cosine', 'cosine_of_rounded', 'relative_size'],
  rows: (model, result) =>
    [...(result.training?.precision ?? [])].flatMap(([id, layers]) =>
      layers.map(({ changed, cosine, cosineOfRounded, relativeSize }, layer) => [
        ...cell(model, result, id),
        ...[layer, changed, cosine, cosineOfRounded, relativeSize],
      ]),
    ),
};

/** Gradient norms of the first and the last step under every definition. */
export const gradientNorms: TrialTable = {
  file: 'gradient_norms.csv',
  columns: [...CELL, 'step', 'layer', 'parameters', 'reduction', 'gradients', 'value'],
  rows: (model, result) =>
    [...(result.training?.gradientNorms ?? [])].flatMap(([id, steps]) =>
      steps.flatMap(({ step, variants }) =>
        variants.flatMap(({ parameters, reduction, gradients, norms }) =>
          norms.map((norm, layer) => [
            ...cell(model, result, id),
            ...[step, layer, parameters, reduction, gradients, norm],
          ]),
        ),
      ),
    ),
};
