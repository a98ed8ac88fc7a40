import { UserError } from '@icl-gd/transformer';
import { expect, test } from 'vitest';
import { builtInTasks, findTask, orderDatasets, tasks } from './tasks.ts';

test.each(builtInTasks)('$id is consistent', (task) => {
  expect(task.labelWords).toHaveLength(task.classes.length);
  expect(new Set(task.labelWords).size).toBe(task.labelWords.length);
  expect(task.defaults.permutations).toHaveLength(task.defaults.seeds.length);
  const named = [...task.template.matchAll(/\{(\w+)\}/gu)].map((match) => match[1]);
  expect(named).toEqual(task.fields);
});

test('a task is found by its id, and an unknown one is refused with the known ones', () => {
  expect(findTask('agnews').labelWords).toEqual(['World', 'Sports', 'Business', 'Technology']);
  expect(() => findTask('imdb')).toThrow(UserError);
  expect(() => findTask('imdb')).toThrow(
    "Unknown dataset 'imdb'. Known: sst2, sst5, mr, subj, agnews, cb, trec, rte, dbpedia, boolq.",
  );
});

test('the paper’s six stay six; the further tasks come after them in tables, and the user’s last', () => {
  expect(tasks.map(({ id }) => id)).toEqual(['sst2', 'sst5', 'mr', 'subj', 'agnews', 'cb']);
  expect(orderDatasets(['mine', 'boolq', 'cb', 'mine', 'sst2'])).toEqual(['sst2', 'cb', 'boolq', 'mine']);
});
