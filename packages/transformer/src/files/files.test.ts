import { execFile } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UserError } from '../errors.ts';
import {
  WholeFile,
  isTemporary,
  linkWhole,
  removeEmptyFolder,
  sweepTemporaries,
  tryWriting,
  writeWhole,
} from './index.ts';
import { type FileFault, type FileStep, injectFileFaults } from './testing/file-faults.ts';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'icl-gd-files-'))));
afterEach(() => rm(folder, { recursive: true }));

/** Runs a module in a process of its own, in the folder. */
async function alone(script: string): Promise<string> {
  const text = `import * as files from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};\n${script}`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', text], {
    cwd: folder,
  });
  return stdout;
}

/** Does the work with a fault at one step; gives the steps that were taken. */
async function withFault(at: number, fault: FileFault, work: () => Promise<unknown>) {
  const steps: FileStep[] = [];
  const restore = injectFileFaults(folder, (index, step) => {
    steps.push(step);
    return index === at ? fault : undefined;
  });
  try {
    const error = await work().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    return { steps, error };
  } finally {
    restore();
  }
}

const path = (): string => join(folder, 'below', 'table.csv');
const KINDS = ['ENOSPC', 'EIO', 'EACCES', 'EMFILE', 'EDQUOT'].map((code) => ({ code }));

describe.each([
  ['writing', () => writeWhole(path(), 'a longer text')],
  ['linking', () => linkWhole(join(folder, 'source'), path())],
])('%s a file, with a fault at every step', (_, work) => {
  beforeEach(async () => {
    await writeFile(join(folder, 'source'), 'a longer text');
    await writeWhole(path(), 'before');
  });

  test.each([...KINDS, 'die' as const])(
    '%j leaves what was there, or what was to be there',
    async (fault) => {
      const { steps } = await withFault(-1, undefined, work);
      expect(steps.map(({ operation }) => operation)).toContain('rename');
      for (const at of steps.keys()) {
        await writeWhole(path(), 'before');
        const { error, steps: taken } = await withFault(at, fault, work);
        const content = await readFile(path(), 'utf8');
        expect(['before', 'a longer text'], `step ${at}`).toContain(content);
        if (error === undefined) expect(content).toBe('a longer text');
        else expect(error, `step ${at}`).toMatchObject({ name: 'UserError', code: 'storage' });
        // Whoever dies cannot tidy up, and a name that may not be removed stays.
        const undone = fault === 'die' || taken[at]?.operation === 'rm';
        if (!undone) expect(await readdir(join(folder, 'below'))).toEqual(['table.csv']);
        await sweepTemporaries(folder, ['below']);
        expect(await readdir(join(folder, 'below'))).toEqual(['table.csv']);
      }
    },
  );
});

test('what cannot be written is named in one line with its reason', async () => {
  await writeFile(join(folder, 'file'), '');
  await expect(writeWhole(join(folder, 'file', 'x.csv'), '')).rejects.toThrow(UserError);
  await mkdir(join(folder, 'taken', 'x.csv', 'y'), { recursive: true });
  await expect(writeWhole(join(folder, 'taken', 'x.csv'), '')).rejects.toMatchObject({ code: 'storage' });
  expect(await readdir(join(folder, 'taken'))).toEqual(['x.csv']);
  const { error } = await withFault(1, { code: 'ENOSPC' }, () => writeWhole(join(folder, 'x.csv'), 'text'));
  expect((error as Error).message).toBe(
    `${join(folder, 'x.csv')} does not fit: no space left on the device [ENOSPC]`,
  );
});

test.skipIf(process.platform !== 'linux')('a write that is cut short is an error', async () => {
  const script = `
    import { WholeFile } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
    const file = await WholeFile.create('table.csv');
    await file.append('x'.repeat(100_000)).catch(({ message }) => console.log(message));
    await file.abandon();`;
  // One block of 512 or 1024 bytes.
  const limited = ['-c', 'ulimit -f 1 && exec "$0" --input-type=module -e "$1"', process.execPath, script];
  const { stdout } = await promisify(execFile)('sh', limited, { cwd: folder });
  expect(stdout).toBe('table.csv does not fit: larger than files may be [EFBIG]\n');
  expect(await readdir(folder)).toEqual([]);
});

