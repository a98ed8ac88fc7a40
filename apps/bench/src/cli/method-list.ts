import { type Learner, type LearnerSetting, learnerSetting, learners, settingId } from '@icl-gd/methods';
import { UserError } from '@icl-gd/transformer';
import { z } from 'zod';
import { nearest } from '../tasks/yaml/nearest.ts';
import { listed } from '../terminal/words.ts';

const issueShape = z.object({ path: z.array(z.coerce.string()), message: z.string() });

/** More than anyone types. */
const LONGEST_LIST = 10_000;
/** An id stands in names of files, which have at most 255 bytes. */
const LONGEST_ID = 100;

/**
 * Learners as they are typed: `gd,lcgd`, or with options `gd[batch=full,steps=3],lcgd`. Case does not matter; a comma within
 * brackets belongs to the options.
 * @param more learners that are not part of this program
 * @throws UserError naming the part that does not fit
 */
export function parseMethods(option: string, text: string, more: readonly Learner[]): LearnerSetting[] {
  if (text.length > LONGEST_LIST)
    throw new UserError(`${option} has ${text.length} characters, at most ${LONGEST_LIST} are read`);
  const known = [...learners.filter(({ role }) => role === 'learner'), ...more];
  const parts = text.split(/,(?![^[]*\])/).map((part) => part.trim());
  const settings = parts.map((part) => parseMethod(option, part, known));
  const ids = settings.map(settingId);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) throw new UserError(`${option}: ${twice} is there twice`);
  const long = ids.find((id) => Buffer.byteLength(id) > LONGEST_ID);
  if (long !== undefined)
    throw new UserError(`${option}: ${long.slice(0, 40)}… is too long, at most ${LONGEST_ID} bytes`);
  return settings;
}

function parseMethod(option: string, part: string, known: readonly Learner[]): LearnerSetting {
  const [, name = '', inside] = /^([^[\]]*)(?:\[([^[\]]*)\])?$/.exec(part) ?? [undefined, part];
  const learner = known.find(({ id }) => id.toLowerCase() === name.toLowerCase());
  const ids = known.map(({ id }) => id);
  if (!learner) {
    const near = nearest(
      name,
      ids.map((id) => id.toLowerCase()),
    );
    const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
    throw new UserError(`${option}: unknown "${name}"${hint}; choose from ${listed(ids)}`);
  }
  if (inside === undefined) return learnerSetting(learner);
  const typed = inside.split(',').map((entry) => parseOption(option, part, entry));
  const names = Object.keys(learner.options?.shape ?? {});
  const unknown = typed.find(([key]) => !names.includes(key));
  if (unknown) {
    const near = nearest(unknown[0], names);
    const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
    const options = names.length === 0 ? 'it has none' : `it has ${listed(names)}`;
    throw new UserError(`${option}: ${learner.id} has no option "${unknown[0]}"${hint}; ${options}`);
  }
  const keys = typed.map(([key]) => key);
  const twice = keys.find((key, i) => keys.indexOf(key) !== i);
  if (twice !== undefined) throw new UserError(`${option}: "${twice}" is there twice in "${part}"`);
  try {
    return learnerSetting(learner, Object.fromEntries(typed));
  } catch (error) {
    // Of the file's own copy of the schema library, perhaps, or thrown by a schema of its own.
    const issues = z.object({ issues: z.array(issueShape).min(1) }).safeParse(error);
    const [issue] = issues.success ? issues.data.issues : [];
    const reason = issue ? `${issue.path.join('.')}: ${issue.message}` : (error as Error)?.message;
    throw new UserError(`${option}: ${learner.id}, ${reason}`);
  }
}

function parseOption(option: string, part: string, entry: string): [key: string, value: string] {
  const [key = '', ...rest] = entry.split('=');
  const value = rest.join('=').trim();
  if (key.trim() === '' || rest.length === 0)
    throw new UserError(`${option}: "${entry}" in "${part}" is not name=value`);
  // Where a number is expected, an empty text would be 0.
  if (value === '') throw new UserError(`${option}: "${key.trim()}" in "${part}" has no value`);
  return [key.trim(), value];
}
