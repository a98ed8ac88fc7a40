import {
  type Gpu,
  PackedSequences,
  type Tensor,
  attentionBackward,
  attentionForward,
  layerNormForward,
  logSumExp,
} from '@icl-gd/gpu-kernels';
import { Noise } from './noise.ts';
import { type Plan, type Step, type Timing, open, round, sized, timed } from './step.ts';

/** Of the 1.3B shape. */
const HEADS = 32;
const HEAD_DIM = 64;

interface Case {
  readonly name: string;
  readonly flop?: number;
  /** Bytes that are read and written at least once. */
  readonly bytes?: number;
  readonly time: () => Promise<Timing>;
}

/** Attention, log-sum-exp and norms, by timestamps. */
export const attentions: Step = {
  title: 'Attention and rows',
  seconds: 60,
  async run(plan, report) {
    const gpu = await open(plan);
    const [prefix, own] = [sized(plan, 1500), plan.quick ? 4 : 68];
    const many = Array.from({ length: own }, () => 30);
    const cases: Case[] = [
      attentionCase(gpu, plan, { name: 'attention, a prefix of 1,500', lengths: [prefix], prefix: 0 }),
      attentionCase(gpu, plan, { name: 'attention, 68 × 30', lengths: many, prefix: 0 }),
      attentionCase(gpu, plan, { name: 'attention, 68 × 30 behind 1,500', lengths: many, prefix }),
      attentionCase(gpu, plan, {
        name: 'attention backward, 1 × 30',
        lengths: [30],
        prefix: 0,
        backward: true,
      }),
      ...[29, 696].map((rows) => logSumExpCase(gpu, plan, rows)),
      normCase(gpu, plan),
    ];
    for (const { name, flop, bytes, time } of cases) {
      const { ms, clockMs, clock, kernels } = await time();
      report({
        ...{ what: 'kernel', name, ms: round(ms), clock_ms: round(clockMs), clock },
        ...(flop === undefined ? {} : { tflop_s: round(flop / ms / 1e9) }),
        ...(bytes === undefined ? {} : { gb_s: round(bytes / ms / 1e6) }),
        kernels,
      });
    }
    gpu.dispose();
  },
};

function attentionCase(
  gpu: Gpu,
  plan: Plan,
  of: {
    readonly name: string;
    readonly lengths: readonly number[];
    readonly prefix: number;
    readonly backward?: boolean;
  },
): Case {
  const { name, lengths, prefix, backward = false } = of;
  const heads = plan.quick ? 4 : HEADS;
  const shape = { heads, kvHeads: heads, headDim: HEAD_DIM, scale: HEAD_DIM ** -0.5 };
  const tokens = lengths.reduce((a, b) => a + b, 0);
  const pairs =
    heads * lengths.reduce((sum, length) => sum + length * prefix + (length * (length + 1)) / 2, 0);
  const time = async (): Promise<Timing> => {
    using scope = gpu.scope();
    using noise = new Noise(gpu);
    using sequences = new PackedSequences(gpu, lengths);
    const made = (rows: number): Tensor => {
      const tensor = scope.tensor([rows, heads * HEAD_DIM], 'rows');
      noise.fill(tensor);
      return tensor;
    };
    const [q, k, v, out] = [made(tokens), made(tokens), made(tokens), made(tokens)];
    const lse = scope.tensor([tokens, heads], 'log-sum-exp');
    const inputs = { shape, sequences, q, k, v, out, logSumExp: lse };
    const before = prefix > 0 ? { prefix: { length: prefix, k: made(prefix), v: made(prefix) } } : {};
    const forward = (): void => attentionForward(gpu, { ...inputs, ...before });
    if (!backward) return await timed(gpu, plan, forward);
    forward();
    const [gradOutput, gradQuery, gradKey, gradValue] = [
      made(tokens),
      made(tokens),
      made(tokens),
      made(tokens),
    ];
    return await timed(gpu, plan, () =>
      attentionBackward(gpu, { ...inputs, gradOutput, gradQuery, gradKey, gradValue }),
    );
  };
  return { name, flop: pairs * (backward ? 10 : 4) * HEAD_DIM, time };
}

function logSumExpCase(gpu: Gpu, plan: Plan, rows: number): Case {
  const vocabulary = sized(plan, 50_261);
  const time = async (): Promise<Timing> => {
    using scope = gpu.scope();
    using noise = new Noise(gpu);
    const [logits, out] = [scope.tensor([rows, vocabulary], 'logits'), scope.tensor([rows], 'out')];
    noise.fill(logits);
    return await timed(gpu, plan, () => logSumExp(gpu, { logits, rows, vocabulary, out }));
  };
  return { name: `log-sum-exp, ${rows} × 50261`, bytes: rows * vocabulary * 4, time };
}

function normCase(gpu: Gpu, plan: Plan): Case {
  const [rows, width] = [sized(plan, 2048), sized(plan, 2048)];
  const time = async (): Promise<Timing> => {
    using scope = gpu.scope();
    using noise = new Noise(gpu);
    const [x, out] = [scope.tensor([rows, width], 'x'), scope.tensor([rows, width], 'out')];
    const [weight, bias] = [scope.tensor([width], 'weight'), scope.tensor([width], 'bias')];
    for (const tensor of [x, weight, bias]) noise.fill(tensor);
    return await timed(gpu, plan, () => layerNormForward(gpu, { x, weight, bias, epsilon: 1e-5, out }));
  };
  return { name: 'layer norm, 2048 × 2048', bytes: rows * width * 8, time };
}
