import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { killTrial } from './file-faults/kill.ts';
import { type Scenario, makeInputs, scenarios } from './file-faults/scenarios.ts';
import { FAULTS, faultTrial, undisturbed } from './file-faults/trial.ts';

/** Steps of each scenario that a fault is tried at here; `npm run test:faults` tries every kind at every step. */
const SAMPLE = 3;

const folder = mkdtempSync(join(tmpdir(), 'icl-gd-faults-'));
const inputs = join(folder, 'inputs');
const out = join(folder, 'trial', 'results', 'out');
beforeAll(() => makeInputs(inputs));
afterAll(() => rmSync(folder, { recursive: true }));

it.each(scenarios.map((scenario, place) => ({ scenario, name: scenario.name, place })))(
  '$name ends in one line where a file cannot be written, and afterwards gives the same bytes as without a fault',
  async ({ scenario, place }) => {
    const whole = await undisturbed(scenario, out, inputs);
    expect(whole.steps.length).toBeGreaterThanOrEqual(10);
    for (let i = 0; i < SAMPLE; i++) {
      const at = Math.floor(((i + 0.5) * whole.steps.length) / SAMPLE);
      const fault = FAULTS[(i + place) % FAULTS.length] as (typeof FAULTS)[number];
      const wrong = await faultTrial(scenario, { out, inputs, whole }, at, fault);
      expect(wrong, `${fault} at step ${at}`).toEqual([]);
    }
  },
);

it('a run that is killed goes on to the same bytes, and leaves nothing unfinished', async () => {
  const [run] = scenarios as [Scenario];
  const whole = await undisturbed(run, out, inputs);
  const step = whole.steps.findIndex(({ path }) => path.includes('ICL')) + 3;
  expect(await killTrial(run, { out, inputs, whole }, { step })).toEqual({ killed: true, wrong: [] });
});
