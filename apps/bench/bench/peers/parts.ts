import type { Bench } from './bench.ts';
import type { Contender, Operation, Peer, TrainingTask } from './contender.ts';
import { compareContext } from './context.ts';
import { faultBeside } from './differences.ts';
import { compareExperiment } from './experiment.ts';
import { takeTurns } from './interleave.ts';
import { smallTrainingTask } from './libraries/ours-training.ts';
import { fault, flops, operands, taskOf } from './operations.ts';
import type { Comparison, Unit } from './report.ts';

export const PARTS = ['matmul', 'kernels', 'training', 'context', 'experiment'] as const;
export type Part = (typeof PARTS)[number];

const SHAPES = [
  ...[
    [512, 512, 512],
    [1024, 1024, 1024],
    [128, 768, 3072],
    [128, 3072, 768],
  ],
  ...[
    [32, 2048, 8192],
    [32, 768, 50_257],
    [384, 256, 384],
  ],
] as const;

const KERNELS: readonly Operation[] = [
  { kind: 'layer-norm', rows: 1024, columns: 768 },
  { kind: 'log-sum-exp', rows: 256, columns: 4096 },
  { kind: 'attention', tokens: 256, heads: 8, headDim: 32 },
  { kind: 'attention', tokens: 1024, heads: 8, headDim: 64 },
];

/** How far gradients may be apart, relative to their norm, and losses: both sum thousands of products in float32. */
const TRAINING_TOLERANCE = 2e-3;

export async function runPart(part: Part, bench: Bench): Promise<void> {
  console.error(`${part} …`);
  switch (part) {
    case 'matmul': {
      const products = [false, true].flatMap((transposeB) =>
        SHAPES.map(([m, k, n]): Operation => ({ kind: 'matmul', m, k, n, transposeB })),
      );
      await compareOperations(bench, 'Matrix products', 'GFLOP/CPU-s', products);
      break;
    }
    case 'kernels':
      await compareOperations(bench, 'Other kernels', 'ms', KERNELS);
      break;
    case 'training':
      await compareTraining(bench);
      break;
    case 'context':
      await compareContext(bench);
      break;
    case 'experiment':
      await compareExperiment(bench);
      break;
  }
}

async function compareOperations(
  bench: Bench,
  title: string,
  unit: Unit,
  operations: readonly Operation[],
): Promise<void> {
  for (const operation of operations) {
    const given = operands(operation);
    const task = taskOf(operation);
    console.error(task);
    const comparison = await compare(bench, {
      task,
      flops: unit === 'GFLOP/CPU-s' ? flops(operation) : 0,
      open: (peer) => peer.operation(operation, given),
      faultOf: (result) => fault(operation, given, result),
    });
    bench.report.add({ title, unit }, [comparison]);
  }
  bench.report.print(title);
}

async function compareTraining(bench: Bench): Promise<void> {
  const task = smallTrainingTask(bench.gpu);
  let own: Float32Array | undefined;
  const comparison = await compare(bench, {
    task: `${task.layers} layers, d 256, T ${task.tokens.length}, V 4096, AdamW`,
    flops: 0,
    open: async (peer) => await peer.training?.(task),
    faultOf(result) {
      // Ours is held to float64 by its tests.
      own ??= result;
      return trainingFault(task, own, result);
    },
  });
  const title = 'Training step';
  bench.report.add({ title, unit: 'ms' }, [comparison]);
  bench.report.print(title);
}

interface Task {
  readonly task: string;
  readonly flops: number;
  readonly open: (peer: Peer) => Promise<Contender | undefined>;
  readonly faultOf: (result: Float32Array) => string | undefined;
}

/** Checks the result of every library, then times those whose result is right. */
async function compare(
  { peers, rounds, seconds, deviceErrors }: Bench,
  { task, flops: operations, open, faultOf }: Task,
): Promise<Comparison> {
  const right: Contender[] = [];
  const opened: Contender[] = [];
  const faults = new Map<string, string>();
  for (const peer of peers) {
    try {
      const contender = await open(peer);
      if (!contender) continue;
      opened.push(contender);
      deviceErrors();
      const wrong = faultOf(await quietly(() => contender.result()));
      if (wrong === undefined) right.push(contender);
      else {
        faults.set(peer.name, wrong);
        console.error(
          `${peer.name} ${wrong}: ${deviceErrors()[0]?.split('\n')[0] ?? 'its device reports nothing'}`,
        );
      }
    } catch (error) {
      faults.set(peer.name, `fails: ${String(error).split('\n')[0]?.slice(0, 80)}`);
    }
  }
  const timings = await takeTurns(right, { rounds, seconds });
  for (const contender of opened) contender.dispose?.();
  return { task, flops: operations, timings, faults };
}

/** Without what libraries say of errors that the check of their result finds anyway. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { error, warn } = console;
  console.error = console.warn = () => {};
  try {
    return await work();
  } finally {
    Object.assign(console, { error, warn });
  }
}

/** Compares a loss, gradients and the loss after a step with ours. */
function trainingFault(task: TrainingTask, own: Float32Array, other: Float32Array): string | undefined {
  if (own.length !== other.length) return `gives ${other.length} numbers, not ${own.length}`;
  const far = (at: number): boolean =>
    !(Math.abs((own[at] as number) - (other[at] as number)) <= TRAINING_TOLERANCE);
  if (far(0)) return `loss ${other[0]}, not ${own[0]}`;
  let first = 1;
  for (const [name, { values }] of task.parameters) {
    const [a, b] = [own, other].map((all) => all.subarray(first, first + values.length));
    if (faultBeside(a!, b!, TRAINING_TOLERANCE) !== undefined) return `gradient of ${name} is wrong`;
    first += values.length;
  }
  if (far(own.length - 1)) return `loss ${other.at(-1)} after a step, not ${own.at(-1)}`;
  return undefined;
}
