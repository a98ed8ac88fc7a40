import type { MetricCatalogue } from '@icl-gd/metrics';
import type { Learner, LearnerOptionsSchema } from '@icl-gd/methods';
import { z } from 'zod';
import { nearest } from '../tasks/yaml/nearest.ts';

/** A text that is the id of a metric. */
function metricId(metrics: MetricCatalogue): z.ZodType<string> {
  const ids = metrics.metrics.map((metric) => metric.id);
  return z.string().superRefine((id, context) => {
    if (ids.includes(id)) return;
    const near = nearest(id, ids);
    const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
    context.addIssue(`no metric is called "${id}"${hint}; icl-gd ls metrics lists them`);
  });
}

// Looked at by its members: the file's own copy of zod may be another one.
const options = z.custom<unknown>().superRefine((value, context) => {
  const fault = faultOfOptions(value);
  if (fault !== undefined) context.addIssue(fault);
});

/**
 * What the exported learner must be: the type `Learner` of @icl-gd/methods.
 * @param metrics those that it may call inapplicable
 */
export function learnerShape(metrics: MetricCatalogue): z.ZodType {
  return z.looseObject({
    id: z
      .string()
      .regex(/^[A-Za-z][\w.-]{0,39}$/, 'must be letters, digits, "-", "_" or ".", at most 40, a letter first')
      .refine((id) => id.toLowerCase() !== 'none', 'is what --controls takes for no controls'),
    label: z.string(),
    source: z.string(),
    role: z.literal('learner'),
    paper: z.boolean().optional(),
    needs: z.enum(['none', 'context', 'all']),
    objective: z.enum(['output', 'layerwise'] satisfies Learner['objective'][]).optional(),
    copiesKeyValueWeights: z.boolean().optional(),
    options: options.optional(),
    inapplicableMetrics: z.array(metricId(metrics)).optional(),
    adapt: functionOf<Learner['adapt']>(),
    with: functionOf<Learner['with']>().optional(),
  });
}

function functionOf<F>(): z.ZodType<F> {
  return z.custom<F>((value) => typeof value === 'function', 'must be a function');
}

function isObjectSchema(value: unknown): value is LearnerOptionsSchema {
  if (typeof value !== 'object' || value === null) return false;
  const { shape, strict, safeParse } = value as Partial<LearnerOptionsSchema>;
  return (
    typeof shape === 'object' &&
    shape !== null &&
    typeof strict === 'function' &&
    typeof safeParse === 'function'
  );
}

function faultOfOptions(schema: unknown): string | undefined {
  if (!isObjectSchema(schema))
    return typeof schema === 'object' && schema !== null && '~standard' in schema
      ? 'must be a zod object, not a schema of another kind or library'
      : 'must be a zod object';
  const names = Object.keys(schema.shape);
  const defaults = schema.safeParse({});
  if (!defaults.success) return `${defaults.error.issues[0]?.path.join('.')} has no default`;
  const given = defaults.data as Readonly<Record<string, unknown>>;
  for (const name of names) {
    const value = given[name];
    if (value === undefined) return `${name} has no default`;
    if (!['string', 'number', 'boolean'].includes(typeof value))
      return `${name} must be a text, a number or a boolean`;
    if (value === '') continue;
    // z.number() refuses every text, z.coerce.boolean() reads "false" as true.
    const typed = schema.safeParse({ [name]: String(value) });
    if (!typed.success || (typed.data as typeof given)[name] !== value)
      return `${name} does not read its default from a text, "${String(value)}": use z.coerce.number(), z.stringbool() or the like`;
  }
  return undefined;
}
