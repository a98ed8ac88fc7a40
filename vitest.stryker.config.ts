import { readFileSync } from 'node:fs';
import { mergeConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import config from './vitest.config.ts';

const opensDevice = ({ moduleId }: TestSpecification): boolean =>
  readFileSync(moduleId, 'utf8').includes('useGpu');

/** Files that need no device come first: where one of them kills a mutant, no device is opened for it. */
class DevicesLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return files.toSorted((a, b) => Number(opensDevice(a)) - Number(opensDevice(b)));
  }
}

// Each mutant is tried on modules of its own; a test that reads the text of sources would find Stryker's.
export default mergeConfig(config, {
  test: {
    isolate: true,
    exclude: ['**/node_modules/**', '**/layer-metric-lists.test.ts'],
    sequence: { sequencer: DevicesLast },
  },
});
