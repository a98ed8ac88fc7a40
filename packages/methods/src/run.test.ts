import { useGpu } from '@icl-gd/gpu-kernels/testing';
import type { Model, Progress } from '@icl-gd/transformer';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Learner, LearnerResult, Probe, ProbeToken, Query } from './learner.ts';
import { gradientDescent, inContext, layerCausalGradientDescent, zeroShot } from './learners/index.ts';
import { activationCache } from './activation-cache.ts';
import { predictions } from './predictions.ts';
import { fineTune, runInContext, runZeroShot } from './run.ts';
import { DEMONSTRATIONS, loadTinyModel, sequence } from './test-support.ts';

const QUERIES: readonly Query[] = [8, 15, 4].map((length) => ({
  tokens: sequence(length, 3),
  options: [[5], [6, 7]],
}));
const BOTH: readonly ProbeToken[] = ['label', 'prompt'];
const LEARNING_RATE = 0.05;
const REASON = new Error('enough');

const gpu = useGpu();
let model: Model;
beforeAll(async () => {
  model = await loadTinyModel(gpu());
});
afterAll(() => model.dispose());

/** What a learner's own `adapt` and `probe` give. */
async function ofLearner(learner: Learner, probeToken: ProbeToken): Promise<Probe[]> {
  const adapted = await learner.adapt(model, DEMONSTRATIONS, { learningRate: LEARNING_RATE });
  const probes = await adapted.probe(QUERIES, { probeToken });
  adapted.dispose();
  return probes;
}

/** What each of the functions does, with the same options. */
const RUNS = {
  runZeroShot: {
    learner: zeroShot,
    run: (options: object = {}) => runZeroShot(model, QUERIES, options),
    both: () => runZeroShot(model, QUERIES, { probeTokens: BOTH }),
  },
  runInContext: {
    learner: inContext,
    run: (options: object = {}) => runInContext(model, DEMONSTRATIONS, QUERIES, options),
    both: () => runInContext(model, DEMONSTRATIONS, QUERIES, { probeTokens: BOTH }),
  },
};

describe.each(Object.entries(RUNS))('%s', (_, { learner, run, both }) => {
  test('gives the bits of the learner, at the last token of the prompt if nothing is said', async () => {
    const live = gpu().pool.live;
    const label = await ofLearner(learner, 'label');
    const prompt = await ofLearner(learner, 'prompt');
    expect(label).not.toEqual(prompt);
    expect(await run()).toEqual(prompt);
    expect(await run({ probeToken: 'label' })).toEqual(label);
    expect(await both()).toEqual(
      new Map([
        ['label', label],
        ['prompt', prompt],
      ]),
    );
    expect(gpu().pool.live).toEqual(live);
  });

  test('tells its progress in queries', async () => {
    const onProgress = vi.fn<(done: Progress) => void>();
    await run({ onProgress, tokenBudget: 1 });
    expect(onProgress.mock.calls).toEqual([1, 2, 3].map((finished) => [{ finished, total: 3 }]));
  });

  test('stops after the batch in which it is aborted, with the reason, and leaves nothing behind', async () => {
    const live = gpu().pool.live;
    const controller = new AbortController();
    const onProgress = vi.fn<(done: Progress) => void>(() => controller.abort(REASON));
    const stopped = run({ onProgress, tokenBudget: 1, signal: controller.signal });
    await expect(stopped).rejects.toBe(REASON);
    expect(onProgress).toHaveBeenCalledTimes(1);
    expect(gpu().pool.live).toEqual(live);
    expect(await run()).toEqual(await ofLearner(learner, 'prompt'));
  });

  test('an error of the callback ends it, and leaves nothing behind', async () => {
    const live = gpu().pool.live;
    const onProgress = (): never => {
      throw REASON;
    };
    await expect(run({ onProgress })).rejects.toBe(REASON);
    expect(gpu().pool.live).toEqual(live);
  });
});

