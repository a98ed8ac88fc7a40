import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { parseTar } from 'nanotar';
import { UserError } from '../../errors.ts';
import type { Drivers } from './install-advice.ts';
import { findPackage } from './optional-package.ts';
import { type Place, freshFolder, keepFiles, keepsEntries } from './private-folder.ts';

const ON_PLATFORM = process.platform === 'linux' && process.arch === 'x64';
const PACKAGE = '@sparticuz/chromium';
const ARCHIVE = 'bin/swiftshader.tar.br';
const LOADER = 'libvulkan.so.1';
const DRIVER = 'libvk_swiftshader.so';
const DRIVER_MANIFEST = 'vk_swiftshader_icd.json';
/** The archive also has the libraries of OpenGL. */
const NEEDED = [LOADER, DRIVER, DRIVER_MANIFEST];
/** Linux's RTLD_NODELETE, which node does not name: keeps the loader mapped although it is no node addon. */
const RTLD_NODELETE = 0x1000;

const decompress = promisify(brotliDecompress);

let unpacked: Promise<string> | undefined;

/**
 * Unpacks the SwiftShader that comes inside `@sparticuz/chromium`: next to the installed packages, else under the temporary
 * directory, else, where something that cannot be trusted is in the way, into a new folder for this process alone. What
 * lies there is loaded as code, so it must be this user's alone and equal to the archive, byte by byte.
 *
 * @returns the path of its Vulkan driver manifest, or undefined where the package carries none for this platform or is
 *   not installed.
 * @throws UserError (`no-adapter`) if there is no place where other users could not change it
 */
export async function bundledSwiftShader(): Promise<string | undefined> {
  const root = ON_PLATFORM ? packageRoot() : undefined;
  if (root === undefined) return undefined;
  unpacked ??= unpack(root, tmpdir());
  return join(await unpacked, DRIVER_MANIFEST);
}

/** Whether the optional package is there; it has no SwiftShader for most platforms. */
export function bundledPackage(): Drivers['bundled'] {
  if (!ON_PLATFORM) return 'not-for-this-platform';
  return packageRoot() === undefined ? 'missing' : 'installed';
}

function packageRoot(): string | undefined {
  const entry = findPackage(PACKAGE);
  const marker = join('node_modules', PACKAGE);
  return entry?.slice(0, entry.lastIndexOf(marker) + marker.length);
}

/**
 * Unpacks the archive of a package.
 * @param root the package's folder
 * @param temporary the temporary directory
 * @returns the folder with the loader, the driver and its manifest
 */
export async function unpack(root: string, temporary: string): Promise<string> {
  const archive = await readFile(join(root, ARCHIVE));
  const files = await readArchive(archive);
  // A name for each archive: another version of the package does not meet this one's files.
  const name = `swiftshader-${createHash('sha256').update(archive).digest('hex').slice(0, 16)}`;
  const modules = join(root, '..', '..');
  const kept = await keepFiles(files, { base: modules, path: ['.cache', 'icl-gd', name] });
  if (kept !== undefined) return kept;
  let reason = 'other users can change it';
  try {
    const folder = await unpackTemporarily(files, {
      base: temporary,
      path: [`icl-gd-${process.geteuid?.()}`, name],
    });
    if (folder !== undefined) return folder;
  } catch (error) {
    reason = (error as Error).message;
  }
  throw new UserError(
    `the bundled SwiftShader cannot be unpacked in the temporary directory ${temporary} (${reason}); set TMPDIR to a folder of your own`,
    'no-adapter',
  );
}

async function unpackTemporarily(
  files: ReadonlyMap<string, Uint8Array>,
  place: Place,
): Promise<string | undefined> {
  const kept = (await keepsEntries(place.base)) ? await keepFiles(files, place) : undefined;
  if (kept !== undefined) return kept;
  const folder = await freshFolder(files, place.base);
  if (folder !== undefined) process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function readArchive(archive: Uint8Array): Promise<Map<string, Uint8Array>> {
  const entries = parseTar(await decompress(archive));
  return new Map(
    NEEDED.map((name) => {
      const entry = entries.find((one) => one.type === 'file' && one.name.replace(/^\.\//, '') === name);
      if (entry?.data === undefined) throw new Error(`${ARCHIVE} of ${PACKAGE} has no ${name}`);
      return [name, entry.data];
    }),
  );
}

/**
 * Maps the bundled Vulkan loader into the process, so that Dawn's own `dlopen` of the same soname finds it on machines
 * without a system loader and without `LD_LIBRARY_PATH`.
 */
export function mapBundledLoader(driverManifest: string): void {
  hasSystemVulkanLoader();
  loadLibrary(join(dirname(driverManifest), LOADER));
}

/** Where the answer is kept for every copy of this module in the process. */
const SYSTEM_LOADER = Symbol.for('@icl-gd/gpu-kernels system Vulkan loader');

/** Whether the system has a Vulkan loader of its own: asked once a process, as a bundled one answers to the same name. */
export function hasSystemVulkanLoader(): boolean {
  const known = globalThis as { [SYSTEM_LOADER]?: boolean };
  known[SYSTEM_LOADER] ??= process.platform !== 'linux' || loadLibrary(LOADER);
  return known[SYSTEM_LOADER];
}

function loadLibrary(file: string): boolean {
  try {
    process.dlopen({ exports: {} }, file, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
    return true;
  } catch (error) {
    // Node reports every library that is not an addon as an error, after having mapped it.
    return (error as Error).message.includes('did not self-register');
  }
}
