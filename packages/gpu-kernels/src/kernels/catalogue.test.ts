import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kernelCatalogue, kernelTexts } from './catalogue.ts';

const CATALOGUE = kernelCatalogue();

/** Where the reviewed text of a kernel lies, from this folder. */
const snapshotOf = ({ folder, kernel }: (typeof CATALOGUE)[number]): string =>
  join(folder, 'wgsl', `${kernel.label}.wgsl`);

describe('every kernel variant', () => {
  test.each(CATALOGUE)('$kernel.label has the text that was reviewed', async (entry) => {
    await expect(entry.kernel.wgsl).toMatchFileSnapshot(join(import.meta.dirname, snapshotOf(entry)));
  });

  test('has a label of its own', () => {
    expect(kernelTexts().size).toBe(CATALOGUE.length);
  });

  test('and nothing else has a text', () => {
    const files = readdirSync(import.meta.dirname, { recursive: true }) as string[];
    expect(files.filter((file) => file.endsWith('.wgsl')).sort()).toEqual(CATALOGUE.map(snapshotOf).sort());
  });
});
