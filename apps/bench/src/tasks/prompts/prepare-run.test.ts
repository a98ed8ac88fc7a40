import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { loadTokenizer } from '@icl-gd/transformer';
import { describe, expect, test } from 'vitest';
import { readDataset } from '../dataset.ts';
import { findTask } from '../tasks.ts';
import { prepareRun } from './prepare-run.ts';

const repositoryFixtures = join(import.meta.dirname, '../../../../../tests/fixtures');
const shared = process.env['ICL_GD_SHARED'];
const folders = [repositoryFixtures, ...(shared === undefined ? [] : [join(shared, 'oracle')])].flatMap(
  (parent) =>
    readdirSync(parent)
      .map((name) => join(parent, name))
      .filter((folder) => existsSync(join(folder, 'run.json'))),
);

function readJson(path: string) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

async function prepareFixture(folder: string, overrides: { contextLength?: number } = {}) {
  const run = readJson(join(folder, 'run.json'));
  const config = readJson(join(folder, run.model, 'config.json'));
  const data = run.data === null ? join(shared!, 'data') : join(folder, run.data);
  const dataset = await readDataset(data, findTask(run.dataset));
  const limits = {
    bosTokenId: config.bos_token_id,
    eosTokenId: config.eos_token_id,
    contextLength: overrides.contextLength ?? config.n_positions ?? config.max_position_embeddings,
  };
  const selection = { shots: run.k, seed: run.seed, permutation: run.permutation, examples: run.examples };
  const tokenizer = await loadTokenizer(join(folder, run.model));
  return {
    dataset,
    limits,
    prepared: prepareRun(findTask(run.dataset), dataset, tokenizer, limits, selection),
  };
}

describe.each(folders.map((folder) => [basename(folder), folder] as const))('%s', (_, folder) => {
  test('selection, tokens and context are those of the independent reference', async () => {
    const golden = readJson(join(folder, 'golden/demonstrations.json'));
    const { dataset, limits, prepared } = await prepareFixture(folder);
    expect(dataset.sha256).toEqual({
      train: golden.data_sha256['train.jsonl'],
      validation: golden.data_sha256['validation.jsonl'],
    });
    expect(prepared.trainRows).toEqual(golden.train_rows);
    expect(prepared.validationRows).toEqual(golden.validation_rows);
    expect(prepared.context).toEqual({
      tokens: golden.context_tokens,
      demonstrations: golden.demonstrations_in_context,
    });
    expect(prepared.longestItem).toBe(golden.longest_validation_item);
    expect([limits.bosTokenId, ...prepared.demonstrations[0]!.tokens]).toEqual(
      golden.first_training_sequence,
    );
    expect(prepared.demonstrations.map(({ tokens }) => 1 + tokens.length)).toEqual(
      golden.training_sequence_lengths,
    );
    expect(prepared.queries[0]!.options).toEqual(golden.option_tokens);
    expect(prepared.queries[0]!.tokens).toEqual(golden.first_query_tokens);
    expect(prepared.queries.map(({ tokens }) => tokens.length)).toEqual(golden.query_lengths);
    expect(prepared.gold).toEqual(prepared.validationRows.map((row) => dataset.validation[row]!.label));
  });
});

test('a context window too small for one demonstration is refused', async () => {
  const folder = join(repositoryFixtures, 'own-text-gpt2');
  const needed = 1 + 25 + 1 + 26 + 1;
  await expect(prepareFixture(folder, { contextLength: needed - 1 })).rejects.toThrow(
    `mr: the first demonstration together with the longest validation example needs ${needed} tokens, ` +
      `but the model's context window is ${needed - 1}`,
  );
  expect((await prepareFixture(folder, { contextLength: needed })).prepared.context.demonstrations).toBe(1);
});
