import {
  cpSync,
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FixtureCopy, complaint, readTensor } from './damage.ts';
import { type CommandResult, iclGd, readCsv, readJson } from './golden.ts';

const SEEDS = ['--seeds', '5,6', '--examples', '4'];

function tables(out: string): [string, string][] {
  const files = readdirSync(out).filter((file) => file.endsWith('.csv') || file === 'prompts.json');
  return files.map((file) => [file, readFileSync(join(out, file), 'utf8')]);
}

/** Files of records and probes, by what they are of: `seed5-order0-GD`. */
function records(out: string): Map<string, { path: string; written: number }> {
  const folder = join(out, 'records');
  return new Map(
    readdirSync(folder)
      .sort()
      .map((name) => [
        name.replace(/^trained-mr-/, '').replace(/-prompt-[0-9a-f]{32}/, ''),
        { path: join(folder, name), written: statSync(join(folder, name)).mtimeMs },
      ]),
  );
}

/** The line that counts what was computed. */
function counts({ stderr }: CommandResult): string {
  return /^settings: .*$/m.exec(stderr)?.[0] ?? '';
}

async function finish(args: string[]): Promise<void> {
  const { code, stderr } = await iclGd(args);
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
}

describe('a run that is repeated', () => {
  const copy = new FixtureCopy('own-text-gpt2');
  let first: [string, string][];
  beforeAll(async () => {
    await finish(copy.arguments(...SEEDS));
    first = tables(copy.out);
  });
  afterAll(() => copy[Symbol.dispose]());

  it('computes zero-shot once, in-context once a seed, and each method once a seed', () => {
    const names = [...records(copy.out).keys()];
    const settings = [
      'ZSL',
      ...['5', '6'].flatMap((seed) => ['GD', 'ICL', 'LCGD-GD', 'LCGD'].map((id) => `${seed} ${id}`)),
    ];
    const found = names
      .filter((name) => name.endsWith('.json'))
      .map((name) => name.replace('.json', '').replace(/seed(\d)-order\d-/, '$1 '));
    expect(found.sort()).toEqual(settings.sort());
  });

  it.each([
    ['deleted', 'GD', (path: string) => rmSync(path)],
    ['cut off', 'GD', (path: string) => truncateSync(path, 1000)],
    ['deleted', 'ICL', (path: string) => rmSync(path)],
    ['deleted', 'ZSL', (path: string) => rmSync(path)],
  ])('computes only the record that was %s (%s) and gives the same bytes', async (what, setting, damage) => {
    const before = records(copy.out);
    const [victim] = [...before].filter(([name]) => name.endsWith(`${setting}.json`)) as [
      [string, { path: string; written: number }],
    ];
    damage(victim[1].path);
    const result = await iclGd(copy.arguments(...SEEDS));
    expect(result.code).toBe(0);
    expect(counts(result)).toContain(`, 1 computed (1 ${setting}), 6 taken from records`);
    expect(complaint(result).filter((line) => line.startsWith('WARNING:'))).toEqual(
      what === 'cut off' ? [`WARNING: ${victim[1].path} is damaged; computing it again`] : [],
    );
    const now = records(copy.out);
    expect([...now.keys()]).toEqual([...before.keys()]);
    for (const [name, { written }] of now) {
      if (name.startsWith(victim[0].replace('.json', '.')))
        expect(written).toBeGreaterThan(victim[1].written);
      else expect(written, name).toBe(before.get(name)?.written);
    }
    expect(tables(copy.out)).toEqual(first);
  });

  it('computes everything with --fresh, and gives the same bytes', async () => {
    const result = await iclGd(copy.arguments(...SEEDS, '--fresh'));
    expect(result.stderr).not.toContain('earlier run');
    expect(counts(result)).toContain(', 7 computed (1 ZSL, 2 ICL, 2 GD, 2 LCGD), 0 taken');
    expect(tables(copy.out)).toEqual(first);
  });

  it('adds a method to the records of another: nothing else is computed', async () => {
    using other = new FixtureCopy('own-text-gpt2');
    const gd = await iclGd(other.arguments('--seeds', '5,6', '--examples', '4', '--methods', 'gd'));
    expect(counts(gd)).toBe(
      'settings: 5 asked for (1 ZSL, 2 ICL, 2 GD), 5 computed (1 ZSL, 2 ICL, 2 GD), 0 taken from records',
    );
    const both = await iclGd(other.arguments('--seeds', '5,6', '--examples', '4', '--methods', 'gd,lcgd'));
    expect(counts(both)).toBe(
      'settings: 7 asked for (1 ZSL, 2 ICL, 2 GD, 2 LCGD), 2 computed (2 LCGD), 5 taken from records',
    );
    const together = await iclGd(
      other.arguments('--seeds', '5,6', '--examples', '4', '--out', join(other.folder, 'together')),
    );
    expect(together.code).toBe(0);
    expect(tables(other.out)).toEqual(tables(join(other.folder, 'together')));
  });

  it('needs no probes of finished methods once they are discarded, and computes baselines again for a new one', async () => {
    using other = new FixtureCopy('own-text-gpt2');
    const short = ['--seeds', '5', '--examples', '4', '--discard-probes'];
    await finish(other.arguments(...short, '--methods', 'gd'));
    expect([...records(other.out).keys()].filter((name) => name.endsWith('.safetensors'))).toEqual([]);
    expect(counts(await iclGd(other.arguments(...short, '--methods', 'gd')))).toContain(
      ', 0 computed, 3 taken',
    );
    const both = await iclGd(other.arguments(...short, '--methods', 'gd,lcgd'));
    // ICL and ZSL for LCGD's scores, GD for α.
    expect(counts(both)).toContain(', 4 computed (1 LCGD, 1 ZSL, 1 ICL, 1 GD), 0 taken from records');
    await finish(other.arguments('--seeds', '5', '--examples', '4', '--out', join(other.folder, 'kept')));
    expect(tables(other.out)).toEqual(tables(join(other.folder, 'kept')));
  });

  it('takes both probe tokens from the same passes', async () => {
    using other = new FixtureCopy('own-text-gpt2');
    const result = await iclGd(
      other.arguments('--seeds', '5', '--examples', '4', '--probe', 'label,prompt', '--fresh'),
    );
    expect(result.stderr.match(/^settings: .*$/gm)).toEqual([
      expect.stringContaining('4 computed'),
      expect.stringContaining('0 computed, 4 taken from records'),
    ]);
    for (const probe of ['label', 'prompt']) {
      const alone = join(other.folder, probe);
      await finish(other.arguments('--seeds', '5', '--examples', '4', '--probe', probe, '--out', alone));
      expect(tables(probe === 'label' ? other.out : join(other.out, 'prompt')), probe).toEqual(tables(alone));
    }
  });

  it('makes anew what is damaged: a pair, the noise floor, probes that a new learner needs', async () => {
    using other = new FixtureCopy('own-text-gpt2');
    const run = (...more: string[]) =>
      iclGd(other.arguments('--seeds', '5', '--examples', '4', '--noise-floor', ...more));
    const whole = ['--out', join(other.folder, 'whole')];
    await run(...whole);
    const undamaged = tables(join(other.folder, 'whole'));
    await run('--methods', 'gd');
    for (const [out, name, bytes] of [
      [other.out, 'ICL.safetensors', 3000],
      [join(other.folder, 'whole'), 'LCGD-GD.json', 100],
      [join(other.folder, 'whole'), 'noise.json', 100],
    ] as const) {
      const { path } = [...records(out)].find(([own]) => own.endsWith(name))![1];
      truncateSync(path, bytes);
      const result = await run(...(out === other.out ? [] : whole));
      expect(result.code, result.stderr).toBe(0);
      expect(result.stderr).toContain(`${path} is damaged`);
      expect(tables(out), name).toEqual(undamaged);
    }
  });

  it('scores what is kept anew where only the metrics have changed: nothing is computed', async () => {
    using other = new FixtureCopy('own-text-gpt2');
    const args = other.arguments('--seeds', '5', '--examples', '4');
    await finish(args);
    const before = tables(other.out);
    const folder = join(other.out, 'records');
    for (const name of readdirSync(folder)) {
      const renamed = join(folder, name.replace(/[0-9a-f]{32}/, 'f'.repeat(32)));
      renameSync(join(folder, name), renamed);
      if (name.endsWith('.json'))
        writeFileSync(
          renamed,
          readFileSync(renamed, 'utf8').replace(/"scores":"[0-9a-f]{32}"/, '"scores":"other"'),
        );
    }
    const result = await iclGd(args);
    expect(result.stderr).toContain('4 records were made with other metrics');
    expect(counts(result)).toContain(', 0 computed, 4 taken from records');
    expect(tables(other.out)).toEqual(before);
  });

  it('records a token that overflows without the other one', async () => {
    using other = new FixtureCopy('own-text-gpt2');
    const args = (...more: string[]) =>
      other.arguments('--seeds', '5', '--examples', '2', '--methods', 'gd', ...more);
    const queries = readJson(join(other.golden, 'demonstrations.json')) as { query_lengths: number[] };
    // A position that only the label after the longest query reaches, in zero-shot.
    const place = 1 + Math.max(...queries.query_lengths.slice(0, 2));
    other.editWeights((header, data) => {
      const at = header['transformer.wpe.weight']!.data_offsets[0] + place * 24 * 4;
      for (let i = 0; i < 24; i++) data.writeFloatLE(3e38, at + 4 * i);
    });
    const alone = await iclGd(args('--probe', 'prompt', '--out', join(other.folder, 'alone')));
    const both = await iclGd(args('--probe', 'label,prompt'));
    expect(both.code).toBe(1);
    expect(tables(join(other.out, 'prompt'))).toEqual(tables(join(other.folder, 'alone')));
    expect(alone.stderr).toMatch(/ZSL/);
  });

  it('takes over the seeds that a larger run shares with it', async () => {
    const result = await iclGd(copy.arguments(...SEEDS, '--seeds', '6,8'));
    expect(complaint(result).filter((line) => line.includes('taken from an earlier run'))).toEqual([
      expect.stringContaining('seed 6'),
    ]);
    // What the other run measured stays in the tables.
    expect(result.stderr).toContain('also in the tables, from other runs: trained mr seed 5 order 0\n');
    expect([...new Set(readCsv(join(copy.out, 'summary.csv')).map(({ seed }) => seed))]).toEqual([
      '5',
      '6',
      '8',
    ]);
  });

  it('takes nothing over once the weights have changed', async () => {
    copy.editWeights((header, data) => {
      const at = header['transformer.wte.weight']!.data_offsets[0];
      data.writeFloatLE(data.readFloatLE(at) + 0.25, at);
    });
    const result = await iclGd(copy.arguments(...SEEDS));
    expect(result.stderr).not.toContain('earlier run');
    // ZSL, and of two seeds ICL, GD and LCGD.
    expect(result.stderr).toContain('7 records were made with other model files: passed over');
  });
});

