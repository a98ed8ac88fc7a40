import { RATE_RULES, type SettingRole, roleOf } from '../../../experiment/setting.ts';

/** From what could not be alike to what is as alike as can be asked for. */
const ROLES: readonly SettingRole[] = ['null', 'learner', 'control', 'ceiling'];

/** What people call a role. */
export const ROLE_NAMES: Readonly<Record<SettingRole, string>> = {
  null: 'null',
  learner: 'learner',
  control: 'context control',
  ceiling: 'ceiling',
};

/** Rules of rates and what stands for one: the contrast of two learners is tabled under each. */
export const RULES = ['published', ...RATE_RULES, 'tangent'] as const;
export type Rule = (typeof RULES)[number];

/** Learner and options of what stands in the column `method`. */
export function partsOf(id: string): { readonly learner: string; readonly options: readonly string[] } {
  const [, learner = id, inside = ''] = /^([^[]*)\[(.*)\]$/.exec(id) ?? [];
  return { learner, options: inside === '' ? [] : inside.split(',') };
}

export function idOf(learner: string, options: readonly string[]): string {
  return options.length === 0 ? learner : `${learner}[${options.join(',')}]`;
}

/** The rule by which a setting has its rate. */
export function ruleOf(id: string): Rule {
  const { options } = partsOf(id);
  if (options.includes('tangent')) return 'tangent';
  return RULES.find((rule) => options.includes(`rate=${rule}`)) ?? 'published';
}

/** Settings in the order of roles, within a role in the order in which they came. */
export function byRole(ids: readonly string[]): { readonly id: string; readonly role: SettingRole }[] {
  const named = ids.map((id) => ({ id, role: roleOf(id) }));
  return ROLES.flatMap((role) => named.filter((own) => own.role === role));
}

/** A setting in plain words, for sentences; its id where there are none for it. */
export function inWords(id: string): string {
  const { learner, options } = partsOf(id);
  const [only, ...others] = options;
  if (only === undefined || others.length > 0) return id;
  if (learner === 'ZSL' && only === 'positions=icl') return `shifting the query's positions (${id})`;
  if (only === 'noise') return `noise in place of a gradient (${id})`;
  if (learner === 'ICL') {
    if (only === 'disjoint') return `other demonstrations (${id})`;
    if (only.startsWith('order=')) return `another order (${id})`;
    if (only === 'labels=wrong') return `wrong labels in the context (${id})`;
    if (only === 'labels=random') return `random labels in the context (${id})`;
    if (only === 'other-task') return `another task in the context (${id})`;
    if (only === 'random-tokens') return `random tokens in the context (${id})`;
  }
  if (only === 'labels=wrong') return `learning wrong labels (${id})`;
  return id;
}
