import { isAbsolute, relative, resolve } from 'node:path';

interface Places {
  readonly typedIn: string | undefined;
  readonly workingDirectory: string;
}

/**
 * A path as it can be used where the command was typed. npm and turbo run scripts in the folder of a package, and say in
 * INIT_CWD where they were called.
 *
 * @param path absolute, or relative to the working directory
 */
export function fromWhereTyped(
  path: string,
  { typedIn, workingDirectory }: Places = {
    typedIn: process.env['INIT_CWD'],
    workingDirectory: process.cwd(),
  },
): string {
  if (isAbsolute(path) || typedIn === undefined || relative(typedIn, workingDirectory) === '') return path;
  return resolve(workingDirectory, path);
}
