import type { PretrainingInitialisation, PretrainingOptimizer } from '@icl-gd/transformer';
import { once } from '../../tasks/once.ts';
import type { CorpusMix } from '../language/corpus.ts';
import { vocabulary } from '../language/tokenizer.ts';

/** A part of the training with one mix of documents. */
interface Phase {
  /** Last step of the phase, counted from 1. */
  readonly lastStep: number;
  readonly mix: CorpusMix;
  /** Most tokens in a document. */
  readonly longestDocument: number;
}

/** Everything that determines the trained weights, besides seed and adapter. */
export interface Recipe {
  readonly id: string;
  readonly title: string;
  /** Contents of config.json. */
  readonly architecture: Readonly<Record<string, unknown>>;
  readonly initialisation: PretrainingInitialisation;
  readonly optimizer: PretrainingOptimizer;
  readonly learningRate: { readonly peak: number; readonly warmupSteps: number; readonly floor: number };
  readonly steps: number;
  /** Most tokens in a packed batch. */
  readonly batchTokens: number;
  /** Batches whose gradients are averaged in a step. */
  readonly accumulation: number;
  readonly phases: readonly Phase[];
  /** Number of steps after which the state is written, again and again. */
  readonly checkpointEvery: number;
}

const tiny = (): Recipe => ({
  id: 'tiny',
  title: 'the embedded model: 4 layers, d 64, the synthetic language',
  architecture: {
    architectures: ['GPTNeoXForCausalLM'],
    model_type: 'gpt_neox',
    attention_bias: true,
    bos_token_id: 0,
    eos_token_id: 1,
    hidden_act: 'gelu',
    hidden_size: 64,
    intermediate_size: 128,
    layer_norm_eps: 1e-5,
    max_position_embeddings: 1024,
    num_attention_heads: 4,
    num_hidden_layers: 4,
    rotary_emb_base: 10_000,
    rotary_pct: 0.5,
    tie_word_embeddings: true,
    torch_dtype: 'float32',
    use_parallel_residual: false,
    vocab_size: vocabulary().size,
  },
  initialisation: { mimetic: 0.7, previousTokenScore: 5 },
  optimizer: { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.1, maxGradientNorm: 1 },
  learningRate: { peak: 3e-3, warmupSteps: 100, floor: 1.5e-4 },
  steps: 1000,
  batchTokens: 2048,
  accumulation: 2,
  phases: [
    {
      lastStep: 400,
      longestDocument: 64,
      mix: {
        recitations: 0.2,
        glossaries: 0.8,
        named: 0.25,
        explained: 0.35,
        examples: [8, 32],
        otherTokens: 0.2,
      },
    },
    {
      lastStep: 1000,
      longestDocument: 512,
      mix: {
        recitations: 0.1,
        glossaries: 0.4,
        named: 0.2,
        explained: 0.3,
        examples: [8, 36],
        otherTokens: 0.2,
      },
    },
  ],
  checkpointEvery: 100,
});

/** Every recipe that `icl-gd pretrain` can follow. */
export const recipes = once((): readonly Recipe[] => [tiny()]);

/** Linear warm-up to the peak, then a cosine down to the floor at the last step. Steps count from 1. */
export function learningRateAt({ learningRate, steps }: Recipe, step: number): number {
  const { peak, warmupSteps, floor } = learningRate;
  if (step <= warmupSteps) return (peak * step) / warmupSteps;
  const progress = (step - warmupSteps) / Math.max(1, steps - warmupSteps);
  return floor + ((peak - floor) * (1 + Math.cos(Math.PI * progress))) / 2;
}

export function phaseAt({ phases }: Recipe, step: number): Phase {
  const phase = phases.find(({ lastStep }) => step <= lastStep);
  if (!phase) throw new RangeError(`no phase holds step ${step}`);
  return phase;
}
