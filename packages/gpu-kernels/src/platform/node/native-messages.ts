import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findPackage } from './optional-package.ts';

const STDERR = 2;

/** What the operating system's functions of these names do. */
interface Descriptors {
  dup(descriptor: number): number;
  dup2(from: number, to: number): number;
}

let descriptors: Promise<Descriptors | undefined> | undefined;

/** Node has no dup2, the optional package koffi calls it; undefined where either is not there, or does not run. */
async function loadDescriptors(): Promise<Descriptors | undefined> {
  if (process.platform === 'win32') return undefined;
  try {
    const file = findPackage('koffi');
    if (file === undefined) return undefined;
    const { default: koffi } = (await import(pathToFileURL(file).href)) as typeof import('koffi');
    const process = koffi.load(null);
    return { dup: process.func('int dup(int)'), dup2: process.func('int dup2(int, int)') };
  } catch {
    return undefined;
  }
}

/** One action after the other: there is one standard error. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs an action and keeps what native libraries write to standard error meanwhile. Dawn and the Vulkan loader write there
 * and nowhere else: they have neither an option nor a callback for it, and VK_LOADER_DEBUG does not cover what the loader
 * tells through Dawn. With the environment variable ICL_GD_DEBUG set, and where it cannot be done, nothing is kept.
 *
 * @returns the lines, for the caller to judge: what is no noise is to be printed
 */
export function keepingMessages<T>(action: () => Promise<T>): Promise<{ value: T; lines: string[] }> {
  const result = last.then(() => keep(action));
  last = result.catch(() => {});
  return result;
}

async function keep<T>(action: () => Promise<T>): Promise<{ value: T; lines: string[] }> {
  descriptors ??= loadDescriptors();
  const file = process.env['ICL_GD_DEBUG'] || !(await descriptors) ? undefined : temporaryFile();
  const functions = await descriptors;
  if (file === undefined || functions === undefined) return { value: await action(), lines: [] };
  // Node looks at once what kind of stream it is: not while it is a file.
  void process.stderr;
  const saved = functions.dup(STDERR);
  if (saved < 0) {
    closeSync(file);
    return { value: await action(), lines: [] };
  }
  functions.dup2(file, STDERR);
  let text: string | undefined;
  const restore = (): string => {
    if (text !== undefined) return text;
    functions.dup2(saved, STDERR);
    text = readAll(file);
    for (const descriptor of [saved, file]) closeSync(descriptor);
    return text;
  };
  // Whoever ends the process now does not lose what was written.
  const atExit = (): void => printMessages([restore()]);
  process.on('exit', atExit);
  try {
    const value = await action();
    return { value, lines: restore().split('\n') };
  } catch (error) {
    printMessages([restore()]);
    throw error;
  } finally {
    process.off('exit', atExit);
  }
}

/** Prints lines as the libraries would have. */
export function printMessages(lines: readonly string[]): void {
  for (const line of lines) if (line !== '') process.stderr.write(line.endsWith('\n') ? line : `${line}\n`);
}

/** The descriptor of a file that has no name any more. */
function temporaryFile(): number | undefined {
  try {
    const folder = mkdtempSync(join(tmpdir(), 'icl-gd-'));
    try {
      return openSync(join(folder, 'messages'), 'wx+', 0o600);
    } finally {
      rmSync(folder, { recursive: true });
    }
  } catch {
    return undefined;
  }
}

function readAll(file: number): string {
  const bytes = Buffer.alloc(fstatSync(file).size);
  return bytes.toString('utf8', 0, readSync(file, bytes, 0, bytes.length, 0));
}

/** Said on every software adapter, and where there is no device: nothing is wrong. */
const NOISE = [
  /^Warning: maxDynamic\w+ artificially reduced from \d+ to \d+/,
  /^(Error|Warning): (Loader Message: )?setup_loader_term_phys_devs: +Failed to detect any valid GPUs/,
  /^Warning: vkEnumeratePhysicalDevices$/,
  /^Warning: vkCreateInstance: Found no drivers!$/,
  /^Warning: vkCreateInstance failed with VK_ERROR_INCOMPATIBLE_DRIVER$/,
];
/** Where in Dawn's sources, on the machine that built it, something was noticed. */
const PLACE = /^ {4}at \w+ \(\S+:\d+\)$/;
/** A driver that is installed, or was asked for, cannot be used. */
const DRIVER =
  /^(Error|Warning): (Loader Message: )?(loader_icd_scan|loader_scanned_icd_add|terminator_\w+|\S+: cannot open shared object file|vkEnumerateInstanceExtensionProperties)\b/;

/** What was said while adapters were looked for. */
interface AdapterMessages {
  /** To be printed. */
  readonly other: readonly string[];
  /** Whether a driver of the system could not be used. */
  readonly driverFailed: boolean;
}

/** Sorts out what means nothing, or only that another adapter is to be taken. */
export function sortMessages(lines: readonly string[]): AdapterMessages {
  const left = lines.filter(
    (line) => line !== '' && !PLACE.test(line) && !NOISE.some((noise) => noise.test(line)),
  );
  return {
    other: left.filter((line) => !DRIVER.test(line)),
    driverFailed: left.some((line) => DRIVER.test(line)),
  };
}
