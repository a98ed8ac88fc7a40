import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
/** Of a GPU machine, a cluster, a company's network, and of who uses them. */
const VARIABLES = [
  ...['CUDA_VISIBLE_DEVICES', 'CUDA_DEVICE_ORDER', 'NVIDIA_VISIBLE_DEVICES', 'NVIDIA_DRIVER_CAPABILITIES'],
  ...[
    '__NV_PRIME_RENDER_OFFLOAD',
    '__EGL_VENDOR_LIBRARY_FILENAMES',
    '__GLX_VENDOR_LIBRARY_NAME',
    'DRI_PRIME',
  ],
  ...[
    'MESA_VK_DEVICE_SELECT',
    'MESA_SHADER_CACHE_DIR',
    'LIBGL_ALWAYS_SOFTWARE',
    'GALLIUM_DRIVER',
    'LP_NUM_THREADS',
  ],
  ...[
    'VK_DRIVER_FILES',
    'VK_ADD_DRIVER_FILES',
    'VK_ICD_FILENAMES',
    'VK_LOADER_DEBUG',
    'VK_LOADER_DRIVERS_SELECT',
  ],
  ...[
    'VK_LAYER_PATH',
    'VK_INSTANCE_LAYERS',
    'DISPLAY',
    'WAYLAND_DISPLAY',
    'LD_LIBRARY_PATH',
    'ROCR_VISIBLE_DEVICES',
  ],
  ...['SLURM_JOB_ID', 'SLURM_STEP_GPUS', 'SLURM_CPUS_PER_TASK', 'PBS_JOBID', 'LSB_JOBID'],
  ...[
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'ALL_PROXY',
    'NO_PROXY',
    'http_proxy',
    'https_proxy',
    'all_proxy',
    'no_proxy',
  ],
  ...['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'REQUESTS_CA_BUNDLE', 'NODE_OPTIONS'],
  ...[
    'HF_HOME',
    'HF_HUB_CACHE',
    'HF_TOKEN',
    'HF_TOKEN_PATH',
    'HF_ENDPOINT',
    'HF_HUB_OFFLINE',
    'HF_DATASETS_OFFLINE',
  ],
  ...[
    'HUGGINGFACE_HUB_CACHE',
    'HUGGING_FACE_HUB_TOKEN',
    'TRANSFORMERS_OFFLINE',
    'HF_HUB_DISABLE_IMPLICIT_TOKEN',
  ],
  ...['XDG_CACHE_HOME', 'XDG_CONFIG_HOME', 'XDG_RUNTIME_DIR', 'TMPDIR', 'TZ', 'LANG', 'LC_ALL'],
  ...['ICL_GD_ADAPTER', 'ICL_GD_DEBUG', 'NO_COLOR', 'FORCE_COLOR', 'COLUMNS', 'SCRATCH', 'OMP_NUM_THREADS'],
];
/** Values that must be ones of their kind, as something on the way reads them. */
const REAL: Record<string, string> = {
  TMPDIR: realpathSync(tmpdir()),
  NODE_OPTIONS: '--stack-trace-limit=7',
  LC_ALL: 'C',
};

const folder = mkdtempSync(join(tmpdir(), 'icl-gd-turbo-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('turbo hands on the environment that a bench would have without it', () => {
  const { packageManager, scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  copyFileSync(join(ROOT, 'turbo.json'), join(folder, 'turbo.json'));
  mkdirSync(join(folder, 'app'));
  const seen = join(folder, 'seen.json');
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'root', private: true, packageManager, workspaces: ['app'] }),
  );
  writeFileSync(
    join(folder, 'app/show.cjs'),
    `require('fs').writeFileSync(${JSON.stringify(seen)}, JSON.stringify(process.env))`,
  );
  // As `npm run bench` is declared, with another program in the end.
  expect(scripts.bench).toMatch(/turbo run bench --$/);
  writeFileSync(
    join(folder, 'app/package.json'),
    JSON.stringify({ name: 'app', version: '1.0.0', scripts: { bench: 'node show.cjs' } }),
  );
  const set = Object.fromEntries(VARIABLES.map((name) => [name, REAL[name] ?? `value of ${name}`]));
  const { status, stderr, stdout } = spawnSync(
    process.execPath,
    [createRequire(import.meta.url).resolve('turbo/bin/turbo'), 'run', 'bench'],
    {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', ...set },
    },
  );
  expect(status, stdout + stderr).toBe(0);
  const arrived = JSON.parse(readFileSync(seen, 'utf8'));
  expect(Object.fromEntries(VARIABLES.map((name) => [name, arrived[name]]))).toEqual(set);
});
