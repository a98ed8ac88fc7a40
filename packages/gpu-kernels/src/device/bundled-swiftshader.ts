import { createReadStream } from 'node:fs';
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';
import { extract } from 'tar-stream';

const ARCHIVE = 'bin/swiftshader.tar.br';
const LOADER = 'libvulkan.so.1';
const DRIVER_MANIFEST = 'vk_swiftshader_icd.json';
/** Linux's RTLD_NODELETE, which node does not name: keeps the loader mapped although it is no node addon. */
const RTLD_NODELETE = 0x1000;

/**
 * Unpacks the SwiftShader that comes inside `@sparticuz/chromium` (once, next to the installed packages, else under
 * the temporary directory).
 * @returns the path of its Vulkan driver manifest, or undefined where the package carries none for this platform.
 */
export async function bundledSwiftShader(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const root = packageRoot('@sparticuz/chromium');
  const folders = [
    join(root, '..', '..', '.cache', 'icl-gd'),
    join(tmpdir(), `icl-gd-${process.getuid?.()}`),
  ];
  let failure: unknown;
  for (const folder of folders) {
    try {
      return await unpackOnce(join(root, ARCHIVE), join(folder, 'swiftshader'));
    } catch (error) {
      failure = error;
    }
  }
  throw new Error(`cannot unpack the bundled SwiftShader: ${(failure as Error).message}`);
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

async function unpackOnce(archive: string, folder: string): Promise<string> {
  const manifest = join(folder, DRIVER_MANIFEST);
  if (await exists(manifest)) return manifest;
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  const staging = await mkdtemp(`${folder}-`);
  const entries = extract();
  entries.on('entry', (header, stream, next) => {
    const name = header.name.replace(/^\.\//, '');
    if (header.type !== 'file' || name.includes('/')) {
      stream.resume();
      stream.on('end', () => next());
      return;
    }
    const chunks: Buffer[] = [];
    stream.on('data', (chunk) => chunks.push(chunk as Buffer));
    stream.on('end', () => {
      writeFile(join(staging, name), Buffer.concat(chunks), { mode: 0o755 }).then(() => next(), next);
    });
  });
  await pipeline(createReadStream(archive), createBrotliDecompress(), entries);
  try {
    await rename(staging, folder);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    // Another process was first: its copy is as good.
    if (!(await exists(manifest))) throw error;
  }
  return manifest;
}

function packageRoot(name: string): string {
  const entry = createRequire(import.meta.url).resolve(name);
  const marker = join('node_modules', ...name.split('/'));
  return entry.slice(0, entry.lastIndexOf(marker) + marker.length);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