describe('fineTune', () => {
  test.each([
    ['GD', undefined, gradientDescent],
    ['GD', 'GD', gradientDescent],
    ['LCGD', 'LCGD', layerCausalGradientDescent],
    ['a learner', inContext, inContext],
  ] as const)('is %s where method is %o, and belongs into using', async (_, method, learner) => {
    const live = gpu().pool.live;
    {
      const options = { learningRate: LEARNING_RATE, ...(method ? { method } : {}) };
      using adapted = await fineTune(model, DEMONSTRATIONS, options);
      expect(await adapted.probe(QUERIES)).toEqual(await ofLearner(learner, 'prompt'));
      expect(adapted.training?.length).toBe(learner.objective ? DEMONSTRATIONS.length : undefined);
      expect(adapted.context?.demonstrations).toBe(learner.objective ? undefined : DEMONSTRATIONS.length);
    }
    expect(gpu().pool.live).toEqual(live);
  });

  test('is not probed once it is disposed, which may be done twice', async () => {
    const live = gpu().pool.live;
    const adapted = await fineTune(model, DEMONSTRATIONS, { learningRate: LEARNING_RATE });
    adapted.dispose();
    adapted[Symbol.dispose]();
    const gone = new RangeError('probing an adapted tiny that was disposed');
    await expect(adapted.probe(QUERIES)).rejects.toThrow(gone);
    await expect(adapted.probeTokens(QUERIES, { probeTokens: BOTH })).rejects.toThrow(gone);
    expect(gpu().pool.live).toEqual(live);
  });

  test('stops after the step in which it is aborted, with the reason, and leaves nothing behind', async () => {
    const live = gpu().pool.live;
    const controller = new AbortController();
    const onProgress = vi.fn<(done: Progress) => void>(() => controller.abort(REASON));
    const options = { learningRate: LEARNING_RATE, onProgress, signal: controller.signal };
    await expect(fineTune(model, DEMONSTRATIONS, options)).rejects.toBe(REASON);
    expect(onProgress.mock.calls).toEqual([[{ finished: 1, total: 3 }]]);
    expect(gpu().pool.live).toEqual(live);
    const again = await fineTune(model, DEMONSTRATIONS, { learningRate: LEARNING_RATE });
    expect(await again.probe(QUERIES)).toEqual(await ofLearner(gradientDescent, 'prompt'));
    again.dispose();
  });

  test('is stopped by a timer too: between its steps it waits for the device', async () => {
    const live = gpu().pool.live;
    const controller = new AbortController();
    const many = Array.from({ length: 2000 }, () => DEMONSTRATIONS).flat();
    setImmediate(() => controller.abort(REASON));
    const stopped = fineTune(model, many, { learningRate: 1e-6, signal: controller.signal });
    await expect(stopped).rejects.toBe(REASON);
    expect(gpu().pool.live).toEqual(live);
  });

  test.each([1, 3])('an error of the callback at step %i ends it, and leaves nothing behind', async (at) => {
    const live = gpu().pool.live;
    const onProgress = ({ finished }: Progress): void => {
      if (finished === at) throw REASON;
    };
    const options = { learningRate: LEARNING_RATE, onProgress };
    await expect(fineTune(model, DEMONSTRATIONS, options)).rejects.toBe(REASON);
    expect(gpu().pool.live).toEqual(live);
  });

  test('refuses a missing learning rate and a method that there is not', async () => {
    await expect(fineTune(model, DEMONSTRATIONS)).rejects.toThrow(new RangeError('GD needs a learning rate'));
    await expect(fineTune(model, [], { method: 'SGD' as 'GD' })).rejects.toThrow(
      new RangeError('no method is called SGD: GD, LCGD, or a learner'),
    );
  });

  test("a user's learner need not know of signals, defaults and using", async () => {
    const controller = new AbortController();
    const dispose = vi.fn<() => void>();
    const probe = vi.fn<LearnerResult['probe']>(async () => []);
    const own: Learner = {
      ...{ id: 'Own', label: 'own', source: 'a test', role: 'learner', needs: 'none' },
      adapt: async () => ({ probe, probeTokens: async () => new Map(), dispose }),
    };
    {
      using adapted = await fineTune(model, [], { method: own });
      await adapted.probe(QUERIES);
      expect(probe).toHaveBeenCalledWith(QUERIES, { probeToken: 'prompt' });
      controller.abort(REASON);
      const { signal } = controller;
      await expect(adapted.probe(QUERIES, { signal })).rejects.toBe(REASON);
      expect(probe).toHaveBeenCalledTimes(1);
      // Its own need not bear to be called again, as it is at the end of the block.
      adapted.dispose();
    }
    expect(dispose).toHaveBeenCalledTimes(1);
    const late = new AbortController();
    const slow: Learner = { ...own, adapt: (...given) => (late.abort(REASON), own.adapt(...given)) };
    await expect(fineTune(model, [], { method: slow, signal: late.signal })).rejects.toBe(REASON);
    expect(dispose).toHaveBeenCalledTimes(2);
  });
});

test('a signal that is aborted already has nothing done', async () => {
  const signal = AbortSignal.abort(REASON);
  const dispatch = vi.spyOn(gpu(), 'dispatch');
  const [zsl, icl] = [RUNS.runZeroShot.run, RUNS.runInContext.run];
  for (const run of [zsl, icl]) await expect(run({ signal })).rejects.toBe(REASON);
  for (const method of ['GD', 'LCGD', zeroShot] as const)
    await expect(fineTune(model, DEMONSTRATIONS, { method, learningRate: 1, signal })).rejects.toBe(REASON);
  for (const learner of [zeroShot, inContext, gradientDescent])
    await expect(learner.adapt(model, DEMONSTRATIONS, { learningRate: 1, signal })).rejects.toBe(REASON);
  await expect(runZeroShot(model, [], { signal })).rejects.toBe(REASON);
  expect(dispatch).not.toHaveBeenCalled();
  dispatch.mockRestore();
});

test('the class that is predicted is the first of the most likely options', () => {
  const of = (...optionLogProbs: number[]) => ({ optionLogProbs });
  expect(predictions([of(-2, -1, -3), of(-1, -1), of(-5)])).toEqual([1, 0, 0]);
});

