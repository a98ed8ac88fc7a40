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

  // Those that are missing are written only at the end of this file.
  test('and nothing else has a text', () => {
    const known = new Set(CATALOGUE.map(snapshotOf));
    const files = readdirSync(import.meta.dirname, { recursive: true }) as string[];
    const texts = files.filter((file) => file.endsWith('.wgsl'));
    expect(texts.length).toBeGreaterThan(0);
    expect(texts.filter((file) => !known.has(file))).toEqual([]);
  });
});
