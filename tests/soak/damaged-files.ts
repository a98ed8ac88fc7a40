import { readFileSync, writeFileSync } from 'node:fs';
import type { Pcg64 } from '@icl-gd/transformer';
import { mutate } from './mutate.ts';
import type { FileSubject } from './reader.ts';

/**
 * What damages one of the files, reads it, and puts it right again.
 * @throws what reading a file throws that is not damaged
 */
export async function damagedFiles(
  subjects: readonly FileSubject[],
): Promise<(random: Pcg64) => Promise<unknown>> {
  for (const { read } of subjects) await read();
  const originals = subjects.map(({ file }) => readFileSync(file));
  return async (random) => {
    const at = random.integers(0, subjects.length);
    const { file, read } = subjects[at]!;
    const other = originals[random.integers(0, subjects.length)]!;
    writeFileSync(file, mutate(random, originals[at]!, other));
    try {
      return await read();
    } finally {
      writeFileSync(file, originals[at]!);
    }
  };
}
