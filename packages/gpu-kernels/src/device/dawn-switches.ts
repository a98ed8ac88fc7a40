import { UserError } from '../errors.ts';

/** What each switch says to Dawn: features of its own that are enabled and disabled. */
const SWITCHES = {
  'no-robustness': { enable: ['disable_robustness'] },
  'no-validation': { enable: ['skip_validation'] },
  'no-workgroup-init': { enable: ['disable_workgroup_init'] },
  'exact-timestamps': { disable: ['timestamp_quantization'] },
  'unsafe-apis': { enable: ['allow_unsafe_apis', 'vulkan_enable_f16_on_nvidia'] },
} as const satisfies Record<string, { enable?: readonly string[]; disable?: readonly string[] }>;

/**
 * A check or an unfinished feature of Dawn, as its bindings for Node switch it. Without `no-…` Dawn checks everything, which
 * is the default everywhere.
 *
 * - `no-robustness`: addresses past what is bound are not clamped. Kernels of this package stay inside; one of yours may not.
 * - `no-validation`: mistakes in the use of WebGPU are undefined behaviour instead of errors.
 * - `no-workgroup-init`: workgroup memory begins with anything instead of zeros.
 * - `exact-timestamps`: timestamps to the nanosecond, not rounded to 0.1 ms; `profile` asks for it by itself.
 * - `unsafe-apis`: what Dawn calls unsafe (subgroup matrices), and float16 arithmetic on NVIDIA cards.
 */
export type DawnSwitch = keyof typeof SWITCHES;

const NAMES = Object.keys(SWITCHES) as readonly DawnSwitch[];

/**
 * Reads a list of switches, separated by commas.
 * @param origin where the list is from, for the error
 * @throws UserError naming a switch that there is none of, and those that there are
 */
export function parseSwitches(text: string, origin: string): DawnSwitch[] {
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const unknown = words.find((word) => !(NAMES as readonly string[]).includes(word));
  if (unknown !== undefined)
    throw new UserError(`${origin}: there is no switch "${unknown}"; it can be ${NAMES.join(', ')}`);
  return words as DawnSwitch[];
}

/** The flags that Dawn's bindings take for these switches, in one order whatever theirs is. */
export function dawnFlags(switches: Iterable<DawnSwitch>): string[] {
  const given = new Set(switches);
  const lists = { enable: [] as string[], disable: [] as string[] };
  for (const name of NAMES.filter((one) => given.has(one))) {
    const { enable = [], disable = [] }: { enable?: readonly string[]; disable?: readonly string[] } =
      SWITCHES[name];
    lists.enable.push(...enable);
    lists.disable.push(...disable);
  }
  return Object.entries(lists).flatMap(([what, names]) =>
    names.length === 0 ? [] : [`${what}-dawn-features=${names.join(',')}`],
  );
}
