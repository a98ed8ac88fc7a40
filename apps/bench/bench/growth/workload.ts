import { type Gpu, acquireGpu } from '@icl-gd/gpu-kernels';
import { type Demonstration, type Query, fineTune, runInContext, runZeroShot } from '@icl-gd/methods';
import type { Model } from '@icl-gd/transformer';
import { randomModel, randomTokens } from '../gpu/random-model.ts';

/** What a run's work grows with. */
export interface Sizes {
  readonly examples: number;
  /** Of a query and of a demonstration. */
  readonly tokens: number;
  readonly layers: number;
  readonly d: number;
  readonly shots: number;
}

/** Where all but one stand. */
export const BASE: Sizes = { examples: 64, tokens: 32, layers: 4, d: 128, shots: 8 };
/** Times the first value. */
export const FACTORS = [1, 2, 4, 8] as const;

/** From where each grows. */
export const FIRST: Sizes = { examples: 64, tokens: 16, layers: 2, d: 64, shots: 4 };

/** What one cell of each kind takes. */
export interface Cost {
  /** Of the processor, which does the work of a software adapter too: others that use the machine change it little. */
  readonly cpuSeconds: number;
  readonly seconds: number;
  /** On the device at once. */
  readonly bytes: number;
}

const HEAD_DIM = 32;
const VOCABULARY = 1024;

/** Zero-shot, in-context and GD cells of a trial on a random model: the best of some rounds. */
export async function costOf(
  { examples, tokens, layers, d, shots }: Sizes,
  { adapter, rounds }: { readonly adapter: string; readonly rounds: number },
): Promise<Cost> {
  const gpu = await acquireGpu({ adapter });
  const model = randomModel(
    gpu,
    {
      ...{ num_layers: layers, d_model: d, attention_heads: d / HEAD_DIM, ffn_dim: 4 * d },
      vocab_size: VOCABULARY,
    },
    'float32',
  );
  const queries: Query[] = Array.from({ length: examples }, (_, i) => ({
    tokens: randomTokens(model, tokens, i),
    options: [[5], [6]],
  }));
  const demonstrations: Demonstration[] = Array.from({ length: shots }, (_, i) => ({
    tokens: randomTokens(model, tokens, 1000 + i),
    answerLength: 1,
  }));
  await trial(model, queries, demonstrations);
  gpu.pool.resetPeak();
  let best = { cpuSeconds: Infinity, seconds: Infinity };
  for (let round = 0; round < rounds; round++) {
    const [start, before] = [performance.now(), process.cpuUsage()];
    await trial(model, queries, demonstrations);
    const { user, system } = process.cpuUsage(before);
    best = {
      cpuSeconds: Math.min(best.cpuSeconds, (user + system) / 1e6),
      seconds: Math.min(best.seconds, (performance.now() - start) / 1e3),
    };
  }
  const bytes = peakOf(gpu);
  model.dispose();
  gpu.dispose();
  return { ...best, bytes };
}

async function trial(
  model: Model,
  queries: readonly Query[],
  demonstrations: readonly Demonstration[],
): Promise<void> {
  await runZeroShot(model, queries);
  await runInContext(model, demonstrations, queries);
  using tuned = await fineTune(model, demonstrations, { learningRate: 1e-3 });
  await tuned.probe(queries, { probeToken: 'label' });
}

function peakOf({ pool }: Gpu): number {
  return pool.peakBytes;
}
