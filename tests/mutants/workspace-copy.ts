import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const SCOPE = '@icl-gd';
/** What vite and vitest write below node_modules: each copy its own. */
const WRITTEN = ['.vite', '.vite-temp'];

/** A copy of the repository's files, in which packages of ours are the copy's own and all others are linked to. */
export class WorkspaceCopy implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'icl-gd-mutants-'));

  constructor(root: string) {
    const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    // A file that was deleted but is not yet committed is listed all the same.
    const files = listed.split('\0').filter((file) => file !== '' && existsSync(join(root, file)));
    for (const file of files) {
      const target = join(this.folder, file);
      mkdirSync(dirname(target), { recursive: true });
      copyFileSync(join(root, file), target);
    }
    this.#linkPackages(root);
  }

  #linkPackages(root: string): void {
    const [from, to] = [join(root, 'node_modules'), join(this.folder, 'node_modules')];
    mkdirSync(join(to, SCOPE), { recursive: true });
    for (const name of readdirSync(from).filter((name) => name !== SCOPE && !WRITTEN.includes(name)))
      symlinkSync(join(from, name), join(to, name));
    // Relative links, so that they lead into the copy.
    for (const name of readdirSync(join(from, SCOPE)))
      symlinkSync(readlinkSync(join(from, SCOPE, name)), join(to, SCOPE, name));
    for (const workspace of readdirSync(join(from, SCOPE))) {
      const folder = readlinkSync(join(from, SCOPE, workspace)).replace(/^(\.\.\/)+/, '');
      const own = join(root, folder, 'node_modules');
      if (existsSync(own)) symlinkSync(own, join(this.folder, folder, 'node_modules'));
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
