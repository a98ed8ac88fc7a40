import type { Task } from './task.ts';

export const files = { train: 'train.jsonl', validation: 'validation.jsonl' };
export const labels = [{ field: 'label' }];

/** SuperGLUE itself is a loading script; the hub keeps its rows as Parquet on this branch. */
export const CONVERTED_SUPER_GLUE = 'super_glue@refs/convert/parquet';

/** The paper has no settings for these; a middle learning rate of its range and the seeds of most of its tasks. */
const defaults = { shots: 32, seeds: [3, 4, 5], permutations: [0, 1, 2], learningRate: 0.003 };

/** Tasks that the paper does not have. */
export const furtherTasks: readonly Task[] = [
  {
    id: 'trec',
    title: 'TREC',
    fields: ['text'],
    labels: [
      { field: 'label-coarse' },
      // The hub's present files have the classes in another order: ABBR, ENTY, DESC, HUM, LOC, NUM.
      { field: 'coarse_label', values: { 0: 2, 1: 1, 2: 0, 3: 3, 4: 5, 5: 4 } },
    ],
    template: 'Question: {text} Type:',
    classes: ['description', 'entity', 'abbreviation', 'human', 'number', 'location'],
    labelWords: ['Description', 'Entity', 'Expression', 'Person', 'Number', 'Location'],
    files,
    hub: { id: 'trec@refs/convert/parquet', train: 'train', validation: 'test' },
    defaults,
  },
  {
    id: 'rte',
    title: 'RTE',
    fields: ['sentence1', 'sentence2'],
    labels,
    template: 'Passage: {sentence1} Question: {sentence2} Yes or No? Answer:',
    classes: ['entailment', 'not entailment'],
    labelWords: ['Yes', 'No'],
    files,
    hub: { id: 'glue', config: 'rte', train: 'train', validation: 'validation' },
    defaults,
  },
  {
    id: 'dbpedia',
    title: 'DBpedia',
    fields: ['content'],
    labels,
    template: 'Input: {content} Type:',
    classes: [
      'company',
      'educational institution',
      'artist',
      'athlete',
      'office holder',
      'means of transportation',
      'building',
      'natural place',
      'village',
      'animal',
      'plant',
      'album',
      'film',
      'written work',
    ],
    labelWords: [
      'company',
      'school',
      'artist',
      'athlete',
      'politics',
      'transportation',
      'building',
      'nature',
      'village',
      'animal',
      'plant',
      'album',
      'film',
      'book',
    ],
    files,
    hub: { id: 'dbpedia_14', train: 'train', validation: 'test' },
    defaults,
  },
  {
    id: 'boolq',
    title: 'BoolQ',
    fields: ['passage', 'question'],
    labels: [{ field: 'label' }, { field: 'answer', values: { false: 0, true: 1 } }],
    template: 'Passage: {passage} Question: {question}? Answer:',
    classes: ['no', 'yes'],
    labelWords: ['No', 'Yes'],
    files,
    hub: { id: CONVERTED_SUPER_GLUE, config: 'boolq', train: 'train', validation: 'validation' },
    defaults,
  },
];
