import { z } from 'zod';
import type { RawRunOptions } from '../raw-options.ts';
import { readYaml } from '../../tasks/yaml/read-yaml.ts';
import { schemaError } from '../../tasks/yaml/schema-error.ts';

/** Options of `icl-gd run` that a preset may set. */
const OPTIONS = [
  'model',
  'data',
  'datasets',
  'methods',
  'variants',
  'shots',
  'seeds',
  'permutation',
  'fine-tuning-order',
  'examples',
  'learning-rate',
  'probe',
  'adapter',
  'init-seed',
  'token-budget',
  'save-probes',
  'released-norms',
] as const;

/** Names of the functions that make a preset's own model and datasets. */
export const PREPARATIONS = ['embedded', 'smoke'] as const;

/** A further run of a preset, in a folder of its own; its options replace those of the preset. */
export interface PresetPass {
  readonly name: string;
  readonly options: Partial<RawRunOptions>;
}

/** A preset as its file lists it. */
export interface PresetFile {
  readonly title: string;
  readonly options: Partial<RawRunOptions>;
  readonly prepare?: (typeof PREPARATIONS)[number];
  readonly passes: readonly PresetPass[];
}

const single = z.union([z.string(), z.number()]).transform(String);
const value = z.union([single, z.array(single).transform((list) => list.join(',')), z.boolean()], {
  error: 'must be a value or a list',
});
const options = z
  .strictObject(Object.fromEntries(OPTIONS.map((name) => [name, value.exactOptional()])))
  .transform((own) => Object.fromEntries(Object.entries(own).map(([name, set]) => [camelCase(name), set])));
const presetFile = z.strictObject({
  title: z.string(),
  prepare: z.enum(PREPARATIONS).exactOptional(),
  options: options.prefault({}),
  passes: z
    .array(
      z.strictObject({
        name: z.string().regex(/^\w[\w.-]*$/, 'must be a name of letters, digits, "-", "_" and "."'),
        options,
      }),
    )
    .default([]),
});

/**
 * Reads a preset's file.
 *
 * @throws UserError naming the file and the key that does not fit
 */
export function readPreset(path: string): PresetFile {
  const result = presetFile.safeParse(readYaml(path, 'the preset'));
  if (!result.success) {
    const keys = (place: string): readonly string[] => {
      if (place === '') return Object.keys(presetFile.shape);
      return /(^|\.)options$/.test(place) ? OPTIONS : ['name', 'options'];
    };
    throw schemaError(path, '', result.error, keys);
  }
  return result.data;
}

function camelCase(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
