import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

const SCOPE = '@icl-gd';
/** Folders of the root that have files of the repository; others hold results, reports and what tools write. */
const FOLDERS = ['apps', 'docs', 'examples', 'packages', 'tests'];
const MADE = /[\\/](?:node_modules|dist|docs[\\/]api)$/;
/** What vite and vitest write below node_modules: each copy its own. */
const WRITTEN = ['.vite', '.vite-temp'];

/** A copy of the repository's files, in which packages of ours are the copy's own and all others are linked to. */
export class WorkspaceCopy implements Disposable {
  // Where the system's temporary folder is a link, tools name files by its target.
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'icl-gd-workspace-')));

  /** @param root of the repository, with its dependencies installed */
  constructor(root: string) {
    for (const entry of readdirSync(root, { withFileTypes: true })) {
      if (!entry.isFile() && !FOLDERS.includes(entry.name)) continue;
      cpSync(join(root, entry.name), join(this.folder, entry.name), {
        recursive: true,
        filter: (path) => !MADE.test(path),
      });
    }
    this.#linkPackages(root);
  }

  #linkPackages(root: string): void {
    const link = (target: string, ...path: string[]): void =>
      symlinkSync(target, join(this.folder, ...path), 'junction');
    const installed = join(root, 'node_modules');
    mkdirSync(join(this.folder, 'node_modules', SCOPE), { recursive: true });
    for (const entry of readdirSync(installed, { withFileTypes: true }))
      if (entry.isDirectory() && entry.name !== SCOPE && !WRITTEN.includes(entry.name))
        link(join(installed, entry.name), 'node_modules', entry.name);
    for (const name of readdirSync(join(installed, SCOPE))) {
      const workspace = relative(realpathSync(root), realpathSync(join(installed, SCOPE, name)));
      link(join(this.folder, workspace), 'node_modules', SCOPE, name);
      const own = join(root, workspace, 'node_modules');
      if (existsSync(own)) link(own, workspace, 'node_modules');
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
