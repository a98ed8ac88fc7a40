import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// Programs and threads that tests start compile each module once, not each time.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules/.cache/node-compile');

export default defineConfig({
  test: {
    include: ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'tests/**/*.test.ts'],
    setupFiles: ['@icl-gd/gpu-kernels/testing/setup'],
    // Native GPU bindings crash worker threads. The files that a process runs share its modules, its device and the kernels
    // that are compiled.
    pool: 'forks',
    isolate: false,
    maxWorkers: 2,
    // Hubs of tests are on loopback, and asked as the tests say, whatever the environment says.
    // Lines about progress are asked for where they are tested.
    env: {
      ICL_GD_PROGRESS_SECONDS: '0',
      ...{
        NO_PROXY: '*',
        no_proxy: '*',
        HUGGINGFACE_HUB_CACHE: '',
        HUGGING_FACE_HUB_TOKEN: '',
        HF_TOKEN_PATH: '',
      },
      ...{ TRANSFORMERS_OFFLINE: '', HF_DATASETS_OFFLINE: '', HF_HUB_DISABLE_IMPLICIT_TOKEN: '' },
    },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/testing/**', '**/test-support.ts', '**/test-server.ts'],
      // What is fully covered is left out; of the rest, every line that no test runs.
      reporter: [['text', { skipFull: true, maxCols: 0 }]],
    },
  },
});
