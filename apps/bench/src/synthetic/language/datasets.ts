import { join } from 'node:path';
import { Pcg64 } from '@icl-gd/transformer';
import { writeWhole } from '@icl-gd/transformer/files';
import type { Example } from '../../tasks/example.ts';
import type { Task } from '../../tasks/task.ts';
import { Draws } from './draws.ts';
import { type Question, drawLatents, premiseAndHypothesis, questions, sentence } from './grammar.ts';
import { type SyntheticTask, syntheticTasks } from './tasks.ts';

interface DatasetOptions {
  readonly seed: number;
  readonly trainRows: number;
  readonly validationRows: number;
}

const FILES = { train: 'train.jsonl', validation: 'validation.jsonl' };

function questionOf({ cue }: SyntheticTask): Question {
  const question = questions().find((candidate) => candidate.cue === cue);
  if (!question) throw new RangeError(`no question has the cue ${cue}`);
  return question;
}

/** As in the data set that the task stands for. */
function textField({ id }: SyntheticTask): string {
  return id === 'syn-sst2' ? 'sentence' : 'text';
}

/**
 * The synthetic tasks in the form in which the experiment takes tasks.
 *
 * @param learningRates default learning rate of each task, by its id
 */
export function embeddedTasks(learningRates: Readonly<Record<string, number>>): Task[] {
  return syntheticTasks().map((task) => {
    const { openings, cue } = questionOf(task);
    const [opening, second] = openings;
    const fields = second ? ['premise', 'hypothesis'] : [textField(task)];
    return {
      id: task.id,
      title: task.title,
      fields,
      labels: [{ field: 'label' }],
      template: second
        ? `${opening} {premise} ${second} {hypothesis} ${cue}`
        : `${opening} {${fields[0]}} ${cue}`,
      classes: task.classNames,
      labelWords: task.labelWords,
      files: FILES,
      defaults: {
        shots: 32,
        seeds: [0, 1, 2],
        permutations: [0, 0, 0],
        learningRate: learningRates[task.id] as number,
      },
    };
  });
}

/**
 * Writes `<directory>/<task>/{train,validation}.jsonl`. In each split the classes differ by at most one row in number; no row
 * occurs twice. The same options give the same bytes.
 */
export async function writeEmbeddedDatasets(directory: string, options: DatasetOptions): Promise<void> {
  for (const [place, task] of syntheticTasks().entries()) {
    const draws = new Draws(new Pcg64((BigInt(options.seed) << 8n) | BigInt(place)));
    const seen = new Set<string>();
    const folder = join(directory, task.id);
    await writeWhole(join(folder, FILES.train), toJsonLines(drawRows(draws, task, options.trainRows, seen)));
    await writeWhole(
      join(folder, FILES.validation),
      toJsonLines(drawRows(draws, task, options.validationRows, seen)),
    );
  }
}

function drawRows(draws: Draws, task: SyntheticTask, count: number, seen: Set<string>): Example[] {
  const order = draws.several(
    Array.from({ length: count }, (_, i) => i),
    count,
  );
  return order.map((position) => {
    const label = position % task.classes.length;
    // Each class has hundreds of thousands of texts, so that repeats are rare.
    for (;;) {
      const fields = drawFields(draws, task, label);
      const key = JSON.stringify(fields);
      if (seen.has(key)) continue;
      seen.add(key);
      return { fields, label };
    }
  });
}

function drawFields(draws: Draws, task: SyntheticTask, label: number): Record<string, string> {
  const question = questionOf(task);
  const values = question.classes[task.classes[label] as number] as readonly number[];
  const latents = drawLatents(draws, { [question.attribute]: draws.one(values) });
  if (task.length === undefined) {
    const { premise, hypothesis } = premiseAndHypothesis(draws, latents);
    return { premise: premise.join(' '), hypothesis: hypothesis.join(' ') };
  }
  const text = sentence(draws, latents, task.length).join(' ');
  return { [textField(task)]: text };
}

function toJsonLines(rows: readonly Example[]): string {
  return rows.map(({ fields, label }) => `${JSON.stringify({ ...fields, label })}\n`).join('');
}
