import { basename, extname, join } from 'node:path';
import type { RawRunOptions } from '../run-options.ts';
import type { Task } from '../../tasks/task.ts';
import { prepareEmbedded, tasksOfEmbedded } from '../../synthetic/embedded.ts';
import { type PREPARATIONS, type PresetPass, readPreset } from './read-preset.ts';
import { prepareSmoke } from '../../synthetic/smoke.ts';

/** A named set of options for `icl-gd run --preset`; options on the command line win. */
export interface Preset {
  readonly id: string;
  readonly title: string;
  readonly options: Partial<RawRunOptions>;
  /** The datasets that `--datasets` chooses from, where they are not the paper's. */
  readonly tasks?: readonly Task[];
  /** Further runs after the one that `options` describe. */
  readonly passes: readonly PresetPass[];
  /** Makes model and data below a folder, where the preset brings its own. */
  readonly prepare?: (folder: string) => Promise<{ model: string; data: string }>;
}

const FOLDER = join(import.meta.dirname, '../../../presets');
const PREPARE: Readonly<Record<(typeof PREPARATIONS)[number], Required<Pick<Preset, 'prepare' | 'tasks'>>>> =
  {
    embedded: { prepare: prepareEmbedded, tasks: tasksOfEmbedded },
    smoke: { prepare: prepareSmoke, tasks: tasksOfEmbedded },
  };

/** The presets of the folder `presets`, each a file that lists what is run. */
export const PRESETS: readonly Preset[] = ['smoke', 'embedded', 'paper', 'paper-2.7b'].map((id) =>
  loadPreset(join(FOLDER, `${id}.yaml`)),
);

/** @throws UserError naming the file and the key that does not fit */
export function loadPreset(path: string): Preset {
  const { prepare, ...listed } = readPreset(path);
  return {
    id: basename(path, extname(path)),
    ...listed,
    ...(prepare === undefined ? {} : PREPARE[prepare]),
  };
}
