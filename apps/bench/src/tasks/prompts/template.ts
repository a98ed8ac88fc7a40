import type { Task } from '../task.ts';

/**
 * Puts a row's texts into the task's template. Fields are replaced one after another, plainly: `$` has no meaning, text
 * is not stripped, and a placeholder of a later field inside an earlier field's text is replaced too (as in the released code).
 */
export function fillTemplate(task: Task, fields: Readonly<Record<string, string>>): string {
  let text = task.template;
  for (const field of task.fields) text = text.replaceAll(`{${field}}`, () => fields[field] ?? '');
  return text;
}
