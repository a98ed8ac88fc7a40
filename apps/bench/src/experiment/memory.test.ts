import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { readModelConfig } from '@icl-gd/transformer';
import { expect, test } from 'vitest';
import { planRunMemory } from './memory.ts';

const gpu = useGpu();
/** Its table of rotary positions has 32 bytes a row, the residual stream of a token 64. */
const CONFIG = readModelConfig(
  {
    ...{ model_type: 'llama', hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, vocab_size: 9 },
    ...{ intermediate_size: 8, max_position_embeddings: 2 ** 20 },
  },
  'config.json',
);

/** Texts of so many tokens, evaluated together. */
const workload = (lengths: readonly number[]) => ({
  dtype: 'float32' as const,
  batches: [
    lengths.map((length) => ({
      tokens: Array<number>(length).fill(1),
      probes: [],
      logProbs: [{ row: 0, token: 1 }],
    })),
  ],
});

test('a workload that binds too much is refused, whatever larger one fits', () => {
  const limited = gpu().with({ maxBindingBytes: 4096 * 32 });
  const fits = workload(Array<number>(500).fill(4));
  const binds = workload([4097]);
  const lines: string[] = [];
  const plan = (workloads: readonly ReturnType<typeof workload>[]): number =>
    planRunMemory(limited, CONFIG, workloads, {}, (line) => lines.push(line)).cells;
  plan([fits]);
  expect(lines).toEqual([expect.stringMatching(/^memory plan: /)]);
  for (const workloads of [[binds], [fits, binds], [binds, fits]])
    expect(() => plan(workloads)).toThrow(/kernel .* spans \d+ bytes; this adapter binds at most 131072/);
});
