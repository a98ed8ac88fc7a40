/** What stands in place of the demonstrations' right labels (Min et al., 2022, "Rethinking the role of demonstrations"). */
export const REPLACED_LABELS = ['wrong', 'random'] as const;

/** Which demonstrations a setting is given in place of its trial's own; nothing for those. Choices combine. */
export interface DemonstrationChoice {
  /** The same demonstrations in the order of draw p, 0 … 4, whatever the trial's; 0 is the order in which they were drawn. */
  readonly order?: number;
  /** The next k of the same shuffle. */
  readonly disjoint?: true;
  /** `wrong`: each label replaced by another class; `random`: each drawn from all classes. */
  readonly labels?: (typeof REPLACED_LABELS)[number];
  /** Those of the next dataset of the run, in that task's own template. */
  readonly otherTask?: true;
  /** As many tokens as each has, drawn from the tokens of all of them. */
  readonly randomTokens?: true;
}

/** Names of the choices as they are typed, in the order in which they stand in an id. */
export const CHOICE_NAMES = {
  order: 'order',
  disjoint: 'disjoint',
  labels: 'labels',
  otherTask: 'other-task',
  randomTokens: 'random-tokens',
} as const satisfies Record<keyof DemonstrationChoice, string>;

/** `order=1,labels=wrong`; empty for the trial's own demonstrations. */
export function choiceId(choice: DemonstrationChoice): string {
  const keys = Object.keys(CHOICE_NAMES) as (keyof DemonstrationChoice)[];
  return keys
    .flatMap((key) => {
      const value = choice[key];
      if (value === undefined) return [];
      return [value === true ? CHOICE_NAMES[key] : `${CHOICE_NAMES[key]}=${value}`];
    })
    .join(',');
}
