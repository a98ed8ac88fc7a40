import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, openSync, closeSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { sortMessages } from './native-messages.ts';

const folder = mkdtempSync(join(tmpdir(), 'icl-gd-messages-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MODULE = JSON.stringify(new URL('native-messages.ts', import.meta.url).href);
const ADAPTERS = JSON.stringify(new URL('adapters.ts', import.meta.url).href);

/** Runs lines of a program in a process of its own; `native` writes as a library does, past Node's streams. */
function run(program: string, env: Record<string, string> = {}, stderr: 'pipe' | number = 'pipe') {
  const script = `
    import { writeSync } from 'node:fs';
    import { setTimeout as sleep } from 'node:timers/promises';
    import { keepingMessages, printMessages } from ${MODULE};
    const native = (text) => writeSync(2, text);
    ${program}`;
  const {
    status,
    stdout,
    stderr: said,
  } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', stderr],
    env: { ...process.env, ICL_GD_DEBUG: '', NODE_OPTIONS: '', ...env },
  });
  return { status, stdout: stdout.trim(), stderr: said };
}

describe.skipIf(process.platform === 'win32')('messages of native libraries', () => {
  const TWICE = `
    native('before\\n');
    const [a, b] = await Promise.all([
      keepingMessages(async () => { native('a1\\n'); await sleep(20); native('a2\\n'); return 1; }),
      keepingMessages(async () => { native('b\\n'); return 2; }),
    ]);
    native('after\\n');
    console.log(JSON.stringify([a, b]));`;

  it('are kept for as long as an action runs, one action after the other', () => {
    const { stdout, stderr } = run(TWICE);
    expect(JSON.parse(stdout)).toEqual([
      { value: 1, lines: ['a1', 'a2', ''] },
      { value: 2, lines: ['b', ''] },
    ]);
    expect(stderr).toBe('before\nafter\n');
  });

  it('leave a file that standard error goes to as it is', () => {
    const file = join(folder, 'log');
    writeFileSync(file, '');
    const descriptor = openSync(file, 'r+');
    run(TWICE, {}, descriptor);
    closeSync(descriptor);
    expect(readFileSync(file, 'utf8')).toBe('before\nafter\n');
  });

  it.each([
    ['ICL_GD_DEBUG is set', { ICL_GD_DEBUG: '1' }],
    ['there is no place for them', { TMPDIR: '/no/such/folder' }],
  ])('are written at once where %s', (_, env) => {
    const { stdout, stderr } = run(TWICE, env);
    expect(stderr).toBe('before\na1\na2\nb\nafter\n');
    expect(JSON.parse(stdout)[0]).toEqual({ value: 1, lines: [] });
  });

  it('are not lost where the action fails, or the process ends meanwhile', () => {
    const failed = run(`
      await keepingMessages(async () => { native('said\\n'); throw new Error('no'); }).catch((e) => console.log(e.message));
      native('after\\n');`);
    expect(failed).toMatchObject({ stdout: 'no', stderr: 'said\nafter\n' });
    const ended = run(`await keepingMessages(async () => { native('said\\n'); process.exit(3); });`);
    expect(ended).toMatchObject({ status: 3, stderr: 'said\n' });
  });

  it('of a search for adapters are not printed where drivers of the system have no device, or do not load', () => {
    const driver = join(folder, 'driver.json');
    const ICD = { library_path: '/no/such/library.so', api_version: '1.3.0' };
    writeFileSync(driver, JSON.stringify({ file_format_version: '1.0.0', ICD }));
    const { stdout, stderr } = run(
      `const { findAdapter } = await import(${ADAPTERS});
       const { description } = await findAdapter('software');
       console.log(description.profile);
       process.exit(0);`,
      { VK_DRIVER_FILES: driver, VK_ICD_FILENAMES: driver },
    );
    expect(stderr).toBe('');
    expect(stdout).toBe('swiftshader');
  });
});

const PLACE =
  '    at GatherPhysicalDevices (/somewhere/third_party/dawn/src/dawn/native/vulkan/VulkanInfo.cpp:147)';

describe('sortMessages', () => {
  it('drops what is said where nothing is wrong', () =>
    expect(
      sortMessages([
        'Warning: maxDynamicUniformBuffersPerPipelineLayout artificially reduced from 1000000 to 16 to fit dynamic offset allocation limit.',
        'Warning: maxDynamicStorageBuffersPerPipelineLayout artificially reduced from 1000000 to 16 to fit dynamic offset allocation limit.',
        'Error: Loader Message: setup_loader_term_phys_devs:  Failed to detect any valid GPUs in the current config',
        'Warning: vkEnumeratePhysicalDevices',
        PLACE,
        '',
        'Warning: vkCreateInstance: Found no drivers!',
        'Warning: vkCreateInstance failed with VK_ERROR_INCOMPATIBLE_DRIVER',
        PLACE,
        '',
        '',
      ]),
    ).toEqual({ other: [], driverFailed: false }));

  it.each([
    'Warning: /usr/lib/libGLX_nvidia.so.0: cannot open shared object file: No such file or directory',
    'Warning: loader_icd_scan: Failed loading library associated with ICD JSON libx.so. Ignoring this JSON',
    "Warning: loader_scanned_icd_add: Attempt to retrieve either 'vkGetInstanceProcAddr' or 'vk_icdGetInstanceProcAddr' from ICD libm.so failed.",
    'Error: Loader Message: terminator_CreateInstance: Received return code -9 from call to vkCreateInstance in ICD libx.so. Skipping this driver.',
    'Warning: vkEnumerateInstanceExtensionProperties',
  ])('notes a driver that cannot be used: %s', (line) =>
    expect(sortMessages([line, PLACE])).toEqual({ other: [], driverFailed: true }),
  );

  it('leaves everything else', () => {
    const others = [
      'Warning: loader_get_json: Failed to open JSON file /nonexistent.json',
      'Error: something new',
      'MESA: error: something',
      'vkCreateInstance failed',
    ];
    expect(sortMessages(others)).toEqual({ other: others, driverFailed: false });
  });
});
