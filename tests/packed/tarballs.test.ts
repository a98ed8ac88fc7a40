import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { faultsOf } from '../../scripts/packing/check-tarball.ts';
import { type Tarball, packAll } from '../../scripts/packing/pack-all.ts';
import { publishedPackages } from '../../scripts/packing/packages.ts';
import { COMPILERS, compile, entriesOf, linkedProject } from './consumer.ts';
import { readmeExamples } from './examples.ts';

const PACKAGES = publishedPackages().map(({ manifest }) => manifest.name);
const folder = mkdtempSync(join(tmpdir(), 'icl-gd-packed-'));
const place = (name: string): string => join(folder, 'node_modules', name);
let tarballs: readonly Tarball[];
beforeAll(() => {
  tarballs = packAll(join(folder, 'tarballs'));
  linkedProject(folder, tarballs, ['@types/node', 'undici-types', '@webgpu/types']);
});
afterAll(() => rmSync(folder, { recursive: true }));

it('packs each package after those that it depends on', () => {
  expect(tarballs.map(({ name }) => name).toSorted()).toEqual([...PACKAGES].toSorted());
  expect(PACKAGES.indexOf('@icl-gd/transformer')).toBeGreaterThan(PACKAGES.indexOf('@icl-gd/gpu-kernels'));
  expect(PACKAGES.indexOf('@icl-gd/bench')).toBeGreaterThan(PACKAGES.indexOf('@icl-gd/methods'));
});

it.each(PACKAGES)(
  'the tarball of %s holds what its manifest leads to, and nothing of the repository alone',
  (name) => {
    expect(faultsOf(place(name))).toEqual([]);
  },
);

it('the tarballs are small', () => {
  const sizes = Object.fromEntries(tarballs.map(({ name, unpackedSize }) => [name.slice(8), unpackedSize]));
  expect(sizes['metrics']).toBeLessThan(400_000);
  expect(sizes['methods']).toBeLessThan(400_000);
  expect(sizes['gpu-kernels']).toBeLessThan(2_500_000);
  expect(sizes['transformer']).toBeLessThan(3_000_000);
  expect(sizes['bench']).toBeLessThan(5_000_000);
});

it('every entry is imported as JavaScript, and gives what it gives in the repository', async () => {
  const entries = PACKAGES.flatMap((name) => entriesOf(place(name)));
  expect(entries).toEqual(expect.arrayContaining(['@icl-gd/metrics', '@icl-gd/transformer/files']));
  expect(entries.filter((entry) => entry.includes('testing'))).toEqual([]);
  const script = `
    for (const entry of ${JSON.stringify(entries)}) {
      const at = import.meta.resolve(entry);
      if (!at.endsWith('.js') || !at.includes('/dist/')) throw new Error(at);
      console.log(JSON.stringify([entry, Object.keys(await import(entry)).toSorted()]));
    }`;
  writeFileSync(join(folder, 'imports.js'), script);
  const { stdout, stderr } = spawnSync(process.execPath, [join(folder, 'imports.js')], { encoding: 'utf8' });
  expect(stderr).toBe('');
  const names = Object.fromEntries(
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as [string, string[]]),
  );
  for (const entry of entries) {
    const source = (await import(entry)) as object;
    expect(names[entry], entry).toEqual(Object.keys(source).toSorted());
  }
});

/** One `export *` an entry, in a file each. */
function writeEntries(): string[] {
  return PACKAGES.flatMap((name) => entriesOf(place(name))).map((entry, i) => {
    writeFileSync(join(folder, `entry${i}.ts`), `export * from '${entry}';`);
    return `entry${i}.ts`;
  });
}

it('declarations need no library but JavaScript’s, and get on with the DOM’s', () => {
  const files = writeEntries();
  expect(compile(folder, { compiler: COMPILERS['TypeScript 7'], files, lib: ['es2023'], types: [] })).toBe(
    '',
  );
  const lib = ['es2023', 'dom', 'dom.iterable'];
  expect(compile(folder, { compiler: COMPILERS['TypeScript 7'], files, lib, types: [] })).toBe('');
});

it('the metrics’ declarations need no other package', () => {
  writeFileSync(join(folder, 'metrics.ts'), "export * from '@icl-gd/metrics';");
  const files = ['metrics.ts'];
  expect(compile(folder, { compiler: COMPILERS['TypeScript 7'], files, lib: ['es2023'], types: [] })).toBe(
    '',
  );
});

it('every example of the READMEs is strict TypeScript', () => {
  const examples = readmeExamples().filter(({ language }) => language === 'ts');
  expect(examples.length).toBeGreaterThan(4);
  mkdirSync(join(folder, 'examples'), { recursive: true });
  const files = examples.map(({ name, code }) => {
    writeFileSync(join(folder, 'examples', `${name}.ts`), code);
    return `examples/${name}.ts`;
  });
  expect(
    compile(folder, { compiler: COMPILERS['TypeScript 7'], files, lib: ['es2023'], types: ['node'] }),
  ).toBe('');
});

it('the command runs what was built', () => {
  const launcher = join(place('@icl-gd/bench'), 'bin/icl-gd.js');
  const { stdout, stderr } = spawnSync(process.execPath, [launcher, 'ls', 'presets'], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(stdout).toContain('paper-2.7b');
});

it('its threads are built too: the one that reads Parquet, and the one that says how far a command is', () => {
  const file = join(folder, 'rows.parquet');
  parquetWriteFile({ filename: file, columnData: [{ name: 'text', data: ['one', 'two'], type: 'STRING' }] });
  const script = `
    import { readFileSync } from 'node:fs';
    import { setTimeout } from 'node:timers/promises';
    import { readParquet } from './node_modules/@icl-gd/bench/dist/tasks/formats/parquet.js';
    import { doing } from './node_modules/@icl-gd/bench/dist/terminal/heartbeat.js';
    doing({ text: 'reading' });
    const { rows } = await readParquet(readFileSync('rows.parquet'), 'rows.parquet', [['text']]);
    console.log(JSON.stringify(rows));
    // Until the line is there: the test waits for the end.
    await setTimeout(60_000);`;
  writeFileSync(join(folder, 'threads.js'), script);
  const child = spawn(process.execPath, ['threads.js'], {
    ...{ cwd: folder, env: { ...process.env, ICL_GD_PROGRESS_SECONDS: '0.01' } },
  });
  const texts = { stdout: '', stderr: '' };
  return new Promise<void>((resolve, reject) => {
    const look = (stream: keyof typeof texts) => (chunk: Buffer) => {
      texts[stream] += chunk.toString();
      if (texts.stdout.includes('\n') && texts.stderr.includes('\n')) child.kill();
    };
    child.stdout.on('data', look('stdout'));
    child.stderr.on('data', look('stderr'));
    child.on('error', reject);
    child.on('close', () => resolve());
  }).then(() => {
    expect(texts.stdout).toBe('[{"text":"one"},{"text":"two"}]\n');
    expect(texts.stderr).toMatch(/^reading, \d+ s so far$/m);
  });
});
