import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pcg64, loadTokenizer } from '@icl-gd/transformer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fillTemplate } from '../../tasks/prompts/template.ts';
import { readDataset } from '../../tasks/dataset.ts';
import { Draws } from './draws.ts';
import { type CorpusMix, drawBatch } from './corpus.ts';
import { embeddedTasks, writeEmbeddedDatasets } from './datasets.ts';
import { questions } from './grammar.ts';
import { lexicon, vocabularyWords } from './lexicon.ts';
import { syntheticTasks } from './tasks.ts';
import { vocabulary, writeTokenizer } from './tokenizer.ts';

const OPTIONS = { seed: 0, trainRows: 120, validationRows: 60 };
const MIX: CorpusMix = {
  recitations: 0.1,
  glossaries: 0.3,
  named: 0.25,
  explained: 0.35,
  examples: [8, 32],
  otherTokens: 0.2,
};
const words = [...vocabulary().keys()];
const tasks = embeddedTasks(Object.fromEntries(syntheticTasks().map(({ id }) => [id, 0.01])));
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'icl-gd-language-'));
  await writeEmbeddedDatasets(directory, OPTIONS);
  await writeTokenizer(directory);
});
afterAll(() => rm(directory, { recursive: true }));

test('no word has two meanings', () => {
  expect(new Set(vocabularyWords()).size).toBe(vocabularyWords().length);
});

describe('corpus', () => {
  const batches = Array.from({ length: 60 }, (_, i) => drawBatch(new Draws(new Pcg64(i)), MIX, 2048, 512));

  test('documents begin with <s>, fit, and targets are the next tokens', () => {
    for (const { sequences, targets } of batches) {
      const flat = sequences.flat();
      expect(flat.length).toBeLessThanOrEqual(2048);
      for (const sequence of sequences) {
        expect(words[sequence[0] as number]).toBe('<s>');
        expect(sequence.length).toBeLessThanOrEqual(512);
      }
      expect(new Set(targets.rows).size).toBe(targets.rows.length);
      for (const [i, row] of targets.rows.entries()) expect(flat[row + 1]).toBe(targets.tokens[i]);
    }
  });

  test('pretraining never pairs a question with a label word that an embedded task about its attribute uses', () => {
    const attributeOf = new Map<string, string>(questions().map(({ cue, attribute }) => [cue, attribute]));
    const seen = new Set<string>();
    for (const { sequences } of batches) {
      for (const sequence of sequences) {
        if (!words[sequence.at(-1) as number]?.startsWith('</s>'))
          throw new Error('a document lacks its end');
        const said = sequence.map((id) => words[id] as string);
        // A recitation is a list of random words, said again: it pairs nothing.
        const second = said.indexOf(said[1] as string, 2);
        const period = second - 1;
        if (period > 2 && said.slice(1, 1 + period).join() === said.slice(second, second + period).join())
          continue;
        for (const [i, word] of said.entries()) {
          const attribute = attributeOf.get(word);
          if (attribute) seen.add(`${attribute} ${said[i + 1]}`);
        }
      }
    }
    expect(seen.size).toBeGreaterThan(80);
    for (const { cue, labelWords } of syntheticTasks()) {
      for (const word of labelWords) expect(seen).not.toContain(`${attributeOf.get(cue)} ${word}`);
    }
    // The words themselves are known: other questions use them.
    for (const { labelWords } of syntheticTasks()) {
      for (const word of labelWords) expect([...seen].some((pair) => pair.endsWith(` ${word}`))).toBe(true);
    }
  });

  test('the same draws give the same batch, others another', () => {
    const draw = (seed: number) => drawBatch(new Draws(new Pcg64(seed)), MIX, 512, 512);
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });
});

describe('embedded tasks', () => {
  test.each(tasks)('$id: balanced splits, no row twice, every word known', async (task) => {
    const { train, validation } = await readDataset(directory, task);
    const tokenizer = await loadTokenizer(directory);
    for (const split of [train, validation]) {
      const counts = task.classes.map((_, label) => split.filter((row) => row.label === label).length);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
    const rows = [...train, ...validation];
    expect(new Set(rows.map(({ fields }) => JSON.stringify(fields))).size).toBe(180);
    for (const { fields } of rows) {
      const text = fillTemplate(task, fields);
      expect(tokenizer.encode(text)).toEqual(text.split(' ').map((word) => vocabulary().get(word)));
    }
    for (const word of task.labelWords)
      expect(tokenizer.encode(` ${word}`)).toEqual([vocabulary().get(word)]);
  });

  test('the class follows from the words that carry the attribute', async () => {
    const task = tasks.find(({ id }) => id === 'syn-agnews');
    const values = syntheticTasks().find(({ id }) => id === 'syn-agnews')?.classes ?? [];
    const { train } = await readDataset(directory, task as NonNullable<typeof task>);
    for (const { fields, label } of train) {
      const nouns = lexicon().content.topic[values[label] as number] as readonly string[];
      expect((fields['text'] ?? '').split(' ').filter((word) => nouns.includes(word))).toHaveLength(2);
    }
  });

  test('texts grow from task to task in the order of the paper’s datasets', async () => {
    const lengths = await Promise.all(
      tasks.map(async (task) => {
        const { train } = await readDataset(directory, task);
        return Object.values(train[0]?.fields ?? {})
          .join(' ')
          .split(' ').length;
      }),
    );
    expect(lengths).toEqual(lengths.toSorted((a, b) => a - b));
    expect(new Set(lengths).size).toBe(tasks.length);
  });

  test('the same seed gives the same bytes, another seed others', async () => {
    const read = (folder: string): Promise<string> =>
      readFile(join(directory, folder, 'syn-mr/train.jsonl'), 'utf8');
    await writeEmbeddedDatasets(join(directory, 'again'), OPTIONS);
    await writeEmbeddedDatasets(join(directory, 'other'), { ...OPTIONS, seed: 1 });
    expect(await read('again')).toBe(await read('.'));
    expect(await read('other')).not.toBe(await read('.'));
  });
});
