import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, expect, it } from 'vitest';
import { FixtureCopy } from './damage.ts';
import { iclGd } from './golden.ts';

const copy = new FixtureCopy('own-text-gpt2');
afterAll(() => copy[Symbol.dispose]());

it('a dry run that measures counts each cell once, says a time, and leaves nothing behind', async () => {
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith('icl-gd-check-'));
  const options = ['--seeds', '5,6', '--examples', '4', '--shots', '6', '--dry-run', '--measure'];
  const { code, stdout, stderr } = await iclGd(copy.arguments(...options));
  expect(code, stderr).toBe(0);
  // ZSL of both seeds is the same; ICL, GD and LCGD of each are not. Two methods take six steps a seed.
  expect(stdout).toContain('work: 7 cells once each, 24 steps of training');
  const [, clock, cpu] = /planned time: ([\d.]+) s .*, ([\d.]+) s of CPU time/.exec(stdout) ?? [];
  expect(Number(clock)).toBeGreaterThan(0);
  expect(Number(cpu)).toBeGreaterThan(0);
  expect(readdirSync(copy.folder)).not.toContain('out');
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('icl-gd-check-'))).toEqual(before);
});

it('noise floor and trainings once more are counted and measured', async () => {
  const options = ['--seeds', '5', '--examples', '2', '--shots', '2', '--noise-floor', '--weight-changes'];
  const { stdout } = await iclGd(copy.arguments(...options, '--dry-run', '--measure'));
  // Four settings, twice each for the noise, and two trainings once more.
  expect(stdout).toContain('work: 14 cells once each, 16 steps of training');
  expect(stdout).toMatch(/planned time: .*queries and scores .*, noise floor .*, training once more .*\)/);
});

it('what diverges is measured as far as it comes', async () => {
  const options = ['--seeds', '5', '--examples', '2', '--shots', '2', '--learning-rate', '1e30'];
  const { code, stdout, stderr } = await iclGd(copy.arguments(...options, '--dry-run', '--measure'));
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/work: 4 cells once each, 4 steps .*\nplanned time: [\d.]+ s/);
});

it('what the adapter cannot do is refused as by the run', async () => {
  const options = ['--adapter', 'swiftshader', '--matmul', 'matrix', '--examples', '2', '--shots', '2'];
  const { code, stderr } = await iclGd(copy.arguments(...options, '--dry-run', '--measure'));
  expect(stderr).toContain('matrix units need');
  expect(code).toBe(2);
});
