import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { once } from '../tasks/once.ts';
import { embeddedTasks, writeEmbeddedDatasets } from './language/datasets.ts';

/** Folder of the embedded model, which `icl-gd pretrain --preset tiny --seed 0` trained; see its README.md. */
export const EMBEDDED_MODEL = fileURLToPath(new URL('../../models/tiny', import.meta.url));

/** The numbers of rows are multiples of every task's number of classes, so that both splits are balanced. */
const ROWS = { seed: 0, trainRows: 240, validationRows: 60 };

/** By task id, chosen by `icl-gd sweep` on other demonstrations than the run uses; see docs/embedded-model.md. */
const LEARNING_RATES = {
  'syn-sst2': 0.0003,
  'syn-sst5': 0.0003,
  'syn-mr': 0.05,
  'syn-subj': 0.0003,
  'syn-agnews': 0.2,
  'syn-cb': 0.05,
};

/** The tasks of the embedded and smoke presets. */
export const tasksOfEmbedded = once(() => embeddedTasks(LEARNING_RATES));

/** Writes the datasets of the embedded preset below a folder, always the same bytes. */
export async function prepareEmbedded(folder: string): Promise<{ model: string; data: string }> {
  const data = join(folder, 'data');
  await writeEmbeddedDatasets(data, ROWS);
  return { model: EMBEDDED_MODEL, data };
}
