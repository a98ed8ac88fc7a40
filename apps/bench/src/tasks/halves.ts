import type { Dataset } from './dataset.ts';

/**
 * A dataset of the training split alone, for choosing what the validation split must not choose: demonstrations come from its
 * first half, evaluated examples are its second half (an odd row goes to the second).
 */
export function halves(dataset: Dataset): Dataset {
  const middle = Math.floor(dataset.train.length / 2);
  return { ...dataset, train: dataset.train.slice(0, middle), validation: dataset.train.slice(middle) };
}
