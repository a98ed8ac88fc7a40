import { acquireGpu } from '@icl-gd/gpu-kernels';
import {
  UserError,
  WEIGHT_DTYPES,
  describeModel,
  loadModel,
  loadTokenizer,
  specialToken,
} from '@icl-gd/transformer';
import type { Command } from 'commander';
import { inspectModel } from './inspect/inspect.ts';
import { renderInspection } from './inspect/render.ts';
import { planRunMemory } from '../experiment/memory.ts';
import { choose, integer } from './choose.ts';
import { findModel } from './find-model.ts';
import { memoryBudget } from './run-options.ts';

interface RawInspectOptions {
  readonly model: string;
  readonly text?: string;
  readonly tokens?: string;
  readonly greedy?: string;
  readonly adapter?: string;
  readonly bos?: boolean;
  readonly json?: boolean;
  readonly dtype?: string;
  readonly memoryBudget?: string;
}

/** `icl-gd inspect`: whether a checkpoint is read right. */
export function addInspectCommand(program: Command): void {
  program
    .command('inspect')
    .description('load a model and show how it reads a text: likelihoods, best next tokens, continuation')
    .requiredOption('--model <dir|id>', 'Hugging Face model directory, or hub id owner/name[@revision]')
    .option('--text <text>', "text, encoded with the model's tokenizer; no BOS is added (see --bos)")
    .option('--tokens <ids>', 'token ids instead of a text, comma-separated; no tokenizer is needed')
    .option('--bos', "put the model's BOS token before the text or tokens")
    .option('--greedy <n>', 'tokens to continue with, the likeliest each time (default: 0)')
    .option('--adapter <name>', 'as for `icl-gd run` (default: auto)')
    .option('--dtype <dtype>', 'as for `icl-gd run` (default: float32)')
    .option('--memory-budget <GiB>', 'as for `icl-gd run`')
    .option('--json', 'print JSON')
    .action(async (options: RawInspectOptions) => console.log(await inspect(options)));
}

async function inspect(options: RawInspectOptions): Promise<string> {
  const { text, tokens } = options;
  if ((text === undefined) === (tokens === undefined))
    throw new UserError('give either --text or --tokens, as what the model is to read');
  const dtype = choose('--dtype', options.dtype ?? 'float32', WEIGHT_DTYPES);
  const { memoryBudget: budget } = memoryBudget(options.memoryBudget);
  const greedy = options.greedy === undefined ? 0 : integer('--greedy', options.greedy, 0);
  const ids = tokens?.split(',').map((id) => integer('--tokens', id, 0));
  const { directory, name } = await findModel(options.model);
  const { config, parameterCount } = await describeModel(directory, name);
  const tokenizer = text === undefined ? undefined : await loadTokenizer(directory);
  const read = ids ?? tokenizer?.encode(text as string) ?? [];
  const before = options.bos ? [specialToken(config, 'bosTokenId', directory)] : [];
  const log = (line: string): unknown => process.stderr.write(`${line}\n`);
  const gpu = await acquireGpu({ adapter: options.adapter ?? 'auto', log });
  try {
    const all = [...before, ...read];
    const length = Math.min(all.length + greedy, config.contextLength);
    // Which token stands where does not matter to the plan; a text without any is refused by the inspection.
    const zeros = Array<number>(Math.max(1, length)).fill(0);
    const logProbs = zeros.map((token, row) => ({ row, token }));
    const batches = [[{ tokens: zeros, probes: [], logProbs }]];
    planRunMemory(gpu, config, [{ dtype, batches }], budget, log);
    using model = await loadModel(gpu, directory, { name, dtype });
    const inspection = await inspectModel(model, parameterCount, all, greedy);
    return options.json ? JSON.stringify(inspection) : renderInspection(inspection, tokenizer);
  } finally {
    gpu.dispose();
  }
}
