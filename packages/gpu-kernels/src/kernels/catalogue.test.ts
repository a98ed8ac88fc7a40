import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { kernelCatalogue, kernelTexts } from './catalogue.ts';

const CATALOGUE = kernelCatalogue();
type Entry = (typeof CATALOGUE)[number];

/** Unrolled texts repeat what shorter tiles of theirs show: beyond so many lines a digest holds them. */
const MOST_LINES = 200;
const DIGESTS = 'long-texts.json';

const isLong = ({ kernel }: Entry): boolean => kernel.wgsl.split('\n').length > MOST_LINES;
const SHORT = CATALOGUE.filter((entry) => !isLong(entry));

/** Where the reviewed text of a kernel lies, from this folder. */
const snapshotOf = ({ folder, kernel }: Entry): string => join(folder, 'wgsl', `${kernel.label}.wgsl`);

describe('every kernel variant', () => {
  test.each(SHORT)('$kernel.label has the text that was reviewed', async (entry) => {
    await expect(entry.kernel.wgsl).toMatchFileSnapshot(join(import.meta.dirname, snapshotOf(entry)));
  });

  test('of a text too long to be reviewed is the one whose digest is kept', async () => {
    const digests = CATALOGUE.filter(isLong).map(({ kernel }) => [
      kernel.label,
      createHash('sha256').update(kernel.wgsl).digest('hex').slice(0, 16),
    ]);
    const text = `${JSON.stringify(Object.fromEntries(digests.toSorted()), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, DIGESTS));
  });

  test('has a label of its own', () => {
    expect(kernelTexts().size).toBe(CATALOGUE.length);
  });

  // Those that are missing are written only at the end of this file.
  test('and nothing else has a text', () => {
    const known = new Set(SHORT.map(snapshotOf));
    const files = readdirSync(import.meta.dirname, { recursive: true }) as string[];
    const texts = files.filter((file) => file.endsWith('.wgsl'));
    expect(texts.length).toBeGreaterThan(0);
    expect(texts.filter((file) => !known.has(file))).toEqual([]);
  });
});
