import { type Learner, type LearnerSetting, learnerSetting, learners, takesRate } from '@icl-gd/methods';
import { UserError } from '@icl-gd/transformer';
import { z } from 'zod';
import { RATE_RULES, type RunSetting, runSettingId } from '../experiment/setting.ts';
import { CHOICE_NAMES, type DemonstrationChoice } from '../tasks/prompts/demonstration-choice.ts';
import { LABELLINGS } from '../tasks/prompts/labels.ts';
import { nearest } from '../tasks/yaml/nearest.ts';
import { listed } from '../terminal/words.ts';
import { choose, integer } from './choose.ts';

const issueShape = z.object({
  path: z.array(z.coerce.string()),
  message: z.string(),
  code: z.string().optional(),
  values: z.array(z.string()).optional(),
});

/** More than anyone types. */
const LONGEST_LIST = 10_000;
/** An id stands in names of files, which have at most 255 bytes. */
const LONGEST_ID = 100;
/** The rule that a setting without one has. */
const PUBLISHED = 'published';

/** An option as typed; a flag has no value. */
interface Typed {
  readonly name: string;
  readonly value: string | undefined;
}

/** A setting that is being read. */
interface Reading {
  readonly option: string;
  readonly part: string;
  readonly learner: Learner;
}

/**
 * Settings as they are typed: `gd,lcgd`, or with options `gd[batch=full,steps=3],ICL[disjoint]`. Case does not matter, a comma
 * within brackets belongs to the options, a flag stands without a value.
 * @param option that the list was given with, for errors
 * @param more learners that are not part of this program
 * @throws UserError naming the part that does not fit
 */
export function parseSettingList(option: string, text: string, more: readonly Learner[]): RunSetting[] {
  if (text.length > LONGEST_LIST)
    throw new UserError(`${option} has ${text.length} characters, at most ${LONGEST_LIST} are read`);
  const known = [...learners, ...more];
  const parts = text.split(/,(?![^[]*\])/).map((part) => part.trim());
  const settings = parts.map((part) => parseSetting(option, part, known));
  requireDistinct(option, settings);
  const long = settings.map(runSettingId).find((id) => Buffer.byteLength(id) > LONGEST_ID);
  if (long !== undefined)
    throw new UserError(`${option}: ${long.slice(0, 40)}… is too long, at most ${LONGEST_ID} bytes`);
  return settings;
}

/** @throws UserError if a setting is there twice */
export function requireDistinct(option: string, settings: readonly RunSetting[]): void {
  const ids = settings.map(runSettingId);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) throw new UserError(`${option}: ${twice} is there twice`);
}

function parseSetting(option: string, part: string, known: readonly Learner[]): RunSetting {
  const [, name = '', inside] = /^([^[\]]*)(?:\[([^[\]]*)\])?$/.exec(part) ?? [undefined, part];
  const learner = known.find(({ id }) => id.toLowerCase() === name.trim().toLowerCase());
  if (!learner) {
    const near = nearest(
      name,
      known.map(({ id }) => id.toLowerCase()),
    );
    const choice = known.map(({ id, role }) => (role === 'baseline' ? `${id}[…]` : id));
    throw new UserError(`${option}: unknown "${name}"${didYouMean(near)}; choose from ${listed(choice)}`);
  }
  const reading = { option, part, learner };
  const entries = inside === undefined ? [] : inside.split(',').map((entry) => parseEntry(reading, entry));
  const setting = readEntries(reading, entries);
  if (learner.role === 'baseline' && runSettingId(setting) === learner.id)
    throw new UserError(
      `${option}: ${learner.id} is what the others are compared with, and always run; with an option it is a setting of its own: it has ${listed(optionNames(learner))}`,
    );
  return setting;
}

/** Names of the demonstration choices that a learner takes; one of its own options of the same name goes before. */
function choicesOf({ needs, options }: Learner): readonly string[] {
  const own = Object.keys(options?.shape ?? {});
  return needs === 'none' ? [] : Object.values(CHOICE_NAMES).filter((name) => !own.includes(name));
}

/** Every option that a learner takes, in the order of ids. */
function optionNames(learner: Learner): readonly string[] {
  const own = Object.keys(learner.options?.shape ?? {});
  const rate = learner.objective && !own.includes('rate') ? ['rate'] : [];
  return [...choicesOf(learner), ...own, ...rate];
}

