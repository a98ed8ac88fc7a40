import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../scripts/packing/packages.ts';
import {
  releaseChangelog,
  requireNextVersion,
  unreleased,
  withCitation,
  withVersion,
} from '../../scripts/release/texts.ts';

it.each([
  ['0.1.0', '0.1.1'],
  ['0.9.3', '0.10.0'],
  ['0.9.3', '1.0.0-rc.1'],
  ['1.0.0-rc.1', '1.0.0'],
])('%s is followed by %s', (now, next) => {
  expect(() => requireNextVersion(now, next)).not.toThrow();
});

it.each([
  ['0.1.0', '0.1.0', 'does not come after'],
  ['0.10.0', '0.9.9', 'does not come after'],
  ['1.0.0', '0.20.0', 'does not come after'],
  ['0.1.0', 'v0.2.0', 'is no version'],
  ['0.1.0', '0.2', 'is no version'],
  ['0.1.0', '', 'is no version'],
])('%s is not followed by %j: it %s', (now, next, words) => {
  expect(() => requireNextVersion(now, next)).toThrow(words);
});

it('all packages of the repository get the version, in manifests and in what they depend on; nothing else does', () => {
  const manifest = `{
  "name": "@icl-gd/methods",
  "version": "0.1.0",
  "dependencies": {
    "@icl-gd/transformer": "0.1.0",
    "other": "0.1.0",
    "zod": "^4.6.7"
  },
  "nested": {
    "version": "0.1.0"
  }
}
`;
  expect(withVersion(manifest, '0.2.0')).toBe(
    manifest
      .replace('"version": "0.1.0",\n  "dep', '"version": "0.2.0",\n  "dep')
      .replace('transformer": "0.1.0"', 'transformer": "0.2.0"'),
  );
});

describe('the changelog', () => {
  const text =
    '# Changelog\n\nWords.\n\n## [Unreleased]\n\n### Added\n\n- A.\n\n## [0.1.0] - 2026-01-01\n\n- B.\n';

  it('gives what is unreleased to the version, and begins anew', () => {
    const released = releaseChangelog(text, '0.2.0', '2026-12-24');
    expect(released).toBe(text.replace('## [Unreleased]\n', '## [Unreleased]\n\n## [0.2.0] - 2026-12-24\n'));
    expect(unreleased(text)).toBe('### Added\n\n- A.');
    expect(unreleased(released)).toBe('');
  });

  it('is refused where nothing is unreleased, or the version is there', () => {
    const released = releaseChangelog(text, '0.2.0', '2026-12-24');
    expect(() => releaseChangelog(released, '0.3.0', '2026-12-25')).toThrow('nothing under [Unreleased]');
    expect(() => releaseChangelog(text, '0.1.0', '2026-12-25')).toThrow('has 0.1.0 already');
  });

  it('reads the last section too', () => {
    expect(unreleased('# Changelog\n\n## [Unreleased]\n\n- A.\n')).toBe('- A.');
    expect(unreleased('# Changelog\n')).toBe('');
  });
});

it('the files of this repository have what a release changes', () => {
  const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
  const { version } = JSON.parse(read('package.json')) as { version: string };
  expect(read('CHANGELOG.md')).toContain('\n## [Unreleased]\n');
  expect(read('CHANGELOG.md')).toContain(`\n## [${version}] - `);
  const cited = withCitation(read('CITATION.cff'), '9.8.7', '2030-01-02');
  expect(cited).toMatch(/^version: 9\.8\.7$/m);
  expect(cited).toMatch(/^date-released: 2030-01-02$/m);
  expect(withCitation(cited, version, '2030-01-02')).toMatch(new RegExp(`^version: ${version}$`, 'm'));
});
