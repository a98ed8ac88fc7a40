import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inTemporaryFolder } from './run-passes.ts';

it('a temporary folder goes with its work, or with the process that ends within it', async () => {
  const before = process.listeners('exit');
  await inTemporaryFolder(async (folder) => {
    writeFileSync(join(folder, 'record.json'), '{}');
    for (const atExit of process.listeners('exit')) if (!before.includes(atExit)) atExit.call(process, 130);
    expect(existsSync(folder)).toBe(false);
  });
  expect(process.listeners('exit')).toEqual(before);
  let place = '';
  await inTemporaryFolder(async (folder) => {
    place = folder;
    expect(existsSync(folder)).toBe(true);
  });
  expect(existsSync(place)).toBe(false);
});
