import { execFileSync } from 'node:child_process';
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundledSwiftShader, hasSystemVulkanLoader, unpack } from './bundled-swiftshader.ts';

const PACKAGE = resolve(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '../..');
const NEEDED = ['libvk_swiftshader.so', 'libvulkan.so.1', 'vk_swiftshader_icd.json'];
const UID = process.geteuid?.();

describe.skipIf(process.platform !== 'linux' || process.arch !== 'x64')('the bundled SwiftShader', () => {
  let folder: string;
  let root: string;
  let temporary: string;
  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'icl-gd-unpack-')));
    root = join(folder, 'node_modules', '@sparticuz', 'chromium');
    temporary = join(folder, 'tmp');
    await mkdir(join(root, 'bin'), { recursive: true });
    await mkdir(temporary);
    await cp(join(PACKAGE, 'bin/swiftshader.tar.br'), join(root, 'bin/swiftshader.tar.br'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is unpacked next to the packages, with nothing but what is needed', async () => {
    const there = await unpack(root, temporary);
    expect(dirname(there)).toBe(join(folder, 'node_modules/.cache/icl-gd'));
    expect((await readdir(there)).sort()).toEqual(NEEDED);
    expect(await unpack(root, temporary)).toBe(there);
    expect(await readdir(temporary)).toEqual([]);
  });

  it('goes under the temporary directory where a changed library lies next to the packages', async () => {
    const there = await unpack(root, temporary);
    await writeFile(join(there, 'libvulkan.so.1'), 'evil');
    const other = await unpack(root, temporary);
    expect(dirname(other)).toBe(join(temporary, `icl-gd-${UID}`));
    expect((await readFile(join(other, 'libvulkan.so.1'))).length).toBeGreaterThan(100_000);
  });

  it('goes into a folder of this process alone where that is planted too, and removes it at the end', async () => {
    const name = basename(await unpack(root, temporary));
    const planted = join(temporary, `icl-gd-${UID}`, name);
    await writeFile(join(planted, 'libvulkan.so.1'), 'evil');
    // What earlier versions looked for.
    await mkdir(join(temporary, `icl-gd-${UID}`, 'swiftshader'));
    const script = `
      import { unpack } from ${JSON.stringify(new URL('bundled-swiftshader.ts', import.meta.url).href)};
      console.log(await unpack(${JSON.stringify(root)}, ${JSON.stringify(temporary)}));`;
    const used = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    }).trim();
    expect(dirname(used)).toBe(temporary);
    expect(basename(used)).toMatch(/^icl-gd-\w{6}$/);
    expect(await readdir(temporary)).toEqual([`icl-gd-${UID}`]);
  });

  it('is refused, with what to do, where other users could replace whatever is written', async () => {
    await chmod(temporary, 0o777);
    const refused = unpack(root, temporary);
    await expect(refused).rejects.toMatchObject({ name: 'UserError', code: 'no-adapter' });
    await expect(refused).rejects.toThrow(
      /tmp \(other users can change it\); set TMPDIR to a folder of your own$/,
    );
    await chmod(temporary, 0o700);
  });

  it('is refused, with what to do, where nothing can be written', async () => {
    await expect(unpack(root, join(folder, 'missing'))).rejects.toThrow(/missing \(ENOENT.*set TMPDIR/);
    await symlink(join(folder, 'missing'), join(folder, 'dangling'));
    await expect(unpack(root, join(folder, 'dangling'))).rejects.toThrow(/dangling \(ENOENT.*set TMPDIR/);
  });

  it('names the manifest that the loader is given', async () => {
    expect(await bundledSwiftShader()).toMatch(/swiftshader-[0-9a-f]{16}\/vk_swiftshader_icd\.json$/);
  });
});

it('whether the system has a loader is asked once a process: a bundled one that a copy of this module has mapped is not taken for it', () => {
  const found = hasSystemVulkanLoader();
  const answer = Object.getOwnPropertySymbols(globalThis).find((own) =>
    own.description?.includes('Vulkan loader'),
  ) as symbol;
  try {
    Object.assign(globalThis, { [answer]: !found });
    expect(hasSystemVulkanLoader()).toBe(!found);
  } finally {
    Object.assign(globalThis, { [answer]: found });
  }
});
