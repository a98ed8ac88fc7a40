import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

it('npm run bench hands its options on to the command, and paths are those of the repository', async () => {
  const { stdout } = await promisify(execFile)(
    'npm',
    [
      'run',
      'bench',
      '--',
      '--dry-run',
      '--fresh',
      '--methods',
      'gd',
      '--datasets',
      'syn-mr',
      '--seeds',
      '3',
      ...['--controls', 'none', '--rate', 'published'],
    ],
    { cwd: ROOT, shell: process.platform === 'win32' },
  );
  const said = stdout.split('\n').flatMap((line) => line.split('@icl-gd/bench:bench: ').slice(1));
  expect(said).toContain('results/embedded');
  expect(said.find((line) => line.includes('synthetic'))).toMatch(/│ syn-mr +│ synthetic │ 3:0 /);
  expect(said).toContain(
    '4 cells in all; a dry run: no model or data was read, nothing downloaded or written',
  );
});
