import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../packing/packages.ts';
import { releaseChangelog, requireNextVersion, unreleased, withCitation, withVersion } from './texts.ts';

/*
 * Prepares a release: versions in step, CHANGELOG.md, checks, tarballs, a commit and a tag. Nothing is pushed or published
 * (docs/releasing.md).
 *
 *   npm run release -- 0.2.0 [--dry-run]
 */
const { values, positionals } = parseArgs({
  options: { 'dry-run': { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [version = '', ...rest] = positionals;
const dryRun = values['dry-run'];
try {
  if (version === '' || rest.length > 0) throw new RangeError('say which version: npm run release -- 0.2.0');
  release(version, new Date().toISOString().slice(0, 10));
} catch (error) {
  console.error(`release: ${(error as Error).message}`);
  process.exitCode = 1;
}

function release(next: string, date: string): void {
  const tag = `v${next}`;
  requireNextVersion((JSON.parse(read('package.json')) as { version: string }).version, next);
  if (git('status', '--porcelain') !== '' && !dryRun)
    throw new Error('there are changes that are not committed');
  if (git('tag', '--list', tag) !== '') throw new Error(`the tag ${tag} is there already`);

  const manifests = git('ls-files', '--', 'package.json', '*/package.json').split('\n');
  const texts = new Map([
    ...manifests.map((file): [string, string] => [file, withVersion(read(file), next)]),
    ['CITATION.cff', withCitation(read('CITATION.cff'), next, date)],
    ['CHANGELOG.md', releaseChangelog(read('CHANGELOG.md'), next, date)],
  ]);
  const changed = [...texts].filter(([file, text]) => text !== read(file));
  console.log(
    `${changed.map(([file]) => file).join('\n')}\n\n${tag}\n\n${unreleased(read('CHANGELOG.md'))}\n`,
  );
  if (dryRun) {
    console.log('Nothing was written (--dry-run).');
    return;
  }
  try {
    for (const [file, text] of changed) writeFileSync(join(ROOT, file), text);
    run('npm', 'install', '--package-lock-only', '--ignore-scripts');
    run('npm', 'run', 'check');
    run('npm', 'run', 'pack', '--', '--out', 'dist');
  } catch (error) {
    git('restore', '--', ...changed.map(([file]) => file), 'package-lock.json');
    throw error;
  }
  git('add', '--', ...changed.map(([file]) => file), 'package-lock.json');
  git('commit', '--quiet', '--message', `Release ${next}`);
  git('tag', '--annotate', tag, '--message', `Release ${next}`);
  console.log(`
${tag} is committed and tagged here; the tarballs are in dist/. To publish it:

  git push origin HEAD ${tag}     # .github/workflows/release.yml tests it, and publishes with provenance

or by hand, without provenance: for tarball in dist/*-${next}.tgz; do npm publish "$tarball"; done
To take it back: git tag --delete ${tag} && git reset --hard HEAD~1`);
}

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
}

function run(program: string, ...args: string[]): void {
  execFileSync(program, args, { cwd: ROOT, stdio: 'inherit', shell: process.platform === 'win32' });
}
