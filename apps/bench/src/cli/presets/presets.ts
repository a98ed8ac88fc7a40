import { basename, extname } from 'node:path';
import type { Task } from '../../tasks/task.ts';
import { choose } from '../choose.ts';
import type { RawRunOptions } from '../raw-options.ts';
import { PRESET_IDS, presetFile } from './list-presets.ts';
import { type PREPARATIONS, type PresetPass, readPreset } from './read-preset.ts';

/** A named set of options for `icl-gd run --preset`; options on the command line win. */
export interface Preset {
  readonly id: string;
  readonly title: string;
  readonly options: Partial<RawRunOptions>;
  /** The tasks that `--datasets` chooses from, where they are not the built-in ones. */
  readonly tasks?: readonly Task[];
  /** Further runs after the one that `options` describe. */
  readonly passes: readonly PresetPass[];
  /** Writes the preset's own model and datasets below a folder; absent if it has none. */
  readonly prepare?: (folder: string) => Promise<{ model: string; data: string }>;
}

type Maker = Required<Pick<Preset, 'prepare' | 'tasks'>>;

/** Loaded on demand, so that other presets do without the synthetic language. */
const MAKERS: Readonly<Record<(typeof PREPARATIONS)[number], () => Promise<Maker>>> = {
  embedded: async () => {
    const { prepareEmbedded, tasksOfEmbedded } = await import('../../synthetic/embedded.ts');
    return { prepare: prepareEmbedded, tasks: tasksOfEmbedded() };
  },
  smoke: async () => {
    const { tasksOfEmbedded } = await import('../../synthetic/embedded.ts');
    const { prepareSmoke } = await import('../../synthetic/smoke.ts');
    return { prepare: prepareSmoke, tasks: tasksOfEmbedded() };
  },
};

/**
 * A preset by its id, or from a file if the text ends as a YAML or JSON file's name does.
 *
 * @throws UserError naming the file and the key that does not fit, or the presets that there are
 */
export async function findPreset(text: string): Promise<Preset> {
  return loadPreset(/\.(ya?ml|json)$/.test(text) ? text : presetFile(choose('--preset', text, PRESET_IDS)));
}

/**
 * The preset of a file.
 *
 * @throws UserError naming the file and the key that does not fit
 */
export async function loadPreset(path: string): Promise<Preset> {
  const { prepare, ...listed } = readPreset(path);
  return {
    id: basename(path, extname(path)),
    ...listed,
    ...(prepare === undefined ? {} : await MAKERS[prepare]()),
  };
}
