import { afterEach, expect, test, vi } from 'vitest';
import { codeDigests } from './code-digest.ts';

/** End of the path of the file that reads as if it had been edited. */
let edited: string | undefined;
afterEach(() => (edited = undefined));

vi.mock('node:fs', async (load) => {
  const real = await load<typeof import('node:fs')>();
  const readText = (path: string): string => {
    const text = real.readFileSync(path, 'utf8');
    if (edited === undefined || !path.replaceAll('\\', '/').endsWith(edited)) return text;
    return edited.endsWith('.json') ? text.replace('"version": "', '"version": "9') : `${text} `;
  };
  return { ...real, readFileSync: readText };
});

const before = codeDigests();

test.each([
  'gpu-kernels/src/kernels/matmul/subgroup-tiled.ts',
  'gpu-kernels/src/device/acquire.ts',
  'transformer/src/decoder/head.ts',
  'transformer/src/fine-tuning.ts',
  'transformer/src/random/pcg64.ts',
  'methods/src/probe-plan.ts',
  'methods/src/learners/gradient-descent.ts',
  'experiment/probe-setting.ts',
])('an edit of %s makes records anew', (file) => {
  edited = file;
  const after = codeDigests();
  expect(after.code).not.toBe(before.code);
  expect(after.scores).toBe(before.scores);
});

test.each([
  'metrics/src/attention-output-similarity.ts',
  'metrics/src/catalogue.ts',
  'experiment/scores.ts',
  'experiment/noise-floor.ts',
])('an edit of %s makes scores anew, of what is kept', (file) => {
  edited = file;
  const after = codeDigests();
  expect(after.scores).not.toBe(before.scores);
  expect(after.code).toBe(before.code);
});

test.each([
  'methods/src/probe-plan.test.ts',
  'gpu-kernels/src/testing/tolerances.ts',
  'metrics/src/golden.test.ts',
  'results/rows.ts',
])('an edit of %s leaves all records as they are', (file) => {
  edited = file;
  expect(codeDigests()).toEqual(before);
});

test.each([
  ['webgpu', 'code'],
  ['@sparticuz/chromium', 'code'],
  ['simple-statistics', 'scores'],
] as const)('another version of %s makes %s anew', (library, part) => {
  edited = `node_modules/${library}/package.json`;
  expect(codeDigests()).toEqual({ ...before, [part]: expect.not.stringMatching(before[part]) });
});
