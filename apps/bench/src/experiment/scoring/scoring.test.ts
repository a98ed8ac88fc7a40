import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Learner, gradientDescent } from '@icl-gd/methods';
import {
  type LearnerMetric,
  type ProbeArrays,
  builtInMetrics,
  findMetric,
  metricCatalogue,
} from '@icl-gd/metrics';
import { Pcg64 } from '@icl-gd/transformer';
import { afterAll, describe, expect, it } from 'vitest';
import { FAKE_LEARNERS } from '../../testing/fake-model.ts';
import { fakeRun } from '../../testing/fake-run.ts';
import { InFlight } from './in-flight.ts';
import type { ComparedProbes, Comparison } from './score-work.ts';
import { Scoring, threadsFor } from './scoring.ts';
import { SharedMemory, inSharedMemory, layersOf, placesOf } from './shared-probes.ts';

const SHAPE = { layers: 3, heads: 2, dModel: 4 };
const threaded = new Scoring({ threads: 2, leastNumbers: 0 });
const here = new Scoring({ threads: 0 });

const folder = mkdtempSync(join(tmpdir(), 'icl-gd-scoring-'));

afterAll(() => {
  threaded.dispose();
  rmSync(folder, { recursive: true });
});

/** Probes of six examples, query parts of several lengths, one of a single token, of which a centred change is undefined. */
function probesOf(seed: number): ProbeArrays[] {
  const random = new Pcg64(seed);
  const draw = (length: number) => Float32Array.from({ length }, () => random.random() - 0.5);
  return [3, 4, 3, 1, 4, 3].map((keys) => ({
    attentionOutput: draw(3 * 4),
    attentionScores: draw(3 * 2 * keys),
  }));
}

const [icl, zsl, ft, other] = [1, 2, 3, 4].map(probesOf) as [
  ProbeArrays[],
  ProbeArrays[],
  ProbeArrays[],
  ProbeArrays[],
];
function unchangedInSecondLayer(probe: ProbeArrays, like: ProbeArrays): ProbeArrays {
  const values = Array.from(probe.attentionScores);
  const size = values.length / SHAPE.layers;
  for (let i = size; i < 2 * size; i++) values[i] = like.attentionScores[i] as number;
  return { ...probe, attentionScores: Float32Array.from(values) };
}

const COMPARISONS: readonly [Comparison, ComparedProbes][] = [
  [
    { of: 'baseline', seed: 5 },
    { icl: [unchangedInSecondLayer(icl[0]!, zsl[0]!), ...icl.slice(1)], zsl },
  ],
  [
    { of: 'learner', inapplicableMetrics: ['simam'] },
    { icl, zsl, ft },
  ],
  // An example whose m has no change in its second layer.
  [
    { of: 'learner', inapplicableMetrics: [] },
    { icl, zsl, ft: [unchangedInSecondLayer(ft[0]!, zsl[0]!), ...ft.slice(1)] },
  ],
  [
    { of: 'pair', ids: ['LCGD', 'GD'] },
    { first: ft, second: other, zsl },
  ],
];

describe('scoring in threads', () => {
  it.each(COMPARISONS)('keeps the very records of scoring in one: %j', async (comparison, probes) => {
    const work = { comparison, probes, shape: SHAPE, metrics: builtInMetrics, seed: 5 };
    const expected = await here.records(work);
    expect(Object.keys(expected).length).toBeGreaterThan(0);
    expect(JSON.stringify(await threaded.records(work))).toBe(JSON.stringify(expected));
  });

  it('leaves metrics of the user’s own to the thread of the run, after those that are built in', async () => {
    let calls = 0;
    const simaou = findMetric('simaou') as LearnerMetric;
    const own = metricCatalogue([
      {
        ...simaou,
        id: 'mine',
        score: (...given: Parameters<LearnerMetric['score']>) => {
          calls++;
          return simaou.score(...given);
        },
      },
    ]);
    const [comparison, probes] = COMPARISONS[1] as (typeof COMPARISONS)[number];
    const records = await threaded.records({ comparison, probes, shape: SHAPE, metrics: own, seed: 5 });
    expect(calls).toBe(1);
    expect(Object.keys(records).at(-1)).toBe('mine');
    expect(records['mine']).toEqual(records['simaou']);
  });

  it('says what is wrong with probes as scoring in one thread does', async () => {
    const short = ft.map((probe, i) =>
      i === 4 ? { ...probe, attentionOutput: new Float32Array(3) } : probe,
    );
    const work = {
      comparison: { of: 'learner', inapplicableMetrics: [] },
      ...{ probes: { icl, zsl, ft: short }, shape: SHAPE, metrics: builtInMetrics, seed: 5 },
    } as const;
    await expect(threaded.records(work)).rejects.toThrow(
      'ft[4].attentionOutput has length 3; [layers, dModel] = [3, 4] needs 12',
    );
  });

  it('is for large settings alone', () => {
    const scoring = new Scoring({ threads: 1, leastNumbers: 6 * 12 });
    expect(scoring.place(ft.slice(1), SHAPE)).toEqual(ft.slice(1));
    expect(scoring.allocatorFor(ft.slice(1), SHAPE)).toBeUndefined();
    expect(scoring.allocatorFor(ft, SHAPE)).toBeDefined();
    expect(here.allocatorFor(ft, SHAPE)).toBeUndefined();
  });

  it('goes beside the next setting where memory has room for that', () => {
    const endless = { attentionOutput: { length: 2 ** 52 }, attentionScores: [] } as unknown as ProbeArrays;
    expect(here.isBeside(ft)).toBe(true);
    expect(here.isBeside([...ft, endless])).toBe(false);
  });

  it('leaves a processor or two to what feeds the device', () => {
    expect([1, 2, 4, 8, 16, 256].map(threadsFor)).toEqual([1, 1, 3, 6, 14, 24]);
  });
});

