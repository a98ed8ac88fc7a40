import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  TestRandom,
  caseOf,
  expectClose,
  expectForAll,
  expectSameBits,
  seeds,
  useGpu,
} from '@icl-gd/gpu-kernels/testing';
import { array, boolean, constantFrom, integer } from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Model, loadModel, passOver } from '../model.ts';
import { writeNewModel } from '../new-model.ts';
import { TINY_MODELS } from '../testing/tiny-models.ts';
import { Gradients } from './gradients.ts';
import { type Objective, recordLossGradient } from './loss-gradient.ts';
import { type TokenTargets, nextTokenTargets, planTargets } from './targets.ts';

const gpu = useGpu();
const RUNS = 12;

const sequencesOf = (lengths: readonly number[], seed: number, vocabulary: number): number[][] => {
  const random = new TestRandom(seed);
  return lengths.map((length) => random.integers(length, vocabulary));
};

describe.each(['gpt2', 'llama, grouped queries, heads wider than hidden_size'])('%s', (name) => {
  let directory: string;
  let model: Model;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'icl-gd-packing-'));
    await writeNewModel(directory, TINY_MODELS[name] ?? {}, 5);
    model = await loadModel(gpu(), directory);
  });
  afterAll(async () => {
    model.dispose();
    await rm(directory, { recursive: true });
  });

  test('evaluates each sequence of a random batch with the bits that it has alone, also behind a prefix', async () => {
    const lengths = array(integer({ min: 1, max: 25 }), { minLength: 1, maxLength: 5 });
    const cases = caseOf({ lengths, prefixed: boolean(), seed: seeds });
    await expectForAll(cases, RUNS, async ({ lengths: own, prefixed, seed }) => {
      const { vocabSize } = model.config;
      const random = new TestRandom(seed + 1);
      using prefix = prefixed ? model.prefix(random.integers(9, vocabSize)) : undefined;
      const requests = sequencesOf(own, seed, vocabSize).map((tokens) => {
        const rows = random.integers(random.integer(3), tokens.length);
        return {
          tokens,
          probes: rows.map((row) => ({ row, firstKey: random.integer(row + 1) })),
          logProbs: [...rows, 0].map((row) => ({ row, token: random.integer(vocabSize) })),
        };
      });
      const together = await model.evaluate(requests, prefix);
      for (const [i, request] of requests.entries())
        expect(await model.evaluate([request], prefix)).toEqual([together[i]]);
    });
  });

  test('a row is what it is whether few or all rows of the last layer are read', async () => {
    const cases = caseOf({ length: integer({ min: 5, max: 25 }), prefixed: boolean(), seed: seeds });
    await expectForAll(cases, RUNS, async ({ length, prefixed, seed }) => {
      const { vocabSize } = model.config;
      const random = new TestRandom(seed);
      using prefix = prefixed ? model.prefix(random.integers(9, vocabSize)) : undefined;
      const tokens = random.integers(length, vocabSize);
      const requestOf = (rows: readonly number[]) => ({
        tokens,
        probes: rows.map((row) => ({ row, firstKey: row })),
        logProbs: rows.map((row) => ({ row, token: row })),
        top: rows.map((row) => ({ row, k: 3 })),
      });
      const [all] = await model.evaluate([requestOf([...tokens.keys()])], prefix);
      const [one, other] = [random.integer(length), random.integer(length)];
      const few = { ...requestOf([one]), probes: requestOf([other]).probes };
      expect(await model.evaluate([few], prefix)).toEqual([
        { probes: [all!.probes[other]], logProbs: all!.logProbs.slice(one, one + 1), top: [all!.top![one]] },
      ]);
    });
  });

  /** The mean loss of these targets and its gradients, of the batch's parameters. */
  async function lossGradient(
    sequences: readonly (readonly number[])[],
    wanted: TokenTargets,
    objective: Objective,
  ): Promise<ReadonlyMap<string, Float32Array>> {
    using gradients = Gradients.ofGroup(gpu(), model.config, objective === 'output' ? 'all' : 'attention');
    using pass = passOver(model, sequences, { gradients });
    using losses = gpu().tensor([model.config.layers]);
    gpu().clear(losses);
    recordLossGradient(pass, { objective, targets: planTargets(pass, wanted), losses, lossIndex: 0 });
    // In one tensor, so that one wait is enough.
    const parts = new Map([['losses', losses]]);
    for (const parameter of gradients.names) parts.set(parameter, gradients.find(parameter)!);
    using all = gpu().tensor([[...parts.values()].reduce((length, part) => length + part.length, 0)]);
    const ends: number[] = [];
    for (const part of parts.values()) {
      const start = ends.at(-1) ?? 0;
      gpu().copy(part, all, part.length, 0, start);
      ends.push(start + part.length);
    }
    const read = await gpu().read(all);
    return new Map([...parts.keys()].map((key, i) => [key, read.slice(ends[i - 1] ?? 0, ends[i])]));
  }

  test('the gradient of the loss of one sequence has the same bits in a random batch; that of all is their mean', async () => {
    // Up to 32 tokens: sums over more rows are taken in chunks, which begin elsewhere in a batch.
    const lengths = array(integer({ min: 2, max: 8 }), { minLength: 1, maxLength: 4 });
    const cases = caseOf({ lengths, objective: constantFrom('output', 'layerwise'), seed: seeds });
    await expectForAll(cases, RUNS / 2, async ({ lengths: own, objective, seed }) => {
      const sequences = sequencesOf(own, seed, model.config.vocabSize);
      const all = nextTokenTargets(sequences);
      const batch = await lossGradient(sequences, all, objective);
      const mean = new Map([...batch].map(([key, values]) => [key, new Float64Array(values.length)]));
      let start = 0;
      for (const tokens of sequences) {
        const targets = nextTokenTargets([tokens]);
        const first = start;
        const placed = { ...targets, rows: targets.rows.map((row) => first + row) };
        const alone = await lossGradient([tokens], targets, objective);
        const within = await lossGradient(sequences, placed, objective);
        expect([...within.keys()]).toEqual([...alone.keys()]);
        for (const [key, values] of alone) {
          expectSameBits(within.get(key)!, values);
          const share = targets.rows.length / all.rows.length;
          const sum = mean.get(key)!;
          for (const [i, value] of values.entries()) sum[i]! += share * value;
        }
        start += tokens.length;
      }
      for (const [key, values] of batch)
        expectClose(values, mean.get(key)!, { absolute: 1e-6, relative: 1e-5 });
    });
  });
});
