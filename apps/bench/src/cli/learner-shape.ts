import { metrics } from '@icl-gd/metrics';
import type { Learner } from '@icl-gd/methods';
import { z } from 'zod';
import { nearest } from '../tasks/yaml/nearest.ts';

const metricId = z.string().superRefine((id, context) => {
  const ids = metrics.map((metric) => metric.id);
  if (ids.includes(id)) return;
  const near = nearest(id, ids);
  const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
  context.addIssue(`no metric is called "${id}"${hint}; icl-gd ls metrics lists them`);
});

// Looked at by its members: the file's own copy of zod may be another one.
const options = z.custom<z.ZodObject>().superRefine((value, context) => {
  const fault = faultOfOptions(value);
  if (fault !== undefined) context.addIssue(fault);
});

/** What the exported learner must be: the type `Learner` of @icl-gd/methods. */
export const learnerShape = z.looseObject({
  id: z
    .string()
    .regex(/^[A-Za-z][\w.-]{0,39}$/, 'must be letters, digits, "-", "_" or ".", at most 40, a letter first'),
  label: z.string(),
  source: z.string(),
  role: z.literal('learner'),
  paper: z.boolean().optional(),
  needs: z.enum(['none', 'context', 'all']),
  objective: z.enum(['output', 'layerwise'] satisfies Learner['objective'][]).optional(),
  copiesKeyValueWeights: z.boolean().optional(),
  options: options.optional(),
  inapplicableMetrics: z.array(metricId).optional(),
  adapt: z.custom<Learner['adapt']>((value) => typeof value === 'function', 'must be a function'),
});

function isObjectSchema(value: Partial<z.ZodObject> | null): value is z.ZodObject {
  const shape: unknown = value?.shape;
  return typeof shape === 'object' && shape !== null && typeof value?.strict === 'function';
}

function faultOfOptions(schema: Partial<z.ZodObject> | null): string | undefined {
  if (!isObjectSchema(schema)) return 'must be a zod object';
  const names = Object.keys(schema.shape);
  const defaults = schema.safeParse({});
  if (!defaults.success) return `${defaults.error.issues[0]?.path.join('.')} has no default`;
  for (const name of names) {
    const value: unknown = defaults.data[name];
    if (value === undefined) return `${name} has no default`;
    if (!['string', 'number', 'boolean'].includes(typeof value))
      return `${name} must be a text, a number or a boolean`;
    if (value === '') continue;
    // z.number() refuses every text, z.coerce.boolean() reads "false" as true.
    const typed = schema.safeParse({ [name]: String(value) });
    if (!typed.success || typed.data[name] !== value)
      return `${name} does not read its default from a text, "${String(value)}": use z.coerce.number(), z.stringbool() or the like`;
  }
  return undefined;
}
