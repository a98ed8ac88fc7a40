import { choose } from '../choose.ts';

/** The lines of each list; every list loads what it alone needs. */
const LISTS = {
  datasets: async (): Promise<string[]> => {
    const { builtInTasks } = await import('../../tasks/tasks.ts');
    const { describeSource } = await import('../../tasks/describe-source.ts');
    return builtInTasks().map(
      ({ id, title, classes, hub }) => `${id}\t${title}\t${classes.join(', ')}\t${describeSource(hub)}`,
    );
  },
  models: async (): Promise<string[]> => {
    const { listFamilies } = await import('@icl-gd/transformer/families');
    return listFamilies().map(({ modelType, architecture }) => `${modelType}\t${architecture}`);
  },
  presets: async (): Promise<string[]> => {
    const { listPresets } = await import('../presets/list-presets.ts');
    return listPresets().map(({ id, title }) => `${id}\t${title}`);
  },
  methods: async (): Promise<string[]> => {
    const { renderCatalogue } = await import('../render-catalogue.ts');
    return renderCatalogue('methods');
  },
  metrics: async (): Promise<string[]> => {
    const { renderCatalogue } = await import('../render-catalogue.ts');
    return renderCatalogue('metrics');
  },
};
const NAMES = Object.keys(LISTS) as (keyof typeof LISTS)[];

/**
 * The list of that name, or all lists with a title each.
 *
 * @throws UserError if there is no list of that name
 */
export async function renderLists(what?: string): Promise<string> {
  if (what !== undefined) return (await LISTS[choose('ls', what, NAMES)]()).join('\n');
  const parts: string[] = [];
  for (const name of NAMES) parts.push(`${name}:`, (await LISTS[name]()).join('\n'));
  return parts.join('\n');
}