describe('several writers of one file', () => {
  test('all succeed, and a reader sees whole files alone', async () => {
    const texts = Array.from({ length: 8 }, (_, i) => `${i}`.repeat(200_000));
    await writeWhole(path(), texts[0] as string);
    const writers = new AbortController();
    const seen = new Set<number>();
    const reader = (async () => {
      while (!writers.signal.aborted) {
        const content = await readFile(path(), 'utf8');
        expect(texts.includes(content), `${content.length} characters`).toBe(true);
        seen.add(texts.indexOf(content));
      }
    })();
    for (let round = 0; round < 5; round++) await Promise.all(texts.map((text) => writeWhole(path(), text)));
    writers.abort();
    await reader;
    expect(seen.size).toBeGreaterThan(1);
    expect(await readdir(join(folder, 'below'))).toEqual(['table.csv']);
  });

  test('links that several give at once lead to the file, whose contents stay', async () => {
    await writeFile(join(folder, 'source'), 'probes');
    await Promise.all(Array.from({ length: 8 }, () => linkWhole(join(folder, 'source'), path())));
    expect(await readFile(path(), 'utf8')).toBe('probes');
    expect((await stat(path())).ino).toBe((await stat(join(folder, 'source'))).ino);
    expect(await readdir(join(folder, 'below'))).toEqual(['table.csv']);
  });
});

describe('folders', () => {
  test('can be tried without a trace', async () => {
    await tryWriting(join(folder, 'results', 'deep'));
    expect(await readdir(folder)).toEqual([]);
    await mkdir(join(folder, 'results'));
    await tryWriting(join(folder, 'results', 'deep'));
    expect(await readdir(folder, { recursive: true })).toEqual(['results']);
  });

  test('are removed if they are empty', async () => {
    await writeWhole(join(folder, 'full', 'file'), 'x');
    await mkdir(join(folder, 'empty'));
    for (const name of ['full', 'empty', 'none']) await removeEmptyFolder(join(folder, name));
    expect(await readdir(folder, { recursive: true })).toEqual(['full', 'full/file']);
  });

  test('can be tried and made by many at once, which leaves no files', async () => {
    const out = (i: number): string => join(folder, 'results', 'deep', `${i % 3}`);
    for (let round = 0; round < 5; round++) {
      await Promise.all(Array.from({ length: 12 }, (_, i) => tryWriting(out(i))));
      const left = await readdir(folder, { recursive: true, withFileTypes: true });
      expect(left.every((entry) => entry.isDirectory() && !isTemporary(entry.name))).toBe(true);
    }
    const all = Array.from({ length: 12 }, async (_, i) => {
      if (i % 2 === 0) await tryWriting(out(i));
      await writeWhole(join(out(i), `${i}.csv`), 'x');
    });
    await Promise.all(all);
    for (let i = 0; i < 12; i++) expect(existsSync(join(out(i), `${i}.csv`)), `${i}`).toBe(true);
  });

  test.each([
    ['open', () => writeWhole(path(), 'x')],
    ['link', () => linkWhole(join(folder, 'source'), path())],
    ['mkdir', () => tryWriting(join(folder, 'below', 'deeper'))],
  ])('that others remove just before %s are made again', async (operation, work) => {
    await writeFile(join(folder, 'source'), 'x');
    let removed = 0;
    const restore = injectFileFaults(folder, (_, step) => {
      if (step.operation === operation && dirname(step.path) !== folder && removed++ < 3)
        rmSync(join(folder, 'below'), { recursive: true });
      return undefined;
    });
    try {
      await work();
    } finally {
      restore();
    }
    expect(removed).toBeGreaterThan(3);
    if (operation !== 'mkdir') expect(await readFile(path(), 'utf8')).toBe('x');
  });

  test('can be tried by processes at once', async () => {
    const script = (i: number): string =>
      `for (let n = 0; n < 50; n++) await files.tryWriting('results/${i}');
       await files.writeWhole('results/${i}/x', 'x');`;
    await Promise.all([0, 1, 2, 3].map((i) => alone(script(i))));
    expect((await readdir(join(folder, 'results'))).toSorted()).toEqual(['0', '1', '2', '3']);
  });

  test('that cannot be made are an error: below a file, through a link that leads nowhere, below /proc', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(writeWhole(join(folder, 'file', 'x', 'y'), '')).rejects.toThrow(UserError);
    await symlink(join(folder, 'nowhere'), join(folder, 'link'));
    await expect(writeWhole(join(folder, 'link', 'x', 'y'), '')).rejects.toThrow(UserError);
    expect(existsSync(join(folder, 'nowhere'))).toBe(false);
    if (process.platform === 'linux') await expect(writeWhole('/proc/x/out', '')).rejects.toThrow(UserError);
  });
});

