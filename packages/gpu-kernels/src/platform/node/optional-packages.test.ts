import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withoutBindings } from './install-advice.ts';
import { findPackage } from './optional-package.ts';

const SOURCES = fileURLToPath(new URL('../..', import.meta.url));
const LEFT_OUT = /\.test\.ts$|[\\/](?:testing|wgsl)$/;

/** The folder of an installed package. */
function folderOf(name: string): string {
  const entry = findPackage(name) as string;
  const marker = join('node_modules', name);
  return entry.slice(0, entry.lastIndexOf(marker) + marker.length);
}

/*
 * A copy of this package in a folder where nothing optional is installed, and a program elsewhere that imports it by
 * path: what `npm link` makes.
 */
describe('packages that are optional', () => {
  let root: string;
  let app: string;
  beforeAll(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'icl-gd-optional-')));
    app = join(root, 'app');
    const copy = join(root, 'elsewhere/gpu-kernels');
    cpSync(SOURCES, join(copy, 'src'), { recursive: true, filter: (path) => !LEFT_OUT.test(path) });
    cpSync(join(SOURCES, '../package.json'), join(copy, 'package.json'));
    install(copy, 'nanotar');
  });
  beforeEach(() => {
    rmSync(app, { recursive: true, force: true });
    mkdirSync(join(app, 'node_modules'), { recursive: true });
  });
  afterAll(() => rmSync(root, { recursive: true }));

  function install(folder: string, ...names: readonly string[]): void {
    for (const name of names) {
      const link = join(folder, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(realpathSync(name === 'nanotar' ? nanotar() : folderOf(name)), link, 'junction');
    }
  }

  const nanotar = (): string => folderOf('nanotar');

  /** What the program makes of its adapter: what it is called, or code and message of the error. */
  function open(adapter: string, how: 'file' | 'text' = 'file'): string {
    const program = `
      import { acquireGpu } from '../elsewhere/gpu-kernels/src/index.ts';
      try {
        const gpu = await acquireGpu({ adapter: ${JSON.stringify(adapter)} });
        console.log('opened', gpu.adapter.profile);
        gpu.dispose();
      } catch (error) {
        console.log(error.name, error.code, error.message);
      }`;
    writeFileSync(join(app, 'program.mjs'), program);
    const args = how === 'file' ? [join(app, 'program.mjs')] : ['--input-type=module', '-e', program];
    // From elsewhere: what the program sees decides, not where it is started.
    const { stdout, stderr } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      cwd: how === 'file' ? root : app,
    });
    return stdout.trim() || stderr;
  }

  it('are asked for with the command that installs them', () => {
    expect(open('auto')).toMatch(
      /^UserError no-adapter .*the optional package webgpu is not installed: npm install webgpu/,
    );
  });

  const bundled = process.platform === 'linux' && process.arch === 'x64';

  it.runIf(bundled)('are found where the program that runs has them', () => {
    install(app, 'webgpu');
    expect(open('swiftshader')).toMatch(
      /^UserError no-adapter no usable adapter for "swiftshader" \(.*npm install @sparticuz\/chromium for one that runs on the CPU/,
    );
    install(app, '@sparticuz/chromium');
    expect(open('swiftshader')).toBe('opened swiftshader');
    expect(open('swiftshader', 'text')).toBe('opened swiftshader');
  });

  it('are asked for together where the machine has no driver', () => {
    const advice = (system: boolean, there: 'installed' | 'missing' | 'not-for-this-platform') =>
      withoutBindings({ system, bundled: there }).split('not installed: ')[1];
    expect(advice(true, 'missing')).toBe('npm install webgpu');
    expect(advice(false, 'installed')).toBe('npm install webgpu');
    expect(advice(false, 'not-for-this-platform')).toBe('npm install webgpu');
    expect(advice(false, 'missing')).toMatch(/^npm install webgpu @sparticuz\/chromium \(.*no Vulkan\)$/);
  });

  it('are those that are declared, as optional, by the package and in full by the program', async () => {
    const { default: manifest } = await import('../../../package.json', { with: { type: 'json' } });
    const peers = Object.keys(manifest.peerDependencies);
    expect(peers).toEqual(['@sparticuz/chromium', 'koffi', 'webgpu']);
    expect(Object.keys(manifest.dependencies)).not.toEqual(expect.arrayContaining(peers));
    for (const peer of peers) expect(manifest.peerDependenciesMeta).toHaveProperty([peer, 'optional'], true);
  });
});
