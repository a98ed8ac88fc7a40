import { z } from 'zod';

/** Columns of examples.csv that are no metrics. */
const COLUMNS = [
  ...['model', 'variant', 'dataset', 'method', 'seed', 'permutation', 'learning_rate', 'example', 'metric'],
  ...['value', 'undefined', 'defined_share', 'layer'],
];
const LONGEST_TEXT = 300;

const text = z
  .string()
  .refine((own) => own.trim() !== '', 'is empty')
  .max(LONGEST_TEXT, `has more than ${LONGEST_TEXT} characters`);
const bound = z.number({ error: 'must be a number, or null for no bound' }).nullable();

/** What tables and pages say of a metric; see `MetricDescription` of @icl-gd/metrics. */
export const metricDescription = z.looseObject({
  id: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,39}$/, 'must be small letters, digits or "_", at most 40, a letter first')
    .refine((id) => !COLUMNS.includes(id), 'is the name of a column of the tables'),
  label: text,
  formula: text,
  source: text,
  range: z
    .tuple([bound, bound], { error: 'must be two bounds, [lowest, highest], null where there is none' })
    .refine(([low, high]) => low === null || high === null || low < high, 'has no room between its bounds'),
  moreAlike: z.enum(['higher', 'lower'], { error: "must be 'higher', 'lower' or null" }).nullable(),
  definedWhen: text,
  order: z.number().optional(),
  exampleValues: z.literal('pseudo-values', { error: "must be 'pseudo-values', or left out" }).optional(),
  kind: z.enum(['layers', 'predictions'], { error: "must be 'layers' or 'predictions'" }),
  of: z.enum(['learner', 'baseline', 'pair'], { error: "must be 'learner', 'baseline' or 'pair'" }),
  learners: z
    .tuple([z.string(), z.string()], { error: 'must be the ids of two learners, of a metric of a pair' })
    .refine(([first, second]) => first !== second, 'is twice the same learner')
    .optional(),
});

/** What an exported metric must be: the type `OwnMetric` of @icl-gd/metrics. */
export const metricShape = metricDescription
  .extend({ score: z.custom((value) => typeof value === 'function', 'must be a function') })
  .superRefine(({ kind, of, learners }, context) => {
    if (kind === 'predictions' && of === 'pair')
      context.addIssue({
        code: 'custom',
        path: ['of'],
        message: "must be 'learner' or 'baseline' of a metric of predictions",
      });
    if ((of === 'pair') !== (learners !== undefined))
      context.addIssue({
        code: 'custom',
        path: ['learners'],
        message: `${of === 'pair' ? 'must be' : 'is for metrics of a pair:'} the ids of two learners`,
      });
  });
