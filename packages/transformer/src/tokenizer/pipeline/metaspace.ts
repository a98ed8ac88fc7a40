import { z } from 'zod';
import { type Place, character, refuse } from './component.ts';

/** The options of Metaspace, as a pre-tokenizer and as a decoder. */
export const metaspaceOptions = {
  type: z.string(),
  replacement: character,
  prepend_scheme: z.enum(['always', 'first', 'never']).optional(),
  split: z.boolean().nullish(),
  // Of older files: what prepend_scheme says today.
  add_prefix_space: z.boolean().nullish(),
  // Of older files, and not read: the replacement counts.
  str_rep: z.string().nullish(),
};

type Scheme = 'always' | 'first' | 'never';

/** Where a text gets a replacement before it. */
export function metaspaceScheme(
  options: { prepend_scheme?: Scheme | undefined; add_prefix_space?: boolean | null | undefined },
  place: Place,
): Scheme {
  const { prepend_scheme: scheme = 'always', add_prefix_space: prefix } = options;
  if (prefix === false && scheme !== 'never') {
    refuse(
      place,
      'Metaspace: add_prefix_space false needs prepend_scheme "never", as in the Rust implementation',
    );
  }
  return scheme;
}
