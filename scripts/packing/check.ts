import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { faultsOf } from './check-tarball.ts';
import { packAll } from './pack-all.ts';
import { ROOT } from './packages.ts';
import { unpack } from './unpack.ts';

/*
 * Packs every package once and has the tarballs judged: by publint and arethetypeswrong, and for what they do not look at
 * by check-tarball.ts.
 */
const folder = mkdtempSync(join(tmpdir(), 'icl-gd-check-'));
try {
  for (const { name, path } of packAll(folder)) {
    const faults = faultsOf(unpack(path, join(folder, 'node_modules', name)));
    if (faults.length > 0) throw new Error(faults.join('\n'));
    run('publint/src/cli.js', path, '--strict');
    // They are ES modules alone, for Node 20 and newer.
    run('@arethetypeswrong/cli/dist/index.js', path, '--profile', 'esm-only');
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}

function run(tool: string, ...args: string[]): void {
  const { status, stdout } = spawnSync(process.execPath, [join(ROOT, 'node_modules', tool), ...args], {
    ...{ encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  });
  if (status !== 0) throw new Error(`${args[0]}: ${tool}\n${stdout}`);
}