describe('unfinished files', () => {
  const names = async (): Promise<string[]> => (await readdir(folder, { recursive: true })).toSorted();

  test('of a writer that has died are swept, those of one that lives stay', async () => {
    const leave = `const file = await files.WholeFile.create('below/x.csv'); await file.append('x');`;
    await alone(`${leave} process.kill(process.pid, 'SIGKILL');`).catch(() => {});
    await alone(`${leave} process.exit();`);
    const left = await readdir(join(folder, 'below'));
    expect(left).toHaveLength(2);
    expect(left.every(isTemporary)).toBe(true);
    const living = await WholeFile.create(path());
    await sweepTemporaries(folder);
    expect(await readdir(join(folder, 'below'))).toHaveLength(3);
    await sweepTemporaries(folder, ['below']);
    expect(await readdir(join(folder, 'below'))).toHaveLength(1);
    // Asked by another process, too.
    await alone(`await files.sweepTemporaries('.', ['below']);`);
    expect(await readdir(join(folder, 'below'))).toHaveLength(1);
    await living.append('whole');
    await living.publish();
    expect(await names()).toEqual(['below', 'below/table.csv']);
  });

  test('of another machine, or of an earlier version, are swept when they are a day old', async () => {
    const old = ['.icl-gd-00000000-1-0123456789abcdef.tmp', 'a.json.partial'];
    const uuid = '01234567-89ab-cdef-0123-456789abcdef';
    const all = [...old, `b.safetensors.${uuid}.tmp`];
    const others = ['notes.partial.txt', 'mine.tmp', 'c.safetensors', '.icl-gd-x.tmp'];
    for (const name of [...all, ...others]) await writeFile(join(folder, name), '');
    await sweepTemporaries(folder);
    expect(await names()).toHaveLength(7);
    const yesterday = Date.now() / 1000 - 25 * 3600;
    for (const name of [...all, ...others]) await utimes(join(folder, name), yesterday, yesterday);
    await sweepTemporaries(folder);
    expect(await names()).toEqual(others.toSorted());
  });

  test('a link in the name of one is removed, what it leads to is not', async () => {
    await writeFile(join(folder, 'precious'), 'x');
    await alone(`await files.WholeFile.create('x.csv'); process.exit();`);
    const [name] = (await readdir(folder)).filter(isTemporary) as [string];
    await rm(join(folder, name));
    await symlink(join(folder, 'precious'), join(folder, name));
    await sweepTemporaries(folder);
    expect(await names()).toEqual(['precious']);
    expect(await readFile(join(folder, 'precious'), 'utf8')).toBe('x');
  });

  test('a folder that may not be read is left alone', async () => {
    await chmod(folder, 0o300);
    await expect(sweepTemporaries(folder)).resolves.toBeUndefined();
    await chmod(folder, 0o700);
  });
});
