import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import { expect, test } from 'vitest';
import { findSplitFiles } from './split-files.ts';

/** A folder, and the files of each split in the order of rows as `load_dataset` of Python's datasets 5.2 gives them. */
interface Layout {
  readonly files: readonly string[];
  readonly readme?: string;
  readonly config?: string;
  /** Absent where it raises an error. */
  readonly python?: Readonly<Record<string, readonly string[]>>;
}

const layouts = JSON.parse(
  readFileSync(join(import.meta.dirname, 'testing/python-layouts.json'), 'utf8'),
) as readonly Layout[];

async function outcome({ files, readme, config, python }: Layout, split: string): Promise<string> {
  const warnings: string[] = [];
  const names = { train: split, validation: split, ...(config === undefined ? {} : { config }) };
  const expected = python?.[split];
  try {
    const { train } = await findSplitFiles(
      files,
      async () => readme ?? '',
      names,
      (line) => warnings.push(line),
    );
    if (expected === undefined) return 'only ours';
    if (warnings.length > 0) return 'others, with a warning';
    return train.join('\n') === expected.join('\n') ? 'the same' : 'others';
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return expected === undefined ? 'none' : 'refused';
  }
}

test('of every layout of a folder each split has the files that Python’s datasets reads, is refused, or a warning says so', async () => {
  const counts: Record<string, number> = {};
  for (const layout of layouts) {
    for (const split of ['train', 'validation', 'test']) {
      const found = await outcome(layout, split);
      expect(found, `${split} of ${layout.files.join(', ')}`).not.toBe('others');
      counts[found] = (counts[found] ?? 0) + 1;
    }
  }
  expect(counts).toEqual({
    'the same': 241,
    none: 183,
    'others, with a warning': 47,
    refused: 19,
    'only ours': 14,
  });
});
