import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestRandom, caseOf, expectForAll, seeds, useGpu } from '@icl-gd/gpu-kernels/testing';
import { array, boolean, constantFrom, integer } from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EvaluationRequest } from '../decoder/evaluate.ts';
import { withChangedParameters } from '../change-parameters.ts';
import { type Model, loadModel } from '../model.ts';
import { writeNewModel } from '../new-model.ts';
import type { LayerGroup } from '../parameters.ts';
import { withHalfParameters } from '../round-parameters.ts';
import { TINY_MODELS } from '../testing/tiny-models.ts';
import { evaluateInOnePass, evaluateTogether } from './evaluate-together.ts';

const gpu = useGpu();
const RUNS = 3;
const GROUPS: readonly LayerGroup[] = ['attention.kv', 'attention', 'feedForward'];

const cases = caseOf({
  group: constantFrom(...GROUPS),
  /** Lengths of each model's sequences. */
  lengths: array(array(integer({ min: 1, max: 20 }), { maxLength: 3 }), { minLength: 1, maxLength: 4 }),
  /** Whether the first model is the base itself. */
  withBase: boolean(),
  seed: seeds,
});

function requestOf(length: number, random: TestRandom, vocabulary: number): EvaluationRequest {
  const row = random.integer(length);
  return {
    tokens: [...random.integers(length, vocabulary)],
    probes: [{ row, firstKey: random.integer(row + 1) }],
    logProbs: [{ row: length - 1, token: random.integer(vocabulary) }],
    ...(random.integer(2) ? { top: [{ row, k: 3 }] } : {}),
  };
}

/** The model with another number added to each of its weights. */
function changedBy(model: Model, group: LayerGroup, random: TestRandom): Promise<Model> {
  return withChangedParameters(model, group, (_, values) =>
    values.map((value) => value + 0.1 * (random.integer(1000) / 1000 - 0.5)),
  );
}

describe.each(Object.keys(TINY_MODELS))('%s', (name) => {
  let directory: string;
  let model: Model;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'icl-gd-together-'));
    await writeNewModel(directory, TINY_MODELS[name]!, 5);
    model = await loadModel(gpu(), directory);
  });
  afterAll(async () => {
    model.dispose();
    await rm(directory, { recursive: true });
  });

  test('models evaluated together give the bits of each alone', async () => {
    await expectForAll(cases, RUNS, async ({ group, lengths, withBase, seed }) => {
      const random = new TestRandom(seed);
      const models: Model[] = [];
      for (const i of lengths.keys())
        models.push(withBase && i === 0 ? model : await changedBy(model, group, random));
      try {
        const evaluations = lengths.map((own, i) => ({
          model: models[i]!,
          requests: own.map((length) => requestOf(length, random, model.config.vocabSize)),
        }));
        const together = await evaluateTogether(evaluations);
        for (const [i, own] of evaluations.entries())
          expect(together[i]).toEqual(await own.model.evaluate(own.requests));
      } finally {
        for (const own of models) if (own !== model) own.dispose();
      }
    });
  });
});

test('models go together that share all but linear layers of their own', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'icl-gd-together-'));
  try {
    await writeNewModel(directory, Object.values(TINY_MODELS)[0]!, 5);
    using model = await loadModel(gpu(), directory);
    using other = await loadModel(gpu(), directory);
    const random = new TestRandom(3);
    using changed = await changedBy(model, 'attention.kv', random);
    using further = await changedBy(model, 'feedForward', random);
    using norms = await changedBy(model, 'layers', random);
    using onTop = withHalfParameters(changed, 'attention.kv');
    using hooked = model.withHooks({});
    using reordered = model.on(gpu().with({ summation: 'descending' }));
    expect(evaluateInOnePass([model, model])).toBe(true);
    expect(evaluateInOnePass([changed, model, further])).toBe(true);
    expect(evaluateInOnePass([changed, onTop])).toBe(true);
    expect(evaluateInOnePass([])).toBe(false);
    for (const apart of [other, norms, hooked, reordered])
      expect(evaluateInOnePass([changed, apart])).toBe(false);
    expect(evaluateInOnePass([further, onTop])).toBe(false);
    const requests = [{ tokens: [1, 2], probes: [], logProbs: [] }];
    await expect(
      evaluateTogether([
        { model: changed, requests },
        { model: other, requests },
      ]),
    ).rejects.toThrow('do not share all but linear layers');
    const gone = await changedBy(model, 'attention.kv', random);
    gone.dispose();
    await expect(evaluateTogether([{ model: gone, requests }])).rejects.toThrow('was disposed');
  } finally {
    await rm(directory, { recursive: true });
  }
});
