import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';

/** Unpacks a tarball of npm into a folder, as `npm install` does, and returns the folder. */
export function unpack(tarball: string, folder: string): string {
  mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', folder, '--strip-components', '1']);
  return folder;
}
