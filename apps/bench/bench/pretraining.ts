import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acquireGpu, matmul, matrix } from '@icl-gd/gpu-kernels';
import { pretrain } from '../src/synthetic/pretraining/pretrain.ts';
import { recipes } from '../src/synthetic/pretraining/recipe.ts';

const STEPS = 30;

/** Speed of `icl-gd pretrain --preset tiny` in its longer phase, in tokens/s and as a share of the matmul rate. */
const recipe = recipes().find(({ id }) => id === 'tiny');
const phase = recipe?.phases.at(-1);
if (!recipe || !phase) throw new Error('there is no recipe tiny');
const at = process.argv.indexOf('--adapter');
const adapter = at > 0 ? (process.argv[at + 1] ?? 'auto') : 'auto';

/** GFLOP/s of a matrix product of 512³, the yardstick of the same run. */
async function matmulRate(): Promise<number> {
  const gpu = await acquireGpu({ adapter, log: console.log });
  const [a, b, c] = [0, 1, 2].map(() => gpu.upload(new Float32Array(512 * 512).fill(0.5), [512, 512]));
  if (!a || !b || !c) throw new Error('unreachable');
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 6; i++) {
    const start = performance.now();
    matmul(gpu, { a: matrix(a), b: matrix(b), c: matrix(c) });
    await gpu.finish();
    best = Math.min(best, (performance.now() - start) / 1000);
  }
  for (const tensor of [a, b, c]) tensor.dispose();
  gpu.dispose();
  return (2 * 512 ** 3) / 1e9 / best;
}

/** The linear layers' weights, which every token passes; a head passes targets alone and is left out, as attention is. */
function linearWeights(architecture: Readonly<Record<string, unknown>>): number {
  const [d, ff, layers] = ['hidden_size', 'intermediate_size', 'num_hidden_layers'].map((key) =>
    Number(architecture[key]),
  ) as [number, number, number];
  return layers * (4 * d * d + 2 * d * ff);
}

const out = await mkdtemp(join(tmpdir(), 'icl-gd-pretraining-'));
try {
  const before = await matmulRate();
  const { tokens, seconds } = await pretrain({
    recipe: { ...recipe, phases: [phase], checkpointEvery: recipe.steps },
    seed: 0,
    adapter,
    out,
    stopAfter: STEPS,
    fresh: true,
  });
  const rate = Math.max(before, await matmulRate());
  const speed = tokens / seconds;
  const share = (6 * linearWeights(recipe.architecture) * speed) / 1e9 / rate;
  console.log(`${speed.toFixed(0)} tokens/s over ${STEPS} steps of ${recipe.id}`);
  console.log(
    `linear layers: ${(100 * share).toFixed(0)} % of the matmul rate (${rate.toFixed(1)} GFLOP/s of 512³)`,
  );
} finally {
  await rm(out, { recursive: true });
}
