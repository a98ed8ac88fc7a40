import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestRandom, caseOf, expectForAll, expectSameBits, seeds, useGpu } from '@icl-gd/gpu-kernels/testing';
import { type Arbitrary, array, boolean, constantFrom, integer } from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { READOUTS } from '../decoder/loss-gradient.ts';
import { FineTuning, type FineTuningResult } from '../fine-tuning.ts';
import { type Model, loadModel } from '../model.ts';
import { writeNewModel } from '../new-model.ts';
import type { LayerGroup } from '../parameters.ts';
import { TINY_MODELS } from '../testing/tiny-models.ts';
import { LockstepFineTuning } from './lockstep-fine-tuning.ts';
import type { LockstepCell, LockstepOptions } from './options.ts';

const gpu = useGpu();
const RUNS = 3;
const GROUPS: readonly LayerGroup[] = [
  ...(['attention.kv', 'attention.query', 'attention.output', 'attention', 'feedForward'] as const),
];
/** Of the last nothing finite is left after a step. */
const RATES = [0.3, 0.05, 1e-3, 1e30];

/** The trained parameters one after another, and what was reported. */
async function told({ model, steps, growth }: FineTuningResult) {
  const { parameters } = model;
  const own = [...parameters.replacements].map(([name, { after }]) => [name, after] as const);
  using all = gpu().tensor([own.reduce((length, [, tensor]) => length + tensor.length, 0)]);
  let start = 0;
  for (const [, tensor] of own) {
    gpu().copy(tensor, all, tensor.length, 0, start);
    start += tensor.length;
  }
  // Of numbers that are none nothing is promised but that.
  const values = (await gpu().read(all)).map((value) => (Number.isNaN(value) ? NaN : value));
  model.dispose();
  return { names: own.map(([name]) => name), values, steps, growth };
}

interface Case extends Pick<LockstepOptions, 'objective' | 'readout' | 'group'> {
  /** Lengths of each cell's sequences. */
  readonly lengths: readonly (readonly number[])[];
  readonly lastAlone: boolean;
  readonly seed: number;
}

const lengths = array(array(integer({ min: 2, max: 39 }), { maxLength: 3 }), { minLength: 1, maxLength: 5 });
const cases: Arbitrary<Case> = caseOf({
  objective: constantFrom('output', 'layerwise'),
  readout: constantFrom(...READOUTS),
  group: constantFrom(...GROUPS),
  ...{ lengths, lastAlone: boolean(), seed: seeds },
});

function cellsOf({ lengths: of, lastAlone, seed }: Case, vocabulary: number): LockstepCell[] {
  const random = new TestRandom(seed);
  return of.map((own) => ({
    learningRate: RATES[random.integer(RATES.length)]!,
    sequences: own.map((length) => {
      const tokens = random.integers(length, vocabulary);
      return lastAlone ? { tokens, predicted: 1 + random.integer(length - 1) } : tokens;
    }),
  }));
}

describe.each(Object.keys(TINY_MODELS))('%s', (name) => {
  let directory: string;
  let model: Model;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'icl-gd-lockstep-'));
    await writeNewModel(directory, TINY_MODELS[name]!, 5);
    model = await loadModel(gpu(), directory);
  });
  afterAll(async () => {
    model.dispose();
    await rm(directory, { recursive: true });
  });

  test('cells together have the bits of each alone, also beside cells that diverge', async () => {
    await expectForAll(cases, RUNS, async (own) => {
      const { objective, group } = own;
      const free = objective === 'layerwise' && group !== 'feedForward';
      const common = { objective, group, ...(free ? { readout: own.readout } : {}) };
      const cells = cellsOf(own, model.config.vocabSize);
      using together = new LockstepFineTuning(model, { ...common, cells });
      const results = await together.run();
      expect(results).toHaveLength(cells.length);
      for (const [i, { learningRate, sequences }] of cells.entries()) {
        using tuning = new FineTuning(model, { ...common, learningRate, steps: sequences.length });
        await tuning.steps(sequences);
        const alone = await told(await tuning.finish());
        const found = await told(results[i]!);
        expectSameBits(found.values, alone.values);
        expect({ ...found, values: [] }).toEqual({ ...alone, values: [] });
      }
    });
  });
});
