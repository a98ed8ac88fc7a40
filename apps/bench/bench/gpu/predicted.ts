/**
 * What was predicted for an NVIDIA H100 (SXM) before anybody had measured, by name of a row: docs/benchmarks.md has the
 * reasons. Matrix products with float32 weights, and the 1.3B shape end to end.
 */
export const PREDICTED: Readonly<Record<string, string>> = {
  '4096 × 4096 × 4096, A·Bᵀ': '3.4–4.6 ms',
  '2048 × 2048 × 8192, A·Bᵀ': '1.7–2.3 ms',
  '2048 × 8192 × 2048, A·Bᵀ': '1.7–2.3 ms',
  '1500 × 2048 × 2048, A·Bᵀ': '0.45–0.6 ms',
  '696 × 2048 × 50261, A·Bᵀ': '4–5.5 ms',
  '30 × 2048 × 2048, A·Bᵀ': '0.010–0.014 ms',
  '30 × 2048 × 2048, A·B': '0.010–0.014 ms',
  '30 × 2048 × 8192, A·Bᵀ': '0.032–0.040 ms',
  '30 × 8192 × 2048, A·Bᵀ': '0.032–0.040 ms',
  '29 × 50261 × 2048, A·B': '0.2–0.26 ms',
  '29 × 2048 × 50261, A·Bᵀ': '0.2–0.26 ms',
  '2048 × 30 × 2048, Aᵀ·B': '0.012–0.018 ms',
  'GD step, 30 tokens': '8–10 ms',
  'LCGD step, 30 tokens': '13–16 ms',
  'prefix of 1,500 tokens': '100 ms',
  'probe batch of 2,048 tokens': '130 ms',
  'probe batch of 2,048 tokens behind 1,500': '160 ms',
};
