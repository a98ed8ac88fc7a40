import { readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { UserError } from '../errors.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Whether a switch is on, by the words that huggingface_hub takes for yes. */
export function isTrue(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? '');
}

/**
 * A path from an environment variable with `~`, `~user`, `$NAME` and `${NAME}` (on Windows also `%NAME%`) replaced, as
 * Python's `expandvars(expanduser(path))` does. A variable that is not set stays as it is written.
 *
 * @param name of the variable that holds the path, for errors
 * @param warn told of a variable that is not set
 * @throws UserError for the home of a user who is not known here
 */
export function expandPath(
  path: string,
  name: string,
  env: Environment,
  warn: (line: string) => void = () => {},
): string {
  const variable =
    process.platform === 'win32' ? /\$(\w+)|\$\{([^}]*)\}|%([^%]+)%/g : /\$(\w+)|\$\{([^}]*)\}/g;
  return expandHome(path, name, env).replace(
    variable,
    (written: string, ...names: (string | undefined)[]) => {
      const wanted = names.slice(0, 3).find((found) => found !== undefined) ?? '';
      const value = env[wanted];
      if (value === undefined)
        warn(`${name} names ${written}, which is not set: a folder of that very name is used`);
      return value ?? written;
    },
  );
}

/** The home directory, as Python's `expanduser('~')`. */
export function home(env: Environment): string {
  return (process.platform === 'win32' ? env['USERPROFILE'] : env['HOME']) ?? homedir();
}

function expandHome(path: string, name: string, env: Environment): string {
  const [, user, rest = ''] = /^~([^/\\]*)(.*)$/s.exec(path) ?? [];
  if (user === undefined) return path;
  const folder = user === '' ? home(env) : homeOf(user);
  if (folder === undefined)
    throw new UserError(
      `${name}=${path}: the home directory of the user "${user}" is not known here; write the whole path`,
    );
  return folder.replace(/\/+$/, '') + rest || '/';
}

function homeOf(user: string): string | undefined {
  const own = userInfo();
  if (own.username === user) return own.homedir;
  try {
    const entries = readFileSync('/etc/passwd', 'utf8').split('\n');
    return entries.map((entry) => entry.split(':')).find(([entry]) => entry === user)?.[5];
  } catch {
    return undefined;
  }
}
