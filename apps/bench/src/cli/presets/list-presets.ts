import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readPreset } from './read-preset.ts';

const FOLDER = fileURLToPath(new URL('../../../presets', import.meta.url));

/** The built-in presets (`apps/bench/presets`), in the order in which they are listed. */
export const PRESET_IDS = ['smoke', 'embedded', 'embedded-full', 'paper', 'paper-2.7b'] as const;

/** Path of a built-in preset's file. */
export function presetFile(id: (typeof PRESET_IDS)[number]): string {
  return join(FOLDER, `${id}.yaml`);
}

/** Id and title of every built-in preset. */
export function listPresets(): { id: string; title: string }[] {
  return PRESET_IDS.map((id) => ({ id, title: readPreset(presetFile(id)).title }));
}
