import { z } from 'zod';
import type { RawRunOptions } from '../raw-options.ts';
import { readYaml } from '../../tasks/yaml/read-yaml.ts';
import { schemaError } from '../../tasks/yaml/schema-error.ts';

const single = z
  .union([z.string(), z.number()], { error: 'must be a text or a number' })
  .refine((own) => own !== '', 'is empty')
  .refine(
    (own) => typeof own === 'string' || !Number.isInteger(own) || Number.isSafeInteger(own),
    'is too large a number to be exact: put it in quotes',
  )
  .transform(String);
const joined = (own: readonly string[]): string => own.join(',');
const list = z.union([single, z.array(single).min(1).transform(joined)], {
  error: 'must be a value or a list',
});
/** Of an option in brackets: nothing that ends it. */
const inBrackets = z.union(
  [z.string().regex(/^[^,[\]=]+$/, 'has a comma, "=" or bracket'), z.number(), z.literal(true)],
  {
    error: 'must be a text, a number or true',
  },
);
/** `{ GD: { batch: full, steps: 3 } }`, as it is typed: `GD[batch=full,steps=3]`. */
const setting = z
  .record(z.string(), z.record(z.string(), inBrackets))
  .refine((own) => Object.keys(own).length === 1, 'must have one key: the id')
  .transform((own) => {
    const [[id, options]] = Object.entries(own) as [[string, Record<string, string | number | true>]];
    const entries = Object.entries(options).map(([name, value]) =>
      value === true ? name : `${name}=${value}`,
    );
    return entries.length === 0 ? id : `${id}[${entries.join(',')}]`;
  });
const settings = z.union(
  [
    single,
    setting,
    z
      .array(z.union([single, setting]))
      .min(1)
      .transform(joined),
  ],
  { error: 'must be a setting or a list of them, each as typed or as { GD: { batch: full } }' },
);
const flag = z.boolean({ error: 'must be true or false' });

/** Options of `icl-gd run` that a preset may set, and what each may be. */
const OPTIONS = {
  ...{
    model: single,
    data: single,
    datasets: list,
    methods: settings,
    controls: settings,
    'control-variants': list,
    variants: list,
    shots: single,
  },
  ...{ seeds: list, permutation: single, 'fine-tuning-order': single, examples: single },
  ...{ rate: list, development: single },
  ...{ 'learning-rate': single, probe: single, adapter: single, 'init-seed': single, 'token-budget': single },
  ...{ 'save-probes': flag, 'released-norms': flag, 'matched-demonstrations': flag },
  ...{ 'weight-changes': flag, 'gradient-norms': flag },
  ...{ 'training-attention': flag },
  margin: single,
};

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

const options = z
  .strictObject(mapValues(OPTIONS))
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
      return /(^|\.)options$/.test(place) ? Object.keys(OPTIONS) : ['name', 'options'];
    };
    throw schemaError(path, '', result.error, keys);
  }
  return result.data;
}

/** Each may be left out. */
function mapValues(own: typeof OPTIONS): Record<string, z.ZodExactOptional> {
  return Object.fromEntries(Object.entries(own).map(([name, value]) => [name, value.exactOptional()]));
}

function camelCase(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
