import {
  DivergedError,
  type LearnerResult,
  type ProbeTokensOptions,
  probeBatches,
  probeTogether,
} from '@icl-gd/methods';
import { expect, test } from 'vitest';
import { FAKE_LEARNERS, fakeModel } from '../../testing/fake-model.ts';
import { fakePrepared } from '../../testing/fake-run.ts';
import { type HeldModel, JointProbes, type ProbeTogether } from './joint-probes.ts';
import { tokensOfPass } from './pass.ts';

const PREPARED = [1, 2, 3, 4, 5, 6, 7].map((seed) => fakePrepared({ dataset: 'mr', seed, permutation: 0 }));
const PROBING: ProbeTokensOptions = { probeTokens: ['label', 'prompt'], nextTokens: 2 };
/** Tokens of each of them. */
const CELL = tokensOfPass(probeBatches(PREPARED[0]!.queries, PROBING, false))!;
const BUDGET = 3 * CELL;

async function models(): Promise<HeldModel[]> {
  const [learner] = FAKE_LEARNERS;
  const adapt = (seed: number): Promise<LearnerResult> =>
    learner!.adapt(fakeModel('trained'), [{ tokens: [seed] }], { learningRate: 0.1 });
  return await Promise.all(
    PREPARED.map(async (prepared) => ({ adapted: await adapt(prepared.seed), prepared })),
  );
}

/** Asks models in turn, as `Trainings` does; those that are left wait. */
async function setUp(most = 100, together: ProbeTogether = probeTogether) {
  const held = await models();
  /** Seeds of each pass. */
  const passes: number[][] = [];
  const probes = new JointProbes(
    () => most,
    (cells, options) => {
      passes.push(cells.map(({ adapted }) => held.find((own) => own.adapted === adapted)!.prepared.seed));
      return together(cells, options);
    },
  );
  const waiting = [...held];
  const next = (): LearnerResult => probes.of(waiting.shift()!, () => waiting);
  return { held, passes, probes, waiting, next };
}

const probesOf = ({ adapted, prepared }: HeldModel, options = PROBING) =>
  adapted.probeTokens(prepared.queries, options);

test('those that come next are probed in one pass, and one pass more is ahead; each is told of its own', async () => {
  const { held, passes, next } = await setUp();
  const seen: number[] = [];
  for (const own of held) {
    const told: number[] = [];
    const given = next();
    const onProgress = ({ finished }: { finished: number }) => void told.push(finished);
    const options = { ...PROBING, tokenBudget: BUDGET, onProgress };
    expect(await given.probeTokens(own.prepared.queries, options)).toEqual(await probesOf(own));
    expect(told).toEqual([3]);
    seen.push(passes.length);
    given.dispose();
  }
  expect(passes).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
  expect(seen).toEqual([2, 2, 2, 3, 3, 3, 3]);
});

test('what has no room beside another, or is asked otherwise, is probed by itself', async () => {
  for (const [most, tokenBudget] of [
    [1, BUDGET],
    [100, 2 * CELL - 1],
    [100, 10],
  ] as const) {
    const { held, passes, next } = await setUp(most);
    const { queries } = PREPARED[0]!;
    expect(await next().probeTokens(queries, { ...PROBING, tokenBudget })).toEqual(await probesOf(held[0]!));
    expect(passes).toEqual([]);
  }
  const { held, passes, next } = await setUp();
  const [first, second] = [next(), next()];
  const some = PREPARED[0]!.queries.slice(1);
  expect(await first.probeTokens(some, PROBING)).toEqual(await held[0]!.adapted.probeTokens(some, PROBING));
  const allocate = (length: number) => new Float32Array(length);
  await second.probeTokens(PREPARED[1]!.queries, { ...PROBING, allocate });
  // A second time the same queries are not those of others.
  await first.probeTokens(PREPARED[0]!.queries, PROBING);
  expect(passes).toEqual([]);
});

test('a pass that fails is made up for one by one, and a cell that diverged says so', async () => {
  const failing = await setUp(100, () => Promise.reject(new Error('no room')));
  for (const own of failing.held)
    expect(await failing.next().probeTokens(own.prepared.queries, PROBING)).toEqual(await probesOf(own));
  const diverging = await setUp(100, async (cells, options) => {
    const probes = await probeTogether(cells, options);
    return probes.map((own, i) => (i === 1 ? new DivergedError('it overflows') : own));
  });
  const [first, second, third] = diverging.held as [HeldModel, HeldModel, HeldModel];
  expect(await diverging.next().probeTokens(first.prepared.queries, PROBING)).toEqual(await probesOf(first));
  await expect(diverging.next().probeTokens(second.prepared.queries, PROBING)).rejects.toThrow(
    'it overflows',
  );
  expect(await diverging.next().probeTokens(third.prepared.queries, PROBING)).toEqual(await probesOf(third));
});

test('a model that is given up is not waited for, and one asked for otherwise is probed as it is asked', async () => {
  const { held, passes, probes, waiting, next } = await setUp();
  await next().probeTokens(PREPARED[0]!.queries, { ...PROBING, tokenBudget: BUDGET });
  expect(passes).toEqual([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  for (const own of waiting.splice(0, 2)) probes.forget(own.adapted);
  const other: ProbeTokensOptions = { probeTokens: ['prompt'], tokenBudget: BUDGET };
  const fourth = next();
  expect(await fourth.probeTokens(PREPARED[3]!.queries, other)).toEqual(await probesOf(held[3]!, other));
  expect(passes.slice(2)).toEqual([[4, 7]]);
  const prompts = await next().probe(PREPARED[4]!.queries, { probeToken: 'prompt' });
  expect(prompts).toEqual((await probesOf(held[4]!, { probeTokens: ['prompt'] })).get('prompt'));
});

test('an aborted run is told so', async () => {
  const { next } = await setUp();
  const controller = new AbortController();
  const probing = next().probeTokens(PREPARED[0]!.queries, { ...PROBING, signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(probing).rejects.toThrow('enough');
});
