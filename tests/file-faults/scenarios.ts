import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '@icl-gd/transformer';
import { pretrain } from '../../apps/bench/src/synthetic/pretraining/pretrain.ts';
import { type Recipe, recipes } from '../../apps/bench/src/synthetic/pretraining/recipe.ts';
import { iclGd } from '../golden.ts';

const FIXTURE = join(import.meta.dirname, '../fixtures/own-text-gpt2');
const ADAPTER = process.env['ICL_GD_ADAPTER'] ?? 'auto';
const TINY = ['--shots', '1', '--examples', '1', '--adapter', ADAPTER];
const OWN = [
  ...['--model', join(FIXTURE, 'model'), '--data', join(FIXTURE, 'data'), '--datasets', 'mr'],
  ...['--seeds', '5', ...TINY],
];
const SMOKE = [
  '--preset',
  'smoke',
  '--datasets',
  'syn-sst2',
  '--seeds',
  '0',
  '--variants',
  'trained',
  ...TINY,
];

/** What came of a command: its exit code, and what it said on stderr. */
export interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

/** A command that writes into a folder, small enough to be run some thousand times. */
export interface Scenario {
  readonly name: string;
  /** What the folder holds before. */
  readonly prepare?: (out: string, inputs: string) => void;
  /** @param inputs folder of a finished run, see {@link makeInputs} */
  readonly run: (out: string, inputs: string) => Promise<Ended>;
}

const command =
  (...args: string[]) =>
  (out: string): Promise<Ended> =>
    iclGd([...args, '--out', out]);

/** Every command that writes files. */
export const scenarios: readonly Scenario[] = [
  { name: 'run', run: command('run', ...OWN, '--save-probes', '--released-norms') },
  { name: 'run --discard-probes', run: command('run', ...OWN, '--discard-probes', '--noise-floor') },
  { name: 'run --preset smoke', run: command('run', ...SMOKE, '--methods', 'gd') },
  {
    name: 'validate',
    run: (out, inputs) => iclGd(['validate', '--from', inputs, '--out', out]),
  },
  {
    name: 'tables',
    prepare: (out, inputs) => cpSync(inputs, out, { recursive: true }),
    run: (out) => iclGd(['tables', '--from', out]),
  },
  { name: 'shots', run: command('shots', ...OWN.with(OWN.indexOf('--shots') + 1, '0,1')) },
  { name: 'sweep', run: command('sweep', ...OWN, '--learning-rates', '0.1,0.3', '--methods', 'gd') },
  { name: 'pretrain', run: (out) => trainShortly(out) },
];

/** Runs what `validate` and `tables` read. */
export async function makeInputs(folder: string): Promise<void> {
  const { code, stderr } = await command('run', ...OWN)(folder);
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
}

/** The tiny recipe with less of everything, so that a training that writes two states takes a moment. */
async function trainShortly(out: string): Promise<Ended> {
  const tiny = recipes()[0] as Recipe;
  const recipe: Recipe = {
    ...tiny,
    architecture: {
      ...tiny.architecture,
      ...{ hidden_size: 16, intermediate_size: 16, num_attention_heads: 2, num_hidden_layers: 1 },
    },
    ...{ steps: 3, batchTokens: 64, accumulation: 1, checkpointEvery: 2 },
    learningRate: { peak: 3e-3, warmupSteps: 2, floor: 0 },
  };
  const silent = { start: () => {}, advance: () => {}, line: () => {}, stop: () => {} };
  try {
    await pretrain({ recipe, seed: 0, adapter: ADAPTER, out, fresh: false }, silent);
    return { code: 0, stderr: '' };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { code: error.code === 'storage' ? 3 : 2, stderr: `icl-gd: ${error.message}` };
  }
}