test("the cache has h and m of each layer by TransformerLens's names", async () => {
  const [probe] = (await runZeroShot(model, QUERIES)) as [Probe];
  const { layers, heads, dModel } = model.config;
  const cache = activationCache(probe, model.config);
  expect(cache.size).toBe(2 * layers);
  const joined = (name: string): number[] =>
    Array.from({ length: layers }, (_, layer) => [...cache.get(`blocks.${layer}.${name}`)!.data]).flat();
  expect(joined('hook_attn_out')).toEqual([...probe.attentionOutput]);
  expect(joined('attn.hook_attn_scores')).toEqual([...probe.attentionScores]);
  expect(cache.get('blocks.1.hook_attn_out')!.shape).toEqual([1, 1, dModel]);
  expect(cache.get('blocks.1.attn.hook_attn_scores')!.shape).toEqual([1, heads, 1, probe.queryLength]);
});

test('errors are of one class in all packages', async () => {
  const { UserError } = await import('@icl-gd/gpu-kernels');
  const others = await Promise.all([import('./index.ts'), import('@icl-gd/transformer')]);
  for (const own of others) expect(own.UserError).toBe(UserError);
  const stray = { ...model.config, bosTokenId: null };
  const bare = Object.create(model, { config: { value: stray } }) as Model;
  const error: unknown = await runZeroShot(bare, QUERIES).catch((failure: unknown) => failure);
  expect(error).toBeInstanceOf(UserError);
  expect(error).toMatchObject({ code: 'no-special-token' });
});

describe('what types do not hold in JavaScript is refused by its place', () => {
  const any = (value: unknown) => value as never;
  const texts = [{ prompt: 'a', label: 'b' }];
  const cases: Readonly<Record<string, readonly [() => Promise<unknown>, string]>> = {
    'a misspelt option of training': [
      () => fineTune(model, DEMONSTRATIONS, any({ learningrate: 1 })),
      'fineTune: unknown option learningrate; did you mean learningRate?',
    ],
    'a rate that is a text': [
      () => fineTune(model, DEMONSTRATIONS, { learningRate: any('0.1') }),
      'GD needs a learning rate, a number; learningRate is "0.1"',
    ],
    'a method that is none': [
      () => fineTune(model, DEMONSTRATIONS, { method: any(null), learningRate: 1 }),
      'no method is called null: GD, LCGD, or a learner',
    ],
    'texts for demonstrations': [
      () => fineTune(model, any(texts), { learningRate: 1 }),
      'demonstrations[0].tokens is undefined, not a list of token ids; `tokenize` makes it',
    ],
    'a promise of a model': [
      () => fineTune(any(Promise.resolve(model)), DEMONSTRATIONS, { learningRate: 1 }),
      'fineTune needs a Model first, as `await loadModel(gpu, …)` gives',
    ],
    'a text for queries': [
      () => runZeroShot(model, any('a')),
      'queries is string, not a list; `tokenize` makes it',
    ],
    'demonstrations for queries': [
      () => runZeroShot(model, any(DEMONSTRATIONS)),
      'queries[0].options is undefined, not a list; `tokenize` makes it',
    ],
    'a misspelt option of probing': [
      () => runZeroShot(model, QUERIES, any({ probetoken: 'label' })),
      'probing: unknown option probetoken; did you mean probeToken?',
    ],
    'a probe token that there is not': [
      () => runInContext(model, DEMONSTRATIONS, QUERIES, { probeToken: any('last') }),
      'probeToken is "last"; it can be prompt, label',
    ],
    'probe tokens that are no list': [
      () => runZeroShot(model, QUERIES, { probeTokens: any('label') }),
      'probeTokens is string, not a list of prompt, label',
    ],
    'a budget that is no number': [
      () => runZeroShot(model, QUERIES, { tokenBudget: Number.NaN }),
      'tokenBudget is NaN, not a number of tokens',
    ],
  };

  test.each(Object.keys(cases))('%s', async (name) => {
    const before = gpu().pool.live;
    const [run, message] = cases[name] as (typeof cases)[string];
    await expect(run()).rejects.toThrow(new RangeError(message));
    expect(gpu().pool.live).toEqual(before);
  });

  test('a misspelt option of what was adapted', async () => {
    using adapted = await fineTune(model, DEMONSTRATIONS, { learningRate: LEARNING_RATE });
    await expect(adapted.probe(QUERIES, any({ probetoken: 'label' }))).rejects.toThrow(
      'did you mean probeToken?',
    );
  });
});

test('ICL that is aborted by its own progress rejects, and leaves nothing', async () => {
  const controller = new AbortController();
  const before = gpu().pool.live;
  const options = { signal: controller.signal, onProgress: () => controller.abort(REASON) };
  const learner: Learner = inContext;
  await expect(learner.adapt(model, DEMONSTRATIONS, options)).rejects.toBe(REASON);
  expect(gpu().pool.live).toEqual(before);
});