function parseEntry({ option, part, learner }: Reading, entry: string): Typed {
  const [key = '', ...rest] = entry.split('=');
  const typed = key.trim();
  const value = rest.join('=').trim();
  if (typed === '') throw new UserError(`${option}: "${entry}" in "${part}" is not name=value`);
  // Where a number is expected, an empty text would be 0.
  if (rest.length > 0 && value === '') throw new UserError(`${option}: "${typed}" in "${part}" has no value`);
  const names = optionNames(learner);
  const name = names.find((own) => own.toLowerCase() === typed.toLowerCase());
  if (name === undefined) {
    const options = names.length === 0 ? 'it has none' : `it has ${listed(names)}`;
    throw new UserError(
      `${option}: ${learner.id} has no option "${typed}"${didYouMean(nearest(typed, names))}; ${options}`,
    );
  }
  return { name, value: rest.length === 0 ? undefined : value };
}

function readEntries(reading: Reading, entries: readonly Typed[]): RunSetting {
  const { option, part, learner } = reading;
  const names = entries.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new UserError(`${option}: "${twice}" is there twice in "${part}"`);
  const choices = choicesOf(learner);
  const own = Object.keys(learner.options?.shape ?? {});
  const demonstrations = readChoice(
    reading,
    entries.filter(({ name }) => choices.includes(name)),
  );
  const parsed = readOwn(
    reading,
    entries.filter(({ name }) => own.includes(name)),
  );
  const rule = entries.find(({ name }) => !choices.includes(name) && !own.includes(name));
  if (rule === undefined) return { ...parsed, demonstrations };
  if (!takesRate(parsed))
    throw new UserError(`${option}: "${part}" has no rate: nothing is trained step by step`);
  const rate = choose(`${option}: rate of ${learner.id}`, needValue(reading, rule), [
    PUBLISHED,
    ...RATE_RULES,
  ]);
  return { ...parsed, demonstrations, ...(rate === PUBLISHED ? {} : { rate }) };
}

function readChoice(reading: Reading, entries: readonly Typed[]): DemonstrationChoice {
  const { option, learner } = reading;
  const of = (name: string): Typed | undefined => entries.find((entry) => entry.name === name);
  const flag = (name: string): boolean => {
    const typed = of(name);
    if (typed?.value === undefined) return typed !== undefined;
    return choose(`${option}: ${name} of ${learner.id}`, typed.value, ['true', 'false']) === 'true';
  };
  const order = of(CHOICE_NAMES.order);
  const labels = of(CHOICE_NAMES.labels);
  const label =
    labels && choose(`${option}: labels of ${learner.id}`, needValue(reading, labels), LABELLINGS);
  return {
    ...(order ? { order: integer(`${option}: ${learner.id}, order`, needValue(reading, order), 0, 4) } : {}),
    ...(flag(CHOICE_NAMES.disjoint) ? { disjoint: true } : {}),
    ...(label === undefined || label === 'gold' ? {} : { labels: label }),
    ...(flag(CHOICE_NAMES.otherTask) ? { otherTask: true } : {}),
    ...(flag(CHOICE_NAMES.randomTokens) ? { randomTokens: true } : {}),
  };
}

/** The learner's own options, as its schema reads them; a word in capitals is read as without where the schema knows only that. */
function readOwn(reading: Reading, entries: readonly Typed[]): LearnerSetting {
  const { learner } = reading;
  const parse = (change: (value: string) => string): LearnerSetting =>
    learnerSetting(
      learner,
      Object.fromEntries(
        entries.map(({ name, value }) => [name, value === undefined ? 'true' : change(value)]),
      ),
    );
  try {
    return parse((value) => value);
  } catch (error) {
    try {
      return parse((value) => value.toLowerCase());
    } catch {
      throw refusal(reading, entries, error);
    }
  }
}

/** What a learner's schema says, of the file's own copy of the schema library, perhaps, or thrown by a schema of its own. */
function refusal({ option, part, learner }: Reading, entries: readonly Typed[], error: unknown): UserError {
  const issues = z.object({ issues: z.array(issueShape).min(1) }).safeParse(error);
  const [issue] = issues.success ? issues.data.issues : [];
  if (!issue) return new UserError(`${option}: ${learner.id}, ${(error as Error)?.message}`);
  const name = issue.path.join('.');
  const typed = entries.find((entry) => entry.name === name);
  // What is wrong with a flag that is read is what it does not go with.
  if (typed && typed.value === undefined && issue.code !== 'custom')
    return new UserError(`${option}: "${name}" in "${part}" has no value`);
  if (typed?.value === undefined || !issue.values)
    return new UserError(`${option}: ${learner.id}, ${name}: ${issue.message}`);
  return new UserError(
    `${option}: ${learner.id}, ${name}: unknown "${typed.value}"${didYouMean(nearest(typed.value, issue.values))}; known: ${listed(issue.values)}`,
  );
}

function needValue({ option, part }: Reading, { name, value }: Typed): string {
  if (value === undefined) throw new UserError(`${option}: "${name}" in "${part}" has no value`);
  return value;
}

function didYouMean(near: string | undefined): string {
  return near === undefined ? '' : ` (did you mean ${near}?)`;
}
