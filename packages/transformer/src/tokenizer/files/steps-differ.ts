import type { TokenizerDefinition } from '../definition.ts';

/** Options that change no token, and the values that are as good as none. */
const IGNORED = new Set(['trim_offsets']);
const DEFAULTS: Readonly<Record<string, unknown>> = {
  use_regex: true,
  add_prefix_space: false,
  invert: false,
};

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .filter(([key, option]) => !IGNORED.has(key) && option !== null && option !== DEFAULTS[key])
    .map(([key, option]): [string, unknown] => [key, plain(option)]);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(plain(a ?? null)) === JSON.stringify(plain(b ?? null));
}

/** Whether tokenizer.json has other steps before the model, or other options of it, than those that are taken. */
export function stepsDiffer(json: Readonly<Record<string, unknown>>, taken: TokenizerDefinition): boolean {
  const model: unknown = json['model'];
  const flags = ['byte_fallback', 'ignore_merges'].some((flag) => {
    const [theirs, ours] = [model, taken.model].map((options) =>
      new Map(Object.entries(options as object)).get(flag),
    );
    return (theirs ?? false) !== (ours ?? false);
  });
  return (
    flags ||
    !isSame(json['normalizer'], taken.normalizer) ||
    !isSame(json['pre_tokenizer'], taken.pre_tokenizer)
  );
}
