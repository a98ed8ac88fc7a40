import { expect, test } from 'vitest';
import { readers, shares } from './soak/readers.ts';
import { soak } from './soak/soak.ts';

/** About half a minute of `npm run soak`. */
const INPUTS = 2500;

test('every reader and every option under damaged inputs: read, or refused in words, soon and in little memory', async () => {
  const waiting = [...shares(INPUTS)];
  const outcomes: [string, Awaited<ReturnType<typeof soak>>][] = [];
  async function work(): Promise<void> {
    for (let next = waiting.shift(); next; next = waiting.shift())
      outcomes.push([next[0], await soak(next[0], { seed: 1, from: 0, to: next[1] })]);
  }
  await Promise.all([work(), work()]);
  expect(outcomes.flatMap(([, { faults }]) => faults)).toEqual([]);
  expect(outcomes.length).toBe(readers.length);
  // A reader that never refuses, or refuses everything, would not be under test.
  const files = outcomes.filter(([name]) => !['command line', 'records'].includes(name));
  for (const [name, { inputs, refused }] of files) {
    if (inputs < 30) continue;
    expect(refused, name).toBeGreaterThan(0);
    expect(refused, name).toBeLessThan(inputs);
  }
}, 600_000);
