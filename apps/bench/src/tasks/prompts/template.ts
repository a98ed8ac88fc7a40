import type { Task } from '../task.ts';

/**
 * Puts a row's texts into the task's template. As in the released code, fields are replaced one after another: `$` is an
 * ordinary character, texts are not trimmed, and `{field}` of a later field inside an earlier field's text is replaced too.
 */
export function fillTemplate(task: Task, fields: Readonly<Record<string, string>>): string {
  let text = task.template;
  for (const field of task.fields) text = text.replaceAll(`{${field}}`, () => fields[field] ?? '');
  return text;
}
