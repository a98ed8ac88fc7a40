import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freshFolder, keepFiles, keepsEntries } from './private-folder.ts';

const FILES = new Map([
  ['libvulkan.so.1', Buffer.from('loader')],
  ['driver.json', Buffer.from('{}')],
]);
const USER = process.geteuid?.() ?? -1;
/** Where there are no owners and modes, nothing is unpacked. */
const onWindows = process.platform === 'win32';

let base: string;
beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'icl-gd-place-')));
});
afterEach(() => rm(base, { recursive: true }));

const keep = (user = USER) => keepFiles(FILES, { base, path: ['mine', 'files'] }, user);
const kept = () => join(base, 'mine', 'files');

describe.skipIf(onWindows)('keepFiles', () => {
  it('makes folders for this user alone, and takes them again', async () => {
    expect(await keep()).toBe(kept());
    for (const folder of [join(base, 'mine'), kept()]) expect((await lstat(folder)).mode & 0o777).toBe(0o700);
    const { ino } = await lstat(kept());
    expect(await keep()).toBe(kept());
    expect((await lstat(kept())).ino).toBe(ino);
    expect((await readdir(kept())).sort()).toEqual([...FILES.keys()].sort());
    expect(await readdir(join(base, 'mine'))).toEqual(['files']);
  });

  it('gives the same folder to processes that start at once', async () => {
    expect(await Promise.all([keep(), keep(), keep(), keep()])).toEqual([kept(), kept(), kept(), kept()]);
    expect(await readdir(join(base, 'mine'))).toEqual(['files']);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['other contents', () => writeFile(join(kept(), 'libvulkan.so.1'), 'evil!!')],
    ['longer contents', () => writeFile(join(kept(), 'libvulkan.so.1'), 'loader and more')],
    ['a file cut short', () => writeFile(join(kept(), 'libvulkan.so.1'), '')],
    ['a file less', () => rm(join(kept(), 'driver.json'))],
    ['a file that others may write to', () => chmod(join(kept(), 'driver.json'), 0o622)],
    ['a folder that others may write to', () => chmod(kept(), 0o777)],
    ['a folder that others may look into', () => chmod(kept(), 0o755)],
    ['an outer folder that others may write to', () => chmod(join(base, 'mine'), 0o770)],
    [
      'a link in place of a file',
      async () => {
        await writeFile(join(base, 'copy'), FILES.get('driver.json') as Buffer);
        await rm(join(kept(), 'driver.json'));
        await symlink(join(base, 'copy'), join(kept(), 'driver.json'));
      },
    ],
    [
      'a folder in place of a file',
      async () => {
        await rm(join(kept(), 'driver.json'));
        await mkdir(join(kept(), 'driver.json'));
      },
    ],
    [
      'a link in place of the folder',
      async () => {
        await keepFiles(FILES, { base, path: ['elsewhere'] });
        await rm(kept(), { recursive: true });
        await symlink(join(base, 'elsewhere'), kept());
      },
    ],
    [
      'a link in place of the outer folder',
      async () => {
        await keepFiles(FILES, { base, path: ['elsewhere', 'files'] });
        await rm(join(base, 'mine'), { recursive: true });
        await symlink(join(base, 'elsewhere'), join(base, 'mine'));
      },
    ],
    [
      'a file in place of the outer folder',
      async () => {
        await rm(join(base, 'mine'), { recursive: true });
        await writeFile(join(base, 'mine'), '');
      },
    ],
  ])('does not take %s', async (_, plant) => {
    expect(await keep()).toBe(kept());
    await plant();
    expect(await keep()).toBeUndefined();
  });

  it('does not take what another user made', async () => {
    expect(await keep()).toBe(kept());
    expect(await keep(USER + 1)).toBeUndefined();
    // As root the owner can really be changed.
    if (USER !== 0) return;
    for (const path of [join(base, 'mine'), kept(), join(kept(), 'libvulkan.so.1')]) {
      await chown(path, 4242, 4242);
      expect(await keep(), path).toBeUndefined();
      await chown(path, USER, USER);
    }
    expect(await keep()).toBe(kept());
  });

  it('writes nothing through a link that was planted', async () => {
    await mkdir(join(base, 'target'));
    await symlink(join(base, 'target'), join(base, 'mine'));
    expect(await keep()).toBeUndefined();
    await rm(join(base, 'mine'));
    await mkdir(join(base, 'mine'), { mode: 0o700 });
    await symlink(join(base, 'nowhere'), kept());
    expect(await keep()).toBeUndefined();
    expect(await readdir(join(base, 'target'))).toEqual([]);
    expect(await readdir(base)).toEqual(['mine', 'target']);
  });
});

describe.skipIf(onWindows)('freshFolder', () => {
  it('makes another folder each time, for this user alone', async () => {
    const first = (await freshFolder(FILES, base)) as string;
    const second = (await freshFolder(FILES, base)) as string;
    expect(first).not.toBe(second);
    expect((await lstat(first)).mode & 0o777).toBe(0o700);
    expect(await readFile(join(second, 'libvulkan.so.1'), 'utf8')).toBe('loader');
  });

  it('takes no parent in which others can rename it', async () => {
    await chmod(base, 0o777);
    expect(await freshFolder(FILES, base)).toBeUndefined();
    expect(await readdir(base)).toEqual([]);
    await chmod(base, 0o1777);
    expect(await freshFolder(FILES, base)).toBeDefined();
  });
});

describe.skipIf(onWindows)('keepsEntries', () => {
  it('asks about every folder above, links followed', async () => {
    await mkdir(join(base, 'open', 'inner'), { recursive: true });
    expect(await keepsEntries(join(base, 'open', 'inner'))).toBe(true);
    await chmod(join(base, 'open'), 0o777);
    expect(await keepsEntries(join(base, 'open', 'inner'))).toBe(false);
    await symlink(join(base, 'open', 'inner'), join(base, 'link'));
    expect(await keepsEntries(join(base, 'link'))).toBe(false);
    await chmod(join(base, 'open'), 0o1777);
    expect(await keepsEntries(join(base, 'link'))).toBe(true);
  });
});
