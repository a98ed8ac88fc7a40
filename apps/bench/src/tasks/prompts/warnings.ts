import type { Query } from '@icl-gd/methods';
import { cut, listed } from '../../terminal/words.ts';
import type { Task } from '../task.ts';
import type { Dataset } from '../dataset.ts';
import type { TokenEncoder } from './encode.ts';
import { specialTokenWarning } from './special-tokens.ts';

const told = new WeakMap<Task, WeakSet<TokenEncoder>>();

/** Tells what {@link promptWarnings} and {@link specialTokenWarning} find, once for each task and tokenizer. */
export function warnOfPrompts(
  task: Task,
  { queries: [query], dataset }: { readonly queries: readonly Query[]; readonly dataset: Dataset },
  tokenizer: TokenEncoder,
  warn: ((line: string) => void) | undefined,
): void {
  const before = told.get(task) ?? new WeakSet();
  if (warn === undefined || query === undefined || before.has(tokenizer)) return;
  told.set(task, before.add(tokenizer));
  for (const line of promptWarnings(task, query, tokenizer)) warn(line);
  const special = specialTokenWarning(task, dataset, tokenizer.specialTokens ?? []);
  if (special !== undefined) warn(`${task.id}: ${special}`);
}

/**
 * What is likely not meant in a task's prompts, one line each: white space where the label word joins, braces that belong to no
 * field, label words that the tokenizer does not know or whose tokens begin those of another.
 *
 * @param query one of the task's queries, whose options are the label words
 */
export function promptWarnings(task: Task, query: Query, tokenizer: TokenEncoder): string[] {
  return [...aboutTemplate(task), ...aboutWords(task), ...aboutTokens(task, query, tokenizer)].map(
    (line) => `${task.id}: ${line}`,
  );
}

function aboutTemplate({ template, fields }: Task): string[] {
  const lines: string[] = [];
  // A line break at the end is no part of a prompt.
  if (/[^\S\r\n]$/u.test(template.replace(/[\r\n]+$/u, '')))
    lines.push('"template" ends in white space; the label word follows after a further space');
  let rest = template;
  for (const field of fields) rest = rest.replaceAll(`{${field}}`, '');
  if (/[{}]/u.test(rest))
    lines.push(
      `"template" has braces that belong to no field and stay in the prompt; fields: ${listed(fields)}`,
    );
  return lines;
}

function aboutWords({ labelWords }: Task): string[] {
  const edges = labelWords.filter((word) => word.trim() !== word);
  if (edges.length === 0) return [];
  return [
    `the label word ${quote(edges[0] as string)} begins or ends with white space, which stays: a space is put before every label word`,
  ];
}

function aboutTokens({ labelWords }: Task, { options }: Query, tokenizer: TokenEncoder): string[] {
  const lines: string[] = [];
  const read = (tokens: readonly number[]): string | undefined => tokenizer.decode?.(tokens);
  const other = labelWords.findIndex((word, i) => {
    const text = read(options[i] as readonly number[]);
    return text !== undefined && plain(text) !== plain(word);
  });
  if (other >= 0)
    lines.push(
      `the model's tokenizer reads the label word ${quote(labelWords[other] as string)} as ${quote((read(options[other] as readonly number[]) as string).trim())}`,
    );
  for (const [i, short] of options.entries()) {
    const longer = options.findIndex(
      (option, o) =>
        o !== i && option.length > short.length && short.every((token, t) => token === option[t]),
    );
    if (longer < 0) continue;
    lines.push(
      `the tokens of the label word ${quote(labelWords[i] as string)} begin those of ${quote(labelWords[longer] as string)}; each counts by the mean over its own tokens`,
    );
    break;
  }
  return lines;
}

function plain(text: string): string {
  return text.normalize('NFKC').toLowerCase().replaceAll(/\s+/gu, '');
}

function quote(text: string): string {
  return JSON.stringify(cut(text));
}
