import type { RawRunOptions } from '../cli/run-options.ts';
import type { Task } from '../tasks/task.ts';
import { prepareEmbedded, tasksOfEmbedded } from './embedded.ts';

/** A named set of options for `icl-gd run --preset`; options on the command line win. */
export interface Preset {
  readonly id: string;
  readonly title: string;
  readonly options: Partial<RawRunOptions>;
  /** The data sets that `--datasets` chooses from, where they are not the paper's. */
  readonly tasks?: readonly Task[];
  /** Makes model and data below a folder, where the preset brings its own. */
  readonly prepare?: (folder: string) => Promise<{ model: string; data: string }>;
}

export const PRESETS: readonly Preset[] = [
  {
    id: 'embedded',
    title:
      'the small trained model that comes along, on six synthetic data sets; all variants and methods, no download',
    options: {
      variants: 'trained,trained-embeddings,layer-norm-only,untrained',
      methods: 'gd,lcgd',
    },
    tasks: tasksOfEmbedded,
    prepare: prepareEmbedded,
  },
];
