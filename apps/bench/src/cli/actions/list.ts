import type { Plugins } from '../../plugins/load-plugins.ts';
import { choose } from '../choose.ts';
import type { RawListOptions } from '../raw-options.ts';

/** What modules of the user's own add, loaded when a list asks for it. */
type OwnModules = () => Promise<Plugins>;

/** The lines of each list; every list loads what it alone needs. */
const LISTS = {
  datasets: async (): Promise<string[]> => {
    const { builtInTasks } = await import('../../tasks/tasks.ts');
    const { describeSource } = await import('../../tasks/describe-source.ts');
    return builtInTasks().map(
      ({ id, title, classes, hub }) => `${id}\t${title}\t${classes.join(', ')}\t${describeSource(hub)}`,
    );
  },
  models: async (own): Promise<string[]> => {
    const { listFamilies } = await import('@icl-gd/transformer/families');
    const families = (await own()).families.map(({ family }) => family);
    return [...listFamilies(), ...families].map(
      ({ modelType, architecture }) => `${modelType}\t${architecture}`,
    );
  },
  presets: async (): Promise<string[]> => {
    const { listPresets } = await import('../presets/list-presets.ts');
    return listPresets().map(({ id, title }) => `${id}\t${title}`);
  },
  methods: async (own): Promise<string[]> => {
    const { renderCatalogue } = await import('../render-catalogue.ts');
    return renderCatalogue('methods', await own());
  },
  metrics: async (own): Promise<string[]> => {
    const { renderCatalogue } = await import('../render-catalogue.ts');
    return renderCatalogue('metrics', await own());
  },
} satisfies Record<string, (own: OwnModules) => Promise<string[]>>;
const NOTHING: Plugins = { learners: { learners: [], files: new Map() }, metrics: new Map(), families: [] };
const NAMES = Object.keys(LISTS) as (keyof typeof LISTS)[];

/**
 * The list of that name, or all lists with a title each.
 *
 * @param files modules of the user's own, whose learners, metrics and families are listed after the built-in ones
 * @throws UserError if there is no list of that name, or a module is not what it should be
 */
export async function renderLists(what?: string, files: RawListOptions = {}): Promise<string> {
  const given = Object.values(files).some((paths) => paths.length > 0);
  // Learners load kernels: not where nobody asks for them.
  const own = async (): Promise<Plugins> =>
    given ? (await import('../../plugins/load-plugins.ts')).loadPlugins(files) : NOTHING;
  if (what !== undefined) return (await LISTS[choose('ls', what, NAMES)](own)).join('\n');
  const parts: string[] = [];
  for (const name of NAMES) parts.push(`${name}:`, (await LISTS[name](own)).join('\n'));
  return parts.join('\n');
}
