import { acquireGpu } from '@icl-gd/gpu-kernels';
import {
  UserError,
  WEIGHT_DTYPES,
  describeModel,
  loadModel,
  loadTokenizer,
  specialToken,
} from '@icl-gd/transformer';
import { planRunMemory } from '../../experiment/memory.ts';
import { choose, integer } from '../choose.ts';
import type { RawInspectOptions } from '../raw-options.ts';
import { downloadObserver, findModel } from '../find-model.ts';
import { inspectModel } from '../inspect/inspect.ts';
import { renderInspection } from '../inspect/render.ts';
import { familiesOf, loadFamilyFiles } from '../../plugins/family-file.ts';
import { memoryBudget } from '../run-options.ts';
import { doing } from '../../terminal/heartbeat.ts';
import { say } from '../../terminal/print.ts';
import { counted } from '../../terminal/words.ts';

/**
 * Loads a model and runs it on a text or on tokens.
 *
 * @returns lines of text, or one line of JSON
 * @throws UserError naming the option that does not fit, or why model or text cannot be used
 */
export async function inspect(options: RawInspectOptions): Promise<string> {
  const { text, tokens } = options;
  if ((text === undefined) === (tokens === undefined))
    throw new UserError('give either --text or --tokens, as what the model is to read');
  const dtype = choose('--dtype', options.dtype ?? 'float32', WEIGHT_DTYPES);
  const { memoryBudget: budget } = memoryBudget(options.memoryBudget);
  const greedy = options.greedy === undefined ? 0 : integer('--greedy', options.greedy, 0);
  const ids = tokens?.split(',').map((id) => integer('--tokens', id, 0));
  const families = familiesOf(await loadFamilyFiles(options.familyFile ?? []));
  const observer = downloadObserver();
  const { directory, name } = await findModel(options.model, observer);
  const { config, parameterCount } = await describeModel(directory, {
    name,
    warn: (line) => observer.warn?.(line),
    families,
  });
  const tokenizer = text === undefined ? undefined : await loadTokenizer(directory);
  const read = ids ?? tokenizer?.encode(text as string) ?? [];
  const before = options.bos ? [specialToken(config, 'bosTokenId', directory)] : [];
  const gpu = await acquireGpu({ adapter: options.adapter ?? 'auto', log: say });
  try {
    const all = [...before, ...read];
    const length = Math.min(all.length + greedy, config.contextLength);
    // Which token stands where does not matter to the plan; a text without any is refused by the inspection.
    const zeros = Array<number>(Math.max(1, length)).fill(0);
    const logProbs = zeros.map((token, row) => ({ row, token }));
    const batches = [[{ tokens: zeros, probes: [], logProbs }]];
    planRunMemory(gpu, config, [{ dtype, batches }], { budget }, say);
    doing({ text: 'loading weights' });
    using model = await loadModel(gpu, directory, { name, dtype, families });
    doing({ text: `reading ${counted(all.length, 'token')}` });
    const inspection = await inspectModel(model, parameterCount, all, greedy);
    return options.json ? JSON.stringify(inspection) : renderInspection(inspection, tokenizer);
  } finally {
    gpu.dispose();
  }
}
