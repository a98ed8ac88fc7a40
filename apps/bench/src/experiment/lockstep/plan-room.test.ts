import { type DeviceLimits, type Workload, planMemory, readModelConfig } from '@icl-gd/transformer';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { expect, test } from 'vitest';
import { type PlannedRoom, planRoom } from './plan-room.ts';

const gpu = useGpu();
const CONFIG = readModelConfig(
  {
    ...{ model_type: 'llama', hidden_size: 64, num_hidden_layers: 2, num_attention_heads: 2, vocab_size: 9 },
    ...{ intermediate_size: 64, max_position_embeddings: 512 },
  },
  'config.json',
);
const LENGTH = 16;
const CELLS = 6;
const CONTEXT = 64;

const batch = [
  {
    tokens: Array<number>(LENGTH).fill(1),
    probes: [{ row: LENGTH - 1, firstKey: 0 }],
    logProbs: [{ row: 0, token: 1 }],
  },
];
const workload = (context: number): Workload => ({
  ...{ dtype: 'float32', batches: [batch], context: { tokens: context, batches: [batch] } },
  training: {
    kinds: [{ objective: 'output', group: 'attention.kv' }],
    ...{ steps: 2, tokens: LENGTH, releasedNorms: false },
  },
});

/** @param longest context of any workload */
function roomWith(budgetBytes: number, { tokenBudget = 1024, longest = CONTEXT } = {}) {
  const { adapter, device, maxBindingBytes } = gpu();
  const limits: DeviceLimits = {
    ...{ adapter, device, maxBindingBytes, matrixUnits: undefined, maxBufferBytes: Infinity },
    ...{ budgetBytes, budgetName: 'the budget' },
  };
  const own = workload(CONTEXT);
  const plan = planMemory(CONFIG, own, limits);
  const { inContext } = planMemory(CONFIG, workload(longest), limits);
  const lockstep = { cells: CELLS, kinds: 1, tokenBudget };
  return planRoom(CONFIG, { plan, workload: own, inContext }, [own], lockstep, { limits, isBudget: true });
}

test('models are held before they are probed together, and never more than the budget has room for', () => {
  const alone = roomWith(Infinity, { tokenBudget: LENGTH });
  expect(alone).toMatchObject({ cells: CELLS, probed: 1 });
  const all = roomWith(Infinity);
  expect(all).toMatchObject({ cells: CELLS, probed: CELLS });
  expect(all.plan.peak).toBeGreaterThan(alone.plan.peak);
  const seen: PlannedRoom[] = [];
  const smallest = planMemory(CONFIG, workload(CONTEXT), gpu()).peak;
  for (let budget = smallest; budget <= all.plan.peak; budget += (all.plan.peak - smallest) / 12) {
    const { cells, probed, plan } = roomWith(budget);
    expect(plan.peak).toBeLessThanOrEqual(budget);
    seen.push({ cells, probed });
  }
  expect(seen[0]).toEqual({ cells: 1, probed: 1 });
  expect(seen).toContainEqual({ cells: CELLS, probed: 1 });
  expect(seen.map(({ cells }) => cells)).toEqual(seen.map(({ cells }) => cells).toSorted((a, b) => a - b));
  expect(roomWith(all.plan.peak)).toMatchObject({ cells: CELLS, probed: CELLS });
  expect(roomWith(all.plan.peak - 1).probed).toBeLessThan(CELLS);
});

test('beside what is held there is room for the longest context of the next trial, whichever that is', () => {
  const { peak } = roomWith(Infinity).plan;
  const longer = roomWith(Infinity, { longest: 400 });
  expect(longer.plan.peak).toBeGreaterThan(peak);
  expect(roomWith(longer.plan.peak - 1, { longest: 400 }).probed).toBe(1);
});
