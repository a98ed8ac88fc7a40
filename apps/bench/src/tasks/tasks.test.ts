import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { afterAll, describe, expect, test } from 'vitest';
import { fillTemplate } from './prompts/template.ts';
import { builtInTasks, findTask, orderDatasets, paperTasks, readTaskFolder } from './tasks.ts';

test.each(builtInTasks())('$id is consistent', (task) => {
  expect(task.labelWords).toHaveLength(task.classes.length);
  expect(new Set(task.labelWords).size).toBe(task.labelWords.length);
  expect(task.defaults.permutations).toHaveLength(task.defaults.seeds.length);
  const named = [...task.template.matchAll(/\{(\w+)\}/gu)].map((match) => match[1]);
  expect(named).toEqual(task.fields);
});

// Written out, since a character more or less in a file would change every number.
test.each([
  ['sst2', 'Sentence: <sentence> Label:', 'Negative|Positive'],
  ['sst5', 'Sentence: <text> Label:', 'terrible|bad|neutral|good|great'],
  ['mr', 'Review: <text> Sentiment:', 'Negative|Positive'],
  ['subj', 'Input: <text> Type:', 'objective|subjective'],
  [
    'agnews',
    'Classify the news articles into the categories of World, Sports, Business, and Technology. Article: <text> Answer:',
    'World|Sports|Business|Technology',
  ],
  ['cb', '<premise> Question: <hypothesis>. True, False, or Neither? Answer:', 'True|False|Neither'],
  ['trec', 'Question: <text> Type:', 'Description|Entity|Expression|Person|Number|Location'],
  ['rte', 'Passage: <sentence1> Question: <sentence2> Yes or No? Answer:', 'Yes|No'],
  [
    'dbpedia',
    'Input: <content> Type:',
    'company|school|artist|athlete|politics|transportation|building|nature|village|animal|plant|album|film|book',
  ],
  ['boolq', 'Passage: <passage> Question: <question>? Answer:', 'No|Yes'],
])('the prompt and the label words of %s', (id, prompt, labelWords) => {
  const task = findTask(id);
  expect(fillTemplate(task, Object.fromEntries(task.fields.map((name) => [name, `<${name}>`])))).toBe(prompt);
  expect(task.labelWords.join('|')).toBe(labelWords);
});

describe('a folder of tasks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'icl-gd-tasks-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const drop = (file: string, id: string, more = ''): void =>
    writeFileSync(join(folder, file), `id: ${id}\ntemplate: "{text}:"\nlabel_words: [a, b]\n${more}`);

  test('is listed by order, then by id', () => {
    drop('1.yaml', 'zebra');
    drop('2.yaml', 'ant');
    drop('3.yml', 'second', 'order: 2\n');
    drop('4.yaml', 'first', 'order: 1\npaper: true\n');
    writeFileSync(join(folder, 'README.md'), 'no task');
    const listed = readTaskFolder(folder);
    expect(listed.map(({ task }) => task.id)).toEqual(['first', 'second', 'ant', 'zebra']);
    expect(listed.map(({ paper }) => paper)).toEqual([true, false, false, false]);
  });

  test('has each id once, and no keys that are unknown', () => {
    drop('5.yaml', 'ant');
    expect(() => readTaskFolder(folder)).toThrow(`${folder}: two files describe a task "ant"`);
    drop('5.yaml', 'bee', 'ordr: 3');
    expect(() => readTaskFolder(folder)).toThrow('unknown key "ordr" (did you mean order?)');
  });
});

test('a task is found by its id, and an unknown one is refused with the known ones', () => {
  expect(findTask('agnews').labelWords).toEqual(['World', 'Sports', 'Business', 'Technology']);
  expect(() => findTask('no such task')).toThrow(UserError);
  expect(() => findTask('no such task')).toThrow(
    `Unknown task 'no such task'. Known: ${builtInTasks()
      .map(({ id }) => id)
      .join(', ')}.`,
  );
});

test('the paper’s six stay six; the further tasks come after them in tables, and the user’s last', () => {
  expect(paperTasks().map(({ id }) => id)).toEqual(['sst2', 'sst5', 'mr', 'subj', 'agnews', 'cb']);
  expect(orderDatasets(['mine', 'boolq', 'cb', 'mine', 'sst2'])).toEqual(['sst2', 'cb', 'boolq', 'mine']);
});
