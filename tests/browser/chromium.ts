import { execFile } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { parseTar } from 'nanotar';

/** A Chromium that can be started. */
export interface Chromium {
  readonly executablePath: string;
  /** Environment to start it in. */
  readonly env: NodeJS.ProcessEnv;
}

const PROGRAM = 'chromium';
/** Archives of `@sparticuz/chromium` and the folder that each goes to. The libraries of SwiftShader lie beside the program. */
const ARCHIVES = { 'swiftshader.tar.br': '.', 'fonts.tar.br': '.', 'al2023.tar.br': 'system' } as const;
/** Of `al2023.tar.br`: the libraries that a bare system lacks. */
const SYSTEM_LIBRARIES = join('system', 'lib');
/** For systems without fonts; the one of the archive names folders that are not there. */
const FONTS = '<?xml version="1.0"?><fontconfig><dir prefix="relative">fonts</dir></fontconfig>\n';

/**
 * The Chromium that ICL_GD_CHROMIUM names, else the one inside `@sparticuz/chromium`, which needs nothing of the system but
 * its C library: what the program then lacks (nss and what belongs to it) is taken from the package.
 * @throws Error if there is none for this system
 */
export async function findChromium(): Promise<Chromium> {
  const chosen = process.env['ICL_GD_CHROMIUM'];
  if (chosen) {
    if (!existsSync(chosen)) throw new Error(`ICL_GD_CHROMIUM: there is no ${chosen}`);
    return { executablePath: chosen, env: process.env };
  }
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(
      `@sparticuz/chromium has no browser for ${process.platform} ${process.arch}: set ICL_GD_CHROMIUM to a Chromium or Chrome`,
    );
  const folder = await unpackedFolder();
  const executablePath = join(folder, PROGRAM);
  const fonts = existsSync('/etc/fonts/fonts.conf') ? {} : { FONTCONFIG_PATH: folder };
  const bundled = [join(folder, SYSTEM_LIBRARIES), process.env['LD_LIBRARY_PATH'] ?? ''].filter(Boolean);
  const failures: string[] = [];
  for (const libraries of [{}, { LD_LIBRARY_PATH: bundled.join(':') }]) {
    const env = { ...process.env, ...fonts, ...libraries };
    try {
      await promisify(execFile)(executablePath, ['--version'], { env });
      return { executablePath, env };
    } catch (error) {
      failures.push((error as Error).message.trim());
    }
  }
  throw new Error(`the Chromium of @sparticuz/chromium does not start: ${failures.join('; ')}`);
}

/** Next to the installed packages, which are trusted and executed as well; else in a folder of this process alone. */
async function unpackedFolder(): Promise<string> {
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  const root =
    entry.slice(0, entry.lastIndexOf(join('@sparticuz', 'chromium'))) + join('@sparticuz', 'chromium');
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const kept = join(root, '..', '..', '.cache', 'icl-gd', `chromium-${version}`);
  if (existsSync(kept)) return kept;
  const staging = await newFolder(dirname(kept));
  try {
    await unpack(join(root, 'bin'), staging.folder);
    if (!staging.beside) return staging.folder;
    await rename(staging.folder, kept);
  } catch (error) {
    await rm(staging.folder, { recursive: true, force: true });
    // Another process was first.
    if (!existsSync(kept)) throw error;
  }
  return kept;
}

async function newFolder(parent: string): Promise<{ folder: string; beside: boolean }> {
  try {
    await mkdir(parent, { recursive: true });
    return { folder: await mkdtemp(join(parent, '.chromium-')), beside: true };
  } catch (error) {
    if (!['EACCES', 'EROFS', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    const folder = await mkdtemp(join(tmpdir(), 'icl-gd-chromium-'));
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
    return { folder, beside: false };
  }
}

async function unpack(archives: string, folder: string): Promise<void> {
  for (const [archive, place] of Object.entries(ARCHIVES))
    await unpackTar(await readFile(join(archives, archive)), join(folder, place));
  await writeFile(join(folder, 'fonts.conf'), FONTS);
  const program = await promisify(brotliDecompress)(await readFile(join(archives, `${PROGRAM}.br`)));
  await writeFile(join(folder, PROGRAM), program, { mode: 0o700 });
}

async function unpackTar(archive: Uint8Array, folder: string): Promise<void> {
  for (const { type, name, data } of parseTar(await promisify(brotliDecompress)(archive))) {
    if (type !== 'file' || data === undefined) continue;
    const file = join(folder, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, data, { mode: 0o700 });
  }
}
