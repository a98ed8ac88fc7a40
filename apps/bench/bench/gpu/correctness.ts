import { type DawnSwitch, type Gpu, UserError, acquireGpu } from '@icl-gd/gpu-kernels';
import { distance, sameBits } from './compare.ts';
import type { Operation } from './operation.ts';
import { OPERATIONS, PROBING_PRODUCTS } from './operations.ts';
import { type Plan, type Row, type Step, open } from './step.ts';
import { variantsOf } from './matmul.ts';

/** With all checks, and with what an address beyond its buffer would show without. */
const FLAG_SETS: readonly (readonly DawnSwitch[])[] = [[], ['no-robustness', 'no-workgroup-init']];

/** Every operation in every variant against its float64 reference, twice, with poisoned outputs: the same bits, near enough. */
export const correctness: Step = {
  title: 'Whether every kernel is right',
  // A software adapter compiles the kernels of GPUs for two minutes and more; GPUs are done in seconds.
  seconds: 400,
  essential: true,
  async run(plan, report) {
    for (const [i, dawn] of FLAG_SETS.slice(0, plan.quick ? 1 : undefined).entries()) {
      const gpu = await open(plan, dawn);
      // A software adapter takes minutes to compile all kernels of GPUs, and as long again.
      if (i > 0 && gpu.adapter.kind === 'software') {
        gpu.dispose();
        break;
      }
      for (const [variant, tuning] of variantsOf(gpu).slice(0, plan.quick ? 1 : undefined)) {
        const found = await checkAll(gpu.with({ tuning }), OPERATIONS);
        report({ what: 'correct', dawn: dawn.join(' ') || 'none', variant, ...found });
      }
      gpu.dispose();
    }
    await matrixUnits(plan, report);
  },
};

/** Products of probing on matrix units, or what a device lacks for them. */
async function matrixUnits({ adapter }: Plan, report: (row: Row) => void): Promise<void> {
  const dawn: readonly DawnSwitch[] = ['unsafe-apis'];
  const row = { what: 'correct', dawn: dawn.join(' '), variant: 'matrix units' };
  try {
    const gpu = await acquireGpu({ adapter, dawn, matmul: 'matrix' });
    report({ ...row, ...(await checkAll(gpu, PROBING_PRODUCTS, MATRIX_UNITS_FACTOR)) });
    gpu.dispose();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    report({ what: 'matrix units', lacks: error.message });
  }
}

/** What two float16 for a float32 may cost: docs/numerics.md. */
const MATRIX_UNITS_FACTOR = 2;

async function checkAll(gpu: Gpu, operations: readonly Operation[], factor = 1) {
  let [outputs, worst] = [0, 0];
  const [wrong, declined]: [string[], string[]] = [[], []];
  for (const operation of operations) {
    const checked = await check(gpu, operation, factor);
    wrong.push(...checked.faults);
    if (checked.outputs === 0 && checked.faults.length === 0) declined.push(operation.name);
    outputs += checked.outputs;
    worst = Math.max(worst, checked.excess);
  }
  return { outputs, worst_of_allowed: Number(worst.toPrecision(3)), wrong, declined };
}

interface Checked {
  readonly faults: readonly string[];
  readonly outputs: number;
  readonly excess: number;
}

async function check(gpu: Gpu, operation: Operation, factor: number): Promise<Checked> {
  const faults: string[] = [];
  try {
    const [first, second] = [await results(gpu, operation), await results(gpu, operation)];
    let excess = 0;
    for (const [i, { name, data, expected, tolerance, scale }] of first.entries()) {
      const found = distance(data, expected, tolerance, factor * (scale ?? 1));
      excess = Math.max(excess, found.excess);
      if (found.excess > 1) faults.push(`${operation.name}: ${name}, ${found.worst}`);
      if (!sameBits(data, second[i]!.data)) faults.push(`${operation.name}: ${name} differs when repeated`);
    }
    return { faults, outputs: first.length, excess };
  } catch (error) {
    return { faults: [`${operation.name}: ${(error as Error).message}`], outputs: 0, excess: 0 };
  }
}

async function results(gpu: Gpu, operation: Operation) {
  const kept: Disposable[] = [];
  using scope = gpu.scope();
  try {
    const outputs = operation.run(gpu, scope, (own) => {
      kept.push(own);
      return own;
    });
    const read = [];
    for (const output of outputs) read.push({ ...output, data: await gpu.read(output.tensor) });
    return read;
  } finally {
    for (const own of kept) own[Symbol.dispose]();
  }
}
