import { UserError } from '@icl-gd/gpu-kernels/errors';
import { type Family, checkFamily, listFamilies } from '@icl-gd/transformer';
import { exportedAs, loadModule, reasonOf } from './load-module.ts';
import type { PluginFile } from './plugin-file.ts';

/** A family that is not part of this program, and where it comes from. */
export interface ForeignFamily extends PluginFile {
  readonly family: Family;
}

/** Families of `--family-file`, in the order of the files. */
export type ForeignFamilies = readonly ForeignFamily[];

/**
 * Loads families from TypeScript or JavaScript modules.
 * @throws UserError naming the file and what is wrong with it
 */
export async function loadFamilyFiles(paths: readonly string[]): Promise<ForeignFamilies> {
  const loaded: ForeignFamily[] = [];
  for (const path of paths) {
    const module = await loadModule(path, 'family');
    const family = toFamily(exportedAs('family', module), path);
    if (!family.replacesBuiltIn && listFamilies().some(({ modelType }) => modelType === family.modelType))
      throw new UserError(
        `${path}: family.modelType: ${family.modelType} is built in: give it another, or set replacesBuiltIn where it is meant to be read instead`,
      );
    if (loaded.some((other) => other.family.modelType === family.modelType))
      throw new UserError(`${path}: a family of model_type ${family.modelType} is there already`);
    loaded.push({ family, ...module.file });
  }
  return loaded;
}

function toFamily(exported: unknown, path: string): Family {
  try {
    return checkFamily(exported);
  } catch (error) {
    throw new UserError(`${path}: ${reasonOf(error)}`);
  }
}

/** The families without where they come from. */
export function familiesOf(foreign: ForeignFamilies = []): Family[] {
  return foreign.map(({ family }) => family);
}
