import { UserError } from '@icl-gd/transformer';
import { CONVERTED_SUPER_GLUE, files, furtherTasks, labels } from './further-tasks.ts';
import type { Task } from './task.ts';

const permutations = [0, 1, 2];

/** The paper's six tasks: templates and label words of its released code, hyper-parameters of its appendix. */
export const tasks: readonly Task[] = [
  {
    id: 'sst2',
    title: 'SST-2',
    fields: ['sentence'],
    labels,
    template: 'Sentence: {sentence} Label:',
    classes: ['negative', 'positive'],
    labelWords: ['Negative', 'Positive'],
    files,
    hub: { id: 'glue', config: 'sst2', train: 'train', validation: 'validation' },
    defaults: { shots: 32, seeds: [2, 3, 4], permutations, learningRate: 0.0005 },
  },
  {
    id: 'sst5',
    title: 'SST-5',
    fields: ['text'],
    labels,
    template: 'Sentence: {text} Label:',
    classes: ['very negative', 'negative', 'neutral', 'positive', 'very positive'],
    labelWords: ['terrible', 'bad', 'neutral', 'good', 'great'],
    files,
    hub: { id: 'SetFit/sst5', train: 'train', validation: 'validation' },
    defaults: { shots: 32, seeds: [5, 6, 7], permutations, learningRate: 0.00016 },
  },
  {
    id: 'mr',
    title: 'MR',
    fields: ['text'],
    labels,
    template: 'Review: {text} Sentiment:',
    classes: ['negative', 'positive'],
    labelWords: ['Negative', 'Positive'],
    files,
    hub: { id: 'rotten_tomatoes', train: 'train', validation: 'validation' },
    defaults: { shots: 32, seeds: [5, 6, 7], permutations, learningRate: 0.003 },
  },
  {
    id: 'subj',
    title: 'Subj',
    fields: ['text'],
    labels,
    template: 'Input: {text} Type:',
    classes: ['objective', 'subjective'],
    labelWords: ['objective', 'subjective'],
    files,
    hub: { id: 'SetFit/subj', train: 'train', validation: 'test' },
    defaults: { shots: 32, seeds: [4, 5, 6], permutations, learningRate: 0.003 },
  },
  {
    id: 'agnews',
    title: 'AG News',
    fields: ['text'],
    labels,
    template:
      'Classify the news articles into the categories of World, Sports, Business, and Technology. Article: {text} Answer:',
    classes: ['world', 'sports', 'business', 'science and technology'],
    labelWords: ['World', 'Sports', 'Business', 'Technology'],
    files,
    hub: { id: 'ag_news', train: 'train', validation: 'test' },
    defaults: { shots: 32, seeds: [3, 4, 5], permutations, learningRate: 0.2 },
  },
  {
    id: 'cb',
    title: 'CB',
    fields: ['premise', 'hypothesis'],
    labels,
    template: '{premise} Question: {hypothesis}. True, False, or Neither? Answer:',
    classes: ['entailment', 'contradiction', 'neutral'],
    labelWords: ['True', 'False', 'Neither'],
    files,
    hub: { id: CONVERTED_SUPER_GLUE, config: 'cb', train: 'train', validation: 'validation' },
    defaults: { shots: 32, seeds: [3, 4, 5], permutations, learningRate: 0.08 },
  },
];

/** Every task that is built in: the paper's six and four more. */
export const builtInTasks: readonly Task[] = [...tasks, ...furtherTasks];

/**
 * The built-in task of that name.
 *
 * @throws UserError if there is none; the message lists those that exist.
 */
export function findTask(id: string): Task {
  const task = builtInTasks.find((candidate) => candidate.id === id);
  if (task === undefined) {
    throw new UserError(
      `Unknown dataset '${id}'. Known: ${builtInTasks.map((known) => known.id).join(', ')}.`,
    );
  }
  return task;
}

/** Datasets in the order of tables: built-in ones as they are listed, then the user's as they come. */
export function orderDatasets(ids: Iterable<string>): string[] {
  const present = new Set(ids);
  const known = builtInTasks.map(({ id }) => id);
  return [...known.filter((id) => present.has(id)), ...[...present].filter((id) => !known.includes(id))];
}
