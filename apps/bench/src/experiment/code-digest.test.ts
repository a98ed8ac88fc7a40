import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { codeDigests } from './code-digest.ts';

/** The digests as if the file whose path ends like this had been edited. */
function digestsAfterEditing(file: string): ReturnType<typeof codeDigests> {
  return codeDigests((path) => {
    const text = readFileSync(path, 'utf8');
    if (!path.replaceAll('\\', '/').endsWith(file)) return text;
    return file.endsWith('.json') ? text.replace('"version": "', '"version": "9') : `${text} `;
  });
}

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
  'experiment/development/measure-development.ts',
])('an edit of %s makes records anew', (file) => {
  const after = digestsAfterEditing(file);
  expect(after.code).not.toBe(before.code);
  expect(after.scores).toBe(before.scores);
});

test.each([
  'metrics/src/attention-output-similarity.ts',
  'metrics/src/catalogue.ts',
  'experiment/scores.ts',
  'experiment/noise-floor.ts',
  'experiment/training-attention/agreement.ts',
])('an edit of %s makes scores anew, of what is kept', (file) => {
  const after = digestsAfterEditing(file);
  expect(after.scores).not.toBe(before.scores);
  expect(after.code).toBe(before.code);
});

test.each([
  'methods/src/probe-plan.test.ts',
  'gpu-kernels/src/testing/tolerances.ts',
  'metrics/src/golden.test.ts',
  'results/rows.ts',
])('an edit of %s leaves all records as they are', (file) => {
  expect(digestsAfterEditing(file)).toEqual(before);
});

test.each([
  ['webgpu', 'code'],
  ['@sparticuz/chromium', 'code'],
] as const)('another version of %s makes %s anew', (library, part) => {
  const after = digestsAfterEditing(`node_modules/${library}/package.json`);
  expect(after).toEqual({ ...before, [part]: expect.not.stringMatching(before[part]) });
});
