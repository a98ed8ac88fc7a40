import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ProbeToken } from './learner.ts';
import { type QueryPlan, planQuery } from './probe-plan.ts';

const BOS = 99;
const QUERY = [10, 11];

/** What the plan asks for, in the order of the options: the tokens before each option token, then that token. */
function asked({ requests, optionTokens }: QueryPlan): number[][][] {
  return optionTokens.map((option) =>
    option.map(({ request, index }) => {
      const { tokens, logProbs } = requests[request]!;
      const { row, token } = logProbs[index]!;
      return [...tokens.slice(0, row + 1), token];
    }),
  );
}

const sequences = ({ requests }: QueryPlan) => requests.map(({ tokens }) => tokens);

test('options of one token, probed at the prompt: one sequence answers all', () => {
  const plan = planQuery({ tokens: QUERY, options: [[1], [2], [3]] }, ['prompt'], [BOS]);
  expect(plan).toEqual({
    requests: [
      {
        tokens: [BOS, 10, 11],
        probes: [{ row: 2, firstKey: 1 }],
        logProbs: [1, 2, 3].map((token) => ({ row: 2, token })),
      },
    ],
    optionTokens: [0, 1, 2].map((index) => [{ request: 0, index }]),
    topRequest: 0,
  });
});

test('options of one token, probed at the label: option 0 is fed too', () => {
  const plan = planQuery({ tokens: QUERY, options: [[1], [2]] }, ['label'], [BOS]);
  expect(sequences(plan)).toEqual([[BOS, 10, 11, 1]]);
  expect(plan.requests[0]?.probes).toEqual([{ row: 3, firstKey: 1 }]);
  expect(plan.requests[0]?.logProbs).toEqual([
    { row: 2, token: 1 },
    { row: 2, token: 2 },
  ]);
});

test('behind a prefix nothing comes before the query', () => {
  const plan = planQuery({ tokens: QUERY, options: [[1], [2]] }, ['label'], []);
  expect(sequences(plan)).toEqual([[10, 11, 1]]);
  expect(plan.requests[0]?.probes).toEqual([{ row: 2, firstKey: 0 }]);
});

test('options of several tokens share what they begin with', () => {
  const options = [[1, 2, 3], [1, 2, 4], [5], [1, 6, 7]];
  const plan = planQuery({ tokens: QUERY, options }, ['prompt'], [BOS]);
  expect(sequences(plan).toSorted()).toEqual([
    [BOS, 10, 11, 1, 2],
    [BOS, 10, 11, 1, 6],
  ]);
  expect(plan.requests.map(({ probes }) => probes)).toEqual([[{ row: 2, firstKey: 1 }], []]);
});

test('probed at the label, the sequence with all of option 0 is the probed one, at its last token', () => {
  const plan = planQuery(
    {
      tokens: QUERY,
      options: [
        [1, 2],
        [3, 4, 5],
      ],
    },
    ['label'],
    [BOS],
  );
  expect(sequences(plan)).toEqual([
    [BOS, 10, 11, 1, 2],
    [BOS, 10, 11, 3, 4],
  ]);
  expect(plan.requests[0]?.probes).toEqual([{ row: 4, firstKey: 1 }]);
});

test('both probe tokens are rows of one sequence, in the order asked for', () => {
  const query = { tokens: QUERY, options: [[1, 2], [3]] };
  const [label, prompt] = [
    { row: 4, firstKey: 1 },
    { row: 2, firstKey: 1 },
  ];
  const plan = planQuery(query, ['label', 'prompt'], [BOS]);
  expect(sequences(plan)).toEqual([[BOS, 10, 11, 1, 2]]);
  expect(plan.requests[0]?.probes).toEqual([label, prompt]);
  expect(planQuery(query, ['prompt', 'label'], [BOS]).requests[0]?.probes).toEqual([prompt, label]);
});

test('an option that goes on where option 0 ends takes its sequence along', () => {
  const plan = planQuery({ tokens: QUERY, options: [[1], [1, 2, 3]] }, ['label'], [BOS]);
  expect(sequences(plan)).toEqual([[BOS, 10, 11, 1, 2]]);
  expect(plan.requests[0]?.probes).toEqual([{ row: 3, firstKey: 1 }]);
});

test('a query without options has no label: it is probed at the prompt', () => {
  const plan = planQuery({ tokens: QUERY, options: [] }, ['label', 'prompt'], [BOS]);
  const probe = { row: 2, firstKey: 1 };
  expect(plan).toEqual({
    requests: [{ tokens: [BOS, 10, 11], probes: [probe, probe], logProbs: [] }],
    optionTokens: [],
    topRequest: 0,
  });
});

test('the likeliest tokens are asked for after the prompt, where the first option is looked up', () => {
  const [one, several] = [
    [[1], [2]],
    [[1, 2], [3]],
  ].map((options) => planQuery({ tokens: QUERY, options }, ['label'], [BOS], 50));
  expect(one?.requests.map(({ top }) => top)).toEqual([[{ row: 2, k: 50 }]]);
  expect(several?.requests.map(({ top }) => top)).toEqual([[{ row: 2, k: 50 }]]);
  const free = planQuery({ tokens: QUERY, options: [] }, ['prompt'], [], 7);
  expect(free.requests.map(({ top }) => top)).toEqual([[{ row: 1, k: 7 }]]);
});

const token = fc.nat(2);
const someQuery = fc.record({
  tokens: fc.array(token, { minLength: 1, maxLength: 3 }),
  options: fc.array(fc.array(token, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 5 }),
});

test('any query: each option token is asked for after all before it, in the fewest sequences, and the likeliest once', () => {
  fc.assert(
    fc.property(
      someQuery,
      fc.uniqueArray(fc.constantFrom<ProbeToken>('label', 'prompt'), { minLength: 1 }),
      fc.constantFrom([], [BOS]),
      (query, probeTokens, before) => {
        const plan = planQuery(query, probeTokens, before, 5);
        const start = [...before, ...query.tokens];
        const top = plan.requests.flatMap(({ tokens, top: rows = [] }) =>
          rows.map(({ row }) => tokens.slice(0, row + 1)),
        );
        expect(top).toEqual([start]);
        expect(plan.requests[plan.topRequest]?.top).toHaveLength(1);
        const { request } = plan.optionTokens[0]![0]!;
        expect(plan.topRequest).toBe(request);
        expect(asked(plan)).toEqual(
          query.options.map((option) => option.map((_, i) => [...start, ...option.slice(0, i + 1)])),
        );
        const probed = probeTokens.map((probeToken) =>
          probeToken === 'label' ? [...start, ...query.options[0]!] : start,
        );
        const [first, ...others] = plan.requests;
        expect(first?.probes.map(({ row }) => first.tokens.slice(0, row + 1))).toEqual(probed);
        expect(others.flatMap(({ probes }) => probes)).toEqual([]);
        // As many sequences as needed inputs that no other needed input goes on from.
        const needed = [...probed, ...query.options.map((option) => [...start, ...option.slice(0, -1)])].map(
          (tokens) => `${tokens.join()},`,
        );
        const ends = new Set(
          needed.filter(
            (input) => !needed.some((other) => other.length > input.length && other.startsWith(input)),
          ),
        );
        expect(new Set(sequences(plan).map((tokens) => `${tokens.join()},`))).toEqual(ends);
        expect(plan.requests).toHaveLength(ends.size);
      },
    ),
    { numRuns: 500 },
  );
});