describe('a run', () => {
  const recordsOf = (out: string): [string, string][] =>
    readdirSync(join(out, 'records'))
      .toSorted()
      .map((name) => [name, readFileSync(join(out, 'records', name), 'latin1')]);

  it('writes the same bytes with threads, whatever is scored while the next setting is computed', async () => {
    const changes = {
      settings: { seeds: [5, 6] },
      probeTokens: ['label', 'prompt'],
      keepAllProbes: true,
    } as const;
    const [alone, beside] = [join(folder, 'alone'), join(folder, 'beside')];
    const expected = await fakeRun(alone, { ...changes, scoring: here });
    expect(await fakeRun(beside, { ...changes, scoring: threaded })).toEqual(expected);
    expect(recordsOf(beside)).toEqual(recordsOf(alone));
  });

  it('computes a setting while the one before it is scored', async () => {
    let open = (): void => {};
    const gate = new Promise<void>((resolve) => (open = resolve));
    class Gated extends Scoring {
      override async records(...given: Parameters<Scoring['records']>) {
        if (given[0].comparison.of === 'learner') await gate;
        return await super.records(...given);
      }
    }
    const [first, second] = FAKE_LEARNERS as [Learner, Learner];
    const last: Learner = {
      ...second,
      adapt(...given) {
        open();
        return second.adapt(...given);
      },
    };
    const scoring = new Gated({ threads: 1, leastNumbers: 0 });
    try {
      const { tables } = await fakeRun(join(folder, 'gated'), {
        learners: [first, last],
        settings: { seeds: [5] },
        scoring,
      });
      expect(Object.values(tables).join()).toContain('simam_delta');
    } finally {
      scoring.dispose();
    }
  });

  it('that fails in one setting keeps the records of those before it, and computes them no second time', async () => {
    const out = join(folder, 'fails');
    const failing = {
      ...gradientDescent,
      id: 'Failing',
      adapt: () => Promise.reject(new Error('no such thing')),
    };
    const [first] = FAKE_LEARNERS;
    const learners = [first as (typeof FAKE_LEARNERS)[number], failing];
    const settings = { seeds: [5] };
    await expect(fakeRun(out, { learners, settings, scoring: threaded })).rejects.toThrow('no such thing');
    const names = readdirSync(join(out, 'records')).filter((name) => name.endsWith('.json'));
    expect(names).toHaveLength(3);
  });
});

describe('work in flight', () => {
  it('is one piece at a time', async () => {
    const events: string[] = [];
    const inFlight = new InFlight();
    const piece = (name: string) => async (): Promise<string> => {
      events.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      events.push(`${name} ends`);
      return name;
    };
    const { outcome } = await inFlight.start(piece('a'));
    events.push('meanwhile');
    await inFlight.start(piece('b'));
    await inFlight.settle();
    expect(events).toEqual(['a begins', 'meanwhile', 'a ends', 'b begins', 'b ends']);
    expect(await outcome).toBe('a');
  });

  it('that fails is told to whoever starts the next piece, and to nobody when it is settled', async () => {
    const inFlight = new InFlight();
    const fail = () => Promise.reject(new Error('failed'));
    await inFlight.start(fail);
    await expect(inFlight.start(() => Promise.resolve(1))).rejects.toThrow('failed');
    await inFlight.settle();
    expect(await (await inFlight.start(() => Promise.resolve(1))).outcome).toBe(1);
  });
});

describe('probes in shared memory', () => {
  it('are the same, and are not copied again', () => {
    const shared = inSharedMemory(ft);
    expect(shared).toEqual(ft);
    expect(inSharedMemory(shared)).toBe(shared);
  });

  it('are cut by layer where they lie', () => {
    const shared = inSharedMemory(ft);
    const [cut] = layersOf(placesOf(shared), SHAPE, [1, 2]);
    const slice = (values: ArrayLike<number> | undefined, from: number, to: number) =>
      Array.from(values ?? []).slice(from, to);
    expect(Array.from(cut?.attentionOutput ?? [])).toEqual(slice(ft[0]?.attentionOutput, 4, 8));
    expect(Array.from(cut?.attentionScores ?? [])).toEqual(slice(ft[0]?.attentionScores, 6, 12));
    const h = shared.map(({ attentionOutput }) => attentionOutput as Float32Array);
    for (const own of h) own.fill(7);
    expect(cut?.attentionOutput[0]).toBe(7);
    expect(() => placesOf(ft)).toThrow('probe 0 is not in shared memory');
  });

  it('never overlap', () => {
    const { take } = new SharedMemory();
    const arrays = [5, 300_000, 7, 0, 2_000_000, 3].map((length) => take(length));
    for (const [i, own] of arrays.entries()) own.fill(i + 1);
    expect(arrays.map((own) => new Set(own).size)).toEqual([1, 1, 1, 0, 1, 1]);
    expect(arrays.map(({ length }) => length)).toEqual([5, 300_000, 7, 0, 2_000_000, 3]);
  });
});
