import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareEmbedded, tasksOfEmbedded } from '@icl-gd/bench';
import type { ReadyMadeTask, Row } from '../src/page/ready-made-task.ts';
import { filmReviews } from './film-reviews.ts';

/** Above it GD leaps about on these tasks: adapters' roundings, of 10⁻⁷, grow to 10⁻² in sixteen steps. */
const LARGEST_RATE = 0.05;

type EmbeddedTask = ReturnType<typeof tasksOfEmbedded>[number];

/** Demonstrations are drawn from so many rows; the page asks for no more. */
const ROWS = { train: 96, validation: 60 };
/** The one that the page begins with: the bundled model does it well in context, and training moves it visibly. */
const FIRST = 'syn-agnews';

/** The invented language's tasks, as `icl-gd run --preset embedded` has them, and one in English. */
export async function readyMadeTasks(): Promise<ReadyMadeTask[]> {
  const folder = await mkdtemp(join(tmpdir(), 'icl-gd-playground-'));
  try {
    const { data } = await prepareEmbedded(folder);
    const invented = await Promise.all(tasksOfEmbedded().map((task) => readyMade(task, join(data, task.id))));
    const first = invented.filter(({ id }) => id === FIRST);
    return [...first, ...invented.filter((task) => !first.includes(task)), filmReviews];
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function readyMade(task: EmbeddedTask, folder: string): Promise<ReadyMadeTask> {
  const [first, last] = [task.fields[0], task.fields.at(-1)];
  const start = task.template.indexOf(`{${first}}`);
  const end = task.template.indexOf(`{${last}}`) + `{${last}}`.length;
  const inner = task.template.slice(start, end);
  const rows = async (split: keyof typeof ROWS): Promise<Row[]> => {
    const lines = (await readFile(join(folder, `${split}.jsonl`), 'utf8')).trim().split('\n');
    return lines.slice(0, ROWS[split]).map((line) => {
      const { label, ...fields } = JSON.parse(line) as { label: number } & Record<string, string>;
      return [inner.replaceAll(/\{(\w+)\}/g, (_, name: string) => fields[name] ?? ''), label];
    });
  };
  return {
    id: task.id,
    title: `${task.title.replace(' (synthetic)', '')}, in the invented language`,
    invented: true,
    template: `${task.template.slice(0, start)}{text}${task.template.slice(end)}`,
    labelWords: task.labelWords,
    learningRate: Math.min(task.defaults.learningRate, LARGEST_RATE),
    pool: await rows('train'),
    queries: await rows('validation'),
  };
}
