import {
  type Gpu,
  type MatmulRegime,
  type MatmulTuning,
  TUNINGS,
  type Tuning,
  matmul,
  matrix,
} from '@icl-gd/gpu-kernels';
import { Noise } from './noise.ts';
import { type Plan, type Row, type Step, open, round, sized, timed } from './step.ts';

type Layout = 'NT' | 'NN' | 'TN';

interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly layout: Layout;
  /** Of a training step: few rows. */
  readonly training?: true;
}

/** Of the 1.3B shape: a training step of 30 tokens, heads, a prefix, a batch of probes; and a large one. */
export const PRODUCTS: readonly Product[] = [
  { m: 4096, n: 4096, k: 4096, layout: 'NT' },
  { m: 2048, n: 8192, k: 2048, layout: 'NT' },
  { m: 2048, n: 2048, k: 8192, layout: 'NT' },
  { m: 1500, n: 2048, k: 2048, layout: 'NT' },
  { m: 696, n: 50_261, k: 2048, layout: 'NT' },
  { m: 30, n: 2048, k: 2048, layout: 'NT', training: true },
  { m: 30, n: 2048, k: 2048, layout: 'NN', training: true },
  { m: 30, n: 8192, k: 2048, layout: 'NT', training: true },
  { m: 30, n: 2048, k: 8192, layout: 'NT', training: true },
  { m: 29, n: 2048, k: 50_261, layout: 'NN', training: true },
  { m: 29, n: 50_261, k: 2048, layout: 'NT', training: true },
  { m: 2048, n: 2048, k: 30, layout: 'TN', training: true },
];

/** As docs/benchmarks.md writes a product: m × k × n, layout. */
export function productName({ m, n, k, layout }: Product): string {
  return `${m} × ${k} × ${n}, ${{ NT: 'A·Bᵀ', NN: 'A·B', TN: 'Aᵀ·B' }[layout]}`;
}

/** Weights that are taken in turn, so that none stays in a cache. */
const SETS = 3;
/** Seconds of a call from which on a variant is not measured: it is not the adapter's. */
const SLOW_MS = 1500;

/** Kernels of matrix products that a device can run: by the names of the tunings that choose them, the adapter's own first. */
export function variantsOf(gpu: Gpu): [string, Tuning][] {
  const seen = new Set<string>([JSON.stringify(gpu.tuning.matmul)]);
  const own: [string, Tuning] = [`${gpu.adapter.profile} (chosen)`, gpu.tuning];
  const others = Object.entries<Tuning>(TUNINGS).flatMap(([name, { matmul: choice }]): [string, Tuning][] => {
    const key = JSON.stringify(choice);
    if (seen.has(key) || !isLegal(gpu, choice)) return [];
    seen.add(key);
    return [[name, { ...gpu.tuning, matmul: choice }]];
  });
  return [own, ...others];
}

function isLegal({ tuning, device }: Gpu, choice: MatmulTuning): boolean {
  if (choice.strategy === 'subgroup') return choice.subgroupSize === tuning.subgroupSize;
  if (choice.strategy === 'register') return true;
  // Two slabs of 16 steps of each operand.
  const bytes = Math.max(...choice.tiles.map(({ rows, columns }) => 2 * 16 * (rows + columns) * 4));
  return bytes <= device.limits.maxComputeWorkgroupStorageSize;
}

/** Matrix products in every variant, by timestamps. */
export const matmuls: Step = {
  title: 'Matrix products',
  seconds: 180,
  async run(plan, report) {
    const gpu = await open(plan);
    const variants = variantsOf(gpu).slice(0, plan.quick ? 1 : undefined);
    for (const [name, tuning] of variants)
      for (const product of PRODUCTS)
        for (const dtypeB of product.layout === 'NT'
          ? (['float32', 'float16'] as const)
          : (['float32'] as const))
          report(await measure(gpu.with({ tuning }), plan, { product, name, dtypeB }));
    gpu.dispose();
  },
};

async function measure(
  gpu: Gpu,
  plan: Plan,
  of: { readonly product: Product; readonly name: string; readonly dtypeB: 'float32' | 'float16' },
): Promise<Row> {
  const { product, name, dtypeB } = of;
  const [m, n, k] = [sized(plan, product.m), sized(plan, product.n), sized(plan, product.k)];
  const { layout } = product;
  using scope = gpu.scope();
  using noise = new Noise(gpu);
  const a = scope.tensor(layout === 'TN' ? [k, m] : [m, k], 'a');
  noise.fill(a);
  const weights = Array.from({ length: SETS }, () => {
    const b = gpu.tensor(layout === 'NT' ? [n, k] : [k, n], { label: 'b', dtype: dtypeB });
    noise.fill(b, k ** -0.5);
    return b;
  });
  const c = scope.tensor([m, n], 'c');
  const regime: MatmulRegime = product.training ? 'training' : 'probing';
  const call = (i: number): void =>
    matmul(gpu, {
      ...{ a: matrix(a), b: matrix(weights[i % SETS]!), c: matrix(c), regime },
      ...{ transposeA: layout === 'TN', transposeB: layout === 'NT' },
    });
  const what = {
    what: 'matmul',
    name: productName(product),
    variant: name,
    weights: dtypeB,
    size: `${m} x ${k} x ${n}`,
  };
  try {
    call(0);
    await gpu.finish();
    const start = performance.now();
    call(1);
    await gpu.finish();
    if (performance.now() - start > SLOW_MS) return { ...what, skipped: 'too slow' };
    const { ms, clockMs, clock, kernels } = await timed(gpu, plan, call);
    return {
      ...what,
      ms: round(ms),
      clock_ms: round(clockMs),
      clock,
      tflop_s: round((2 * m * n * k) / ms / 1e9),
      weights_gb_s: round((n * k * (dtypeB === 'float16' ? 2 : 4)) / ms / 1e6),
      kernels,
    };
  } finally {
    for (const b of weights) b.dispose();
  }
}
