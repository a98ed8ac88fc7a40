import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { runNode } from './golden.ts';

const ROOT = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'icl-gd-gpu-pack-'));
afterAll(() => rmSync(folder, { recursive: true }));
const [pack, home] = [join(folder, 'pack'), join(folder, 'home')];

/** In a folder of nothing, with an environment of nothing. */
function runPacked(args: readonly string[]): Promise<{ code: number | null; output: string }> {
  // Drivers keep what they compiled in a cache, which is not theirs to test.
  const caches = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const env = { PATH: '/usr/bin:/bin', HOME: home, TMPDIR: folder, XDG_CACHE_HOME: caches };
  const child = spawn(join(pack, 'run'), [...args], { cwd: home, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (output += text.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

it.runIf(process.platform === 'linux' && process.arch === 'x64')(
  'what pack:gpu makes measures on its own, from another folder, for a user who has nothing',
  async () => {
    const packed = await runNode([
      join(ROOT, 'apps/bench/bench/gpu/pack.ts'),
      ...['--out', pack, '--level', '0'],
    ]);
    expect(packed.code, packed.stderr).toBe(0);
    mkdirSync(home);
    // In the place of a graphics card's driver, where the machine has no Vulkan driver at all.
    const bundled = join(pack, 'node_modules/@sparticuz/chromium');
    mkdirSync(dirname(bundled), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules/@sparticuz/chromium'), bundled);
    const { code, output } = await runPacked([
      ...['--quick', '--steps', 'facts,determinism'],
      ...['--adapter', process.env['ICL_GD_ADAPTER'] ?? 'auto'],
    ]);
    expect(code, output).toBe(0);
    expect(readdirSync(home)).toEqual(['results']);
    const results = join(home, 'results/gpu');
    const rows = readFileSync(join(results, 'gpu.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const held = rows.filter(({ what }) => what === 'identity').map(({ holds }) => holds);
    expect(held).toEqual([true, true, true]);
    expect(readFileSync(join(results, 'gpu.md'), 'utf8')).toContain('| Determinism |');
  },
);
