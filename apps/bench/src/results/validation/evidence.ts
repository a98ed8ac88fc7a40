import { type MeasuredRun, type Row, readOptionalTable, readRun, readTable } from '../read-run.ts';
import { ExampleScores } from './example-scores.ts';

/** What a run measured, as far as the paper's claims and curves go. */
export interface Evidence {
  readonly run: MeasuredRun;
  readonly examples: ExampleScores;
  /** Rows of layerwise.csv. */
  readonly layers: readonly Row[];
  /** Rows of training.csv. */
  readonly training: readonly Row[];
  /** Rows of training_released.csv; none without `--released-norms`. */
  readonly releasedTraining: readonly Row[];
  /** Rows of noise_floor.csv; none without `--noise-floor`. */
  readonly noise: readonly Row[];
}

const CELL = ['variant', 'dataset', 'method', 'seed'];

/** @throws UserError if the folder does not hold the files of a finished run */
export async function readEvidence(folder: string): Promise<Evidence> {
  const run = await readRun(folder);
  return {
    run,
    examples: new ExampleScores(
      await readTable(
        folder,
        'examples.csv',
        [...CELL, 'permutation', 'example'],
        ['simaou', 'simaou_norm', 'simam', 'simam_delta', 'alpha'],
      ),
    ),
    layers: await readTable(folder, 'layerwise.csv', [...CELL, 'metric'], ['layer', 'value']),
    training: run.training,
    releasedTraining: await readOptionalTable(
      folder,
      'training_released.csv',
      [...CELL, 'step'],
      ['layer', 'gradient_norm'],
    ),
    noise: await readOptionalTable(
      folder,
      'noise_floor.csv',
      [...CELL, 'metric', 'perturbation'],
      ['learning_rate', 'value', 'example_change'],
    ),
  };
}