describe('runs of one configuration into one folder', () => {
  const copy = new FixtureCopy('own-text-gpt2');
  afterAll(() => copy[Symbol.dispose]());
  const run = (out: string, ...more: string[]) =>
    iclGd(copy.arguments('--examples', '3', '--out', join(copy.folder, out), ...more));
  const A = ['--seeds', '6,5'];
  const B = ['--seeds', '5', '--permutation', '2', '--variants', 'untrained,trained'];
  const trials = (out: string): string[] => [
    ...new Set(
      readCsv(join(copy.folder, out, 'cells.csv')).map(
        (row) => `${row['variant']} ${row['seed']}/${row['permutation']}`,
      ),
    ),
  ];

  it('are in its tables together, in the same bytes in whatever order they came', async () => {
    for (const own of [A, B]) expect((await run('ab', ...own)).code).toBe(0);
    for (const own of [B, A]) expect((await run('ba', ...own)).code).toBe(0);
    expect(trials('ab')).toEqual(['trained 5/0', 'trained 5/2', 'trained 6/0', 'untrained 5/2']);
    expect(tables(join(copy.folder, 'ab'))).toEqual(tables(join(copy.folder, 'ba')));
    const manifest = readJson(join(copy.folder, 'ab', 'manifest.json')) as { cells: object[] };
    expect(manifest.cells).toHaveLength(8);
    expect(readJson(join(copy.folder, 'ab', 'prompts.json'))).toHaveLength(3);
    // One that asks for less leaves them as they are, and the summary that was made of them.
    const before = tables(join(copy.folder, 'ab'));
    expect((await iclGd(['validate', '--from', join(copy.folder, 'ab')])).code).toBe(0);
    expect((await run('ab', '--seeds', '6')).code).toBe(0);
    expect(tables(join(copy.folder, 'ab'))).toEqual(expect.arrayContaining(before));
    const summary = readFileSync(join(copy.folder, 'ab', 'summary.md'), 'utf8');
    expect(summary).toContain('Variants: trained, untrained.');
    expect(summary).toContain('Seeds and orders: 5/0, 5/2, 6/0.');
  });

  it('are in the tables of the one that ends last where they run at once', async () => {
    expect((await run('beside', ...B)).code).toBe(0);
    const records = join(copy.folder, 'at-once', 'records');
    // What the other run records while this one computes: its list of records was read before.
    const other = setInterval(() => {
      if (!existsSync(records)) return;
      cpSync(join(copy.folder, 'beside', 'records'), records, { recursive: true });
      clearInterval(other);
    }, 1);
    const last = await run('at-once', ...A);
    expect(last.stderr).toContain(
      'also in the tables, from other runs: trained mr seed 5 order 2, untrained mr seed 5 order 2\n',
    );
    expect(tables(join(copy.folder, 'at-once'))).toEqual(tables(join(copy.folder, 'ba')));
  });

  it('of another configuration are not mixed in, and what the tables lack is said', async () => {
    expect((await run('other', ...A)).code).toBe(0);
    expect((await iclGd(['validate', '--from', join(copy.folder, 'other')])).code).toBe(0);
    const shots = await run('other', '--seeds', '8', '--shots', '2');
    expect(trials('other')).toEqual(['trained 8/0']);
    expect(shots.stderr).not.toContain('also in the tables');
    expect(shots.stderr).toContain('the tables that were here before were of another --shots: replaced');
    expect(readdirSync(join(copy.folder, 'other'))).not.toContain('summary.html');
    const fewer = await run('other', '--seeds', '9', '--methods', 'gd');
    expect(trials('other')).toEqual(['trained 5/0', 'trained 6/0', 'trained 9/0']);
    expect(fewer.stderr).toContain(
      'on record but not in these tables, since the command does not name them: methods LCGD\n',
    );
    const more = await run('other', '--seeds', '5', '--methods', 'lcgd,gd');
    expect(trials('other')).toEqual(['trained 5/0', 'trained 6/0']);
    expect(more.stderr).toContain(
      'on record without all that was asked for here, and so not in these tables: trained mr seed 9 order 0 (',
    );
    expect(more.stderr).not.toContain('replaced');
    const rate = await run('other', '--seeds', '5', '--learning-rate', '0.5', '--examples', '2', '--fresh');
    expect(rate.stderr).toContain('were of another --learning-rate, --examples: replaced');
    await run('other', '--seeds', '5', '--fresh');
    expect(trials('other')).toEqual(['trained 5/0']);
  });

  it('leave no probes of another configuration among the saved ones; the records keep them', async () => {
    const saved = (): string[] => readdirSync(join(copy.folder, 'saved', 'probes')).toSorted();
    await run('saved', '--seeds', '5', '--save-probes', '--shots', '2');
    const first = saved();
    writeFileSync(join(copy.folder, 'saved', 'probes', 'mine-seed5-01234567-GD.safetensors'), '');
    await run('saved', '--seeds', '6', '--shots', '2');
    expect(saved()).toEqual(expect.arrayContaining(first));
    await run('saved', '--seeds', '5', '--save-probes');
    expect(saved()).toHaveLength(5);
    expect(saved()).not.toEqual(expect.arrayContaining(first));
    expect(saved()).toContain('mine-seed5-01234567-GD.safetensors');
    await run('saved', '--seeds', '5', '--save-probes', '--shots', '2');
    expect(saved()).toEqual(expect.arrayContaining(first));
  });
});

describe('--save-probes', () => {
  it('writes h and m of a run that is on record already, without computing anything', async () => {
    using copy = new FixtureCopy('own-text-gpt2');
    await finish(copy.arguments());
    const result = await iclGd(copy.arguments('--save-probes'));
    expect(counts(result)).toContain(', 0 computed, 4 taken from records');
    const names = readdirSync(join(copy.out, 'probes'));
    expect(names.map((name) => name.replace(/^.*-/, '')).sort()).toEqual(
      ['GD', 'ICL', 'LCGD', 'ZSL'].map((setting) => `${setting}.safetensors`),
    );
    for (const name of names)
      expect(readTensor(join(copy.out, 'probes', name), 'attention_output').shape).toEqual([8, 2, 24]);
  });
});
