const VERSION = /^(\d+)\.(\d+)\.(\d+)(?:-[0-9A-Za-z.-]+)?$/;

/** @throws RangeError unless `next` is a version, and not one before `now` */
export function requireNextVersion(now: string, next: string): void {
  const [before, after] = [now, next].map((version) => VERSION.exec(version)?.slice(1, 4).map(Number));
  if (!after) throw new RangeError(`${next} is no version; one is 1.2.3 or 1.2.3-rc.1`);
  const first = after.findIndex((part, i) => part !== before?.[i]);
  if (next === now || (first >= 0 && (after[first] as number) < (before?.[first] ?? 0)))
    throw new RangeError(`${next} does not come after ${now}`);
}

/** A package.json, or the text of one, with this version for itself and for all packages of the repository in it. */
export function withVersion(manifest: string, version: string): string {
  return manifest
    .replace(/^( {2}"version": )"[^"]*"/m, `$1"${version}"`)
    .replaceAll(/("@icl-gd\/[^"]+": )"[^"]*"/g, `$1"${version}"`);
}

/** CITATION.cff of a version. */
export function withCitation(citation: string, version: string, date: string): string {
  return citation
    .replace(/^version: .*$/m, `version: ${version}`)
    .replace(/^date-released: .*$/m, `date-released: ${date}`);
}

/**
 * CHANGELOG.md in which what is unreleased is the version's.
 * @throws RangeError where nothing is unreleased, or the version is there already
 */
export function releaseChangelog(changelog: string, version: string, date: string): string {
  if (changelog.includes(`\n## [${version}]`)) throw new RangeError(`CHANGELOG.md has ${version} already`);
  if (unreleased(changelog) === '') throw new RangeError('CHANGELOG.md has nothing under [Unreleased]');
  return changelog.replace(/^## \[Unreleased\]$/m, `## [Unreleased]\n\n## [${version}] - ${date}`);
}

/** What stands under [Unreleased]. */
export function unreleased(changelog: string): string {
  return (/^## \[Unreleased\]\n([\s\S]*?)(?=^## \[|(?![\s\S]))/m.exec(changelog)?.[1] ?? '').trim();
}
