import { readdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readRun } from '../../../apps/bench/src/results/read-run.ts';
import { validate } from '../../../apps/bench/src/results/validation/validate.ts';
import {
  readTrainingState,
  writeTrainingState,
} from '../../../apps/bench/src/synthetic/pretraining/training-state.ts';
import { damagedFiles } from '../damaged-files.ts';
import { fixtures, iclGd, runArguments } from '../../golden.ts';
import type { FileSubject, Reader } from '../reader.ts';

const EXAMPLES = 3;

async function run(out: string, ...more: string[]): Promise<void> {
  const own = fixtures().find(({ name }) => name === 'own-text-gpt2')!;
  const { code, stderr } = await iclGd([...runArguments(own, out), '--examples', `${EXAMPLES}`, ...more]);
  if (code !== 0) throw new Error(stderr);
}

/** The tables of a run, and what `validate` makes of them. */
export const tables: Reader = {
  name: 'tables',
  share: 2,
  async prepare(folder) {
    const out = join(folder, 'out');
    await run(out, '--noise-floor');
    const read = async (): Promise<unknown> => validate(await readRun(out));
    const files = readdirSync(out).filter((file) => file.endsWith('.csv'));
    return damagedFiles(files.map((file): FileSubject => ({ file: join(out, file), read })));
  },
};

/** A run that goes on from its own records: a damaged one is computed again, with a word. */
export const records: Reader = {
  name: 'records',
  share: 0.02,
  async prepare(folder) {
    const out = join(folder, 'out');
    await run(out);
    const files = readdirSync(join(out, 'records'));
    return damagedFiles(files.map((file) => ({ file: join(out, 'records', file), read: () => run(out) })));
  },
};

/** The state of a stopped training. */
export const trainingStates: Reader = {
  name: 'training state',
  share: 1,
  async prepare(folder) {
    const log = [{ step: 1, tokens: 10, targets: 5, learningRate: 0.1, loss: 2, gradientNorm: 1 }];
    const tensors = new Map([['parameter.a', Float32Array.of(1, 2, 3)]]);
    await mkdir(folder, { recursive: true });
    await writeTrainingState(folder, { key: 'k', taken: 1, seconds: 2, log, tensors });
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    return damagedFiles(
      files.map((entry) => ({
        file: join(entry.parentPath, entry.name),
        read: () => readTrainingState(folder, 'k'),
      })),
    );
  },
};
