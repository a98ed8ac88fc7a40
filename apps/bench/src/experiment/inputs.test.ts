import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { requireVocabulary, requireWritable } from './inputs.ts';

const prepared = ({ demonstration = 1, query = 1, option = 1 }) => ({
  dataset: 'mr',
  demonstrations: [{ tokens: [0, demonstration] }],
  queries: [{ tokens: [0, query], options: [[0], [0, option]] }],
});

test.each(['demonstration', 'query', 'option'])(
  'the last token of a vocabulary may stand in a %s, one more is refused',
  (place) => {
    const check = (token: number) => () => requireVocabulary(prepared({ [place]: token }), 50, 'models/x');
    expect(check(49)).not.toThrow();
    expect(check(50)).toThrow(/^models\/x: the tokenizer gives token 50 in mr, .*vocab_size 50/);
  },
);

test('a folder that cannot be written is refused in words, by the option that names it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'icl-gd-inputs-'));
  try {
    const file = join(folder, 'file');
    await writeFile(file, '');
    for (const out of [file, join(file, 'out')])
      await expect(requireWritable(out)).rejects.toThrow(
        `--out ${out} cannot be written: it, or what it lies in, is a file`,
      );
    const long = join(folder, 'a'.repeat(300));
    await expect(requireWritable(long, '--from')).rejects.toThrow(
      `--from ${long} cannot be written: it has too long a name [ENAMETOOLONG]`,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
