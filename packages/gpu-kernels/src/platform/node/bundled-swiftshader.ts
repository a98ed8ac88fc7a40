import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { extract } from 'tar-stream';
import { UserError } from '../errors.ts';
import { type Place, freshFolder, keepFiles, keepsEntries } from './private-folder.ts';

const ARCHIVE = 'bin/swiftshader.tar.br';
const LOADER = 'libvulkan.so.1';
const DRIVER = 'libvk_swiftshader.so';
const DRIVER_MANIFEST = 'vk_swiftshader_icd.json';
/** The archive also has the libraries of OpenGL. */
const NEEDED = [LOADER, DRIVER, DRIVER_MANIFEST];
/** Linux's RTLD_NODELETE, which node does not name: keeps the loader mapped although it is no node addon. */
const RTLD_NODELETE = 0x1000;

let unpacked: Promise<string> | undefined;

/**
 * Unpacks the SwiftShader that comes inside `@sparticuz/chromium`: next to the installed packages, else under the temporary
 * directory, else, where something that cannot be trusted is in the way, into a new folder for this process alone. What
 * lies there is loaded as code, so it must be this user's alone and equal to the archive, byte by byte.
 *
 * @returns the path of its Vulkan driver manifest, or undefined where the package carries none for this platform.
 * @throws UserError (`no-adapter`) if there is no place where other users could not change it
 */
export async function bundledSwiftShader(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  unpacked ??= unpack(packageRoot('@sparticuz/chromium'), tmpdir());
  return join(await unpacked, DRIVER_MANIFEST);
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

async function readArchive(archive: Uint8Array): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const entries = extract();
  entries.on('entry', (header, stream, next) => {
    const name = header.name.replace(/^\.\//, '');
    const chunks: Buffer[] = [];
    stream.on('data', (chunk) => chunks.push(chunk as Buffer));
    stream.on('end', () => {
      if (header.type === 'file' && NEEDED.includes(name)) files.set(name, Buffer.concat(chunks));
      next();
    });
  });
  await pipeline(Readable.from([archive]), createBrotliDecompress(), entries);
  const missing = NEEDED.find((name) => !files.has(name));
  if (missing !== undefined) throw new Error(`${ARCHIVE} of @sparticuz/chromium has no ${missing}`);
  return files;
}

/**
 * Maps the bundled Vulkan loader into the process, so that Dawn's own `dlopen` of the same soname finds it on machines
 * without a system loader and without `LD_LIBRARY_PATH`.
 */
export function mapBundledLoader(driverManifest: string): void {
  hasSystemVulkanLoader();
  loadLibrary(join(dirname(driverManifest), LOADER));
}

let systemLoader: boolean | undefined;

/** Whether the system has a Vulkan loader of its own: asked once, as a bundled one answers to the same name. */
export function hasSystemVulkanLoader(): boolean {
  systemLoader ??= process.platform !== 'linux' || loadLibrary(LOADER);
  return systemLoader;
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

function packageRoot(name: string): string {
  const entry = createRequire(import.meta.url).resolve(name);
  const marker = join('node_modules', ...name.split('/'));
  return entry.slice(0, entry.lastIndexOf(marker) + marker.length);
}
