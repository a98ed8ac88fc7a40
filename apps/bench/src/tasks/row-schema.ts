import { UserError } from '@icl-gd/gpu-kernels/errors';
import { z } from 'zod';
import type { Example } from './example.ts';
import type { RowFile } from './formats/rows.ts';
import { cut, listed } from '../terminal/words.ts';
import type { LabelSource, Task } from './task.ts';

/** Name that a template's field has in the rows. */
export function columnOf(task: Task, field: string): string {
  return task.columns && Object.hasOwn(task.columns, field) ? (task.columns[field] as string) : field;
}

/**
 * Checks a file's rows against the task and returns them as examples, in the order of the file.
 *
 * @throws UserError naming file and line (or row) and the field that does not fit
 */
export function toExamples(file: RowFile, task: Task): Example[] {
  const label = presentLabel(file, task);
  const schema = rowSchema(task, label, file.untyped);
  return file.rows.map((row, index) => {
    const result = schema.safeParse(row);
    if (!result.success) throw rowError(result.error.issues[0], file.place(index), task, label);
    return {
      fields: Object.fromEntries(
        task.fields.map((field) => [field, result.data[columnOf(task, field)] as string]),
      ),
      label: result.data[label.field] as number,
    };
  });
}

/** The first of the task's label fields that the first row has; if it has none, the first of all, for the error to name. */
function presentLabel({ rows }: RowFile, { labels }: Task): LabelSource {
  const [row] = rows;
  const has = ({ field }: LabelSource): boolean =>
    typeof row === 'object' && row !== null && Object.hasOwn(row, field);
  return labels.find(has) ?? (labels[0] as LabelSource);
}

function rowSchema(task: Task, label: LabelSource, untyped: boolean) {
  const text = z
    .string({ error: (issue) => (issue.input === undefined ? 'is missing' : 'is not a string') })
    .refine((value) => value.isWellFormed(), 'holds half of a surrogate pair');
  const texts = task.fields.map((field) => [columnOf(task, field), text]);
  return z.object({
    ...(Object.fromEntries(texts) as Record<string, z.ZodType<unknown>>),
    [label.field]: label.values ? mappedLabel(label.values) : indexLabel(task, untyped),
  });
}

function indexLabel(task: Task, untyped: boolean): z.ZodType<unknown> {
  const highest = task.classes.length - 1;
  const range = `must be an integer from 0 to ${highest}`;
  const index = z
    .int({ error: (issue) => (issue.input === undefined ? 'is missing' : range) })
    .min(0, range)
    .max(highest, range);
  const fromText = (value: unknown): unknown =>
    typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
  return untyped ? z.preprocess(fromText, index) : index;
}

function mappedLabel(values: Readonly<Record<string, number>>): z.ZodType<unknown> {
  return z.unknown().transform((given, context) => {
    // A row without a field of that name may inherit a function of it.
    const value = typeof given === 'function' ? undefined : given;
    const isPlain = typeof value !== 'object' || value === null;
    if (isPlain && Object.hasOwn(values, String(value))) return values[String(value)];
    const message =
      value === undefined
        ? 'is missing'
        : `is ${shown(value)}, must be one of ${listed(Object.keys(values))}`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}

function shown(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value !== 'object') return cut(JSON.stringify(value));
  return Array.isArray(value) ? 'a list' : 'an object';
}

function rowError(
  issue: z.core.$ZodIssue | undefined,
  place: string,
  task: Task,
  label: LabelSource,
): UserError {
  const field = issue?.path[0];
  const needed = listed([...task.fields.map((name) => columnOf(task, name)), label.field]);
  return new UserError(
    field === undefined
      ? `${place} is not a JSON object.`
      : `${place}: field '${cut(String(field))}' ${issue?.message} (${cut(task.title)} needs ${needed}).`,
  );
}
