import type { Gpu, ProfileResult } from '@icl-gd/gpu-kernels';
import {
  type ContextPrefix,
  type EvaluationRequest,
  FineTuning,
  type Model,
  WEIGHT_DTYPES,
} from '@icl-gd/transformer';
import { randomModel, randomTokens } from './random-model.ts';
import { type Row, type Step, open, round, sized } from './step.ts';

const TOKENS = 30;
/** Kernels that are named. */
const NAMED = 8;

/** Steps of both methods, a prefix, and batches of probes, on a model of random weights. */
export const endToEnd: Step = {
  title: 'End to end',
  seconds: 240,
  async run(plan, report) {
    const gpu = await open(plan);
    for (const dtype of WEIGHT_DTYPES) {
      const model = randomModel(gpu, plan.shape, dtype);
      await gpu.finish();
      const of = { model: `${plan.shape} ${dtype}` };
      report({ what: 'memory', ...of, gib: round(gpu.pool.allocatedBytes / 2 ** 30) });
      const steps = plan.quick ? 2 : 5;
      for (const [name, objective] of [
        ['GD', 'output'],
        ['LCGD', 'layerwise'],
      ] as const)
        report({
          ...of,
          ...(await measure(gpu, { name: `${name} step, ${TOKENS} tokens`, times: steps }, () =>
            train(model, objective, steps),
          )),
        });
      const context = randomTokens(model, sized(plan, 1500), 7);
      let prefix: ContextPrefix | undefined;
      report({
        ...of,
        ...(await measure(gpu, { name: 'prefix of 1,500 tokens', times: 1 }, async () => {
          prefix?.dispose();
          prefix = model.prefix(context);
          await gpu.finish();
        })),
      });
      const batches = 3;
      const requests = probes(model, plan.quick ? 3 : Math.floor(2048 / TOKENS));
      for (const [name, before] of [
        ['probe batch of 2,048 tokens', undefined],
        ['probe batch of 2,048 tokens behind 1,500', prefix],
      ] as const)
        report({
          ...of,
          ...(await measure(gpu, { name, times: batches }, async () => {
            await Promise.all(Array.from({ length: batches }, () => model.evaluate(requests, before)));
          })),
        });
      prefix?.dispose();
      model.dispose();
    }
    gpu.dispose();
  },
};

/** Steps of fine-tuning keys and values, on as many demonstrations. */
export async function train(
  model: Model,
  objective: 'output' | 'layerwise',
  steps: number,
): Promise<Float32Array> {
  const sequences = Array.from({ length: steps }, (_, i) => randomTokens(model, TOKENS, i + 1));
  const options = { objective, group: 'attention.kv', learningRate: 1e-3, steps } as const;
  using tuning = new FineTuning(model, options);
  await tuning.steps(sequences);
  const { model: trained } = await tuning.finish();
  const weight = await model.gpu.read(trained.parameters.get('layers.0.attention.key.weight'));
  trained.dispose();
  return weight;
}

/** Queries as an experiment has them. */
export function probes(model: Model, count: number): EvaluationRequest[] {
  return Array.from({ length: count }, (_, i) => ({
    tokens: randomTokens(model, TOKENS, 100 + i),
    probes: [{ row: TOKENS - 1, firstKey: 0 }],
    logProbs: [
      { row: TOKENS - 2, token: 5 },
      { row: TOKENS - 2, token: 6 },
    ],
  }));
}

/** Node 24, which measurements run on, has it; the types are those of the oldest Node that the packages run on. */
const here = process as typeof process & { threadCpuUsage: typeof process.cpuUsage };

/** By the clock, of this thread's CPU time, and, timed once more, of the device by kernel. */
async function measure(
  gpu: Gpu,
  { name, times }: { readonly name: string; readonly times: number },
  work: () => Promise<unknown>,
): Promise<Row> {
  const cold = performance.now();
  await work();
  const first = performance.now() - cold;
  await gpu.finish();
  const [start, cpu] = [performance.now(), here.threadCpuUsage()];
  await work();
  await gpu.finish();
  const clock = performance.now() - start;
  const { user, system } = here.threadCpuUsage(cpu);
  const host = (user + system) / 1e3;
  const row = {
    ...{ what: 'end to end', name, first_ms: round(first) },
    ...{ clock_ms: round(clock / times), host_ms: round(host / times) },
  };
  if (!gpu.device.features.has('timestamp-query')) return row;
  const profile = gpu.profile({ maxDispatches: 0 });
  await work();
  return { ...row, ...ofDevice(await profile.end(), times) };
}

function ofDevice({ kernels }: ProfileResult, times: number): Row {
  const total = kernels.reduce((sum, { ms }) => sum + ms, 0);
  const flop = kernels.reduce((sum, own) => sum + own.flop, 0);
  return {
    gpu_ms: round(total / times),
    dispatches: Math.round(kernels.reduce((sum, { calls }) => sum + calls, 0) / times),
    tflop_s: round(flop / total / 1e9),
    kernels: kernels.slice(0, NAMED).map(({ label, ms }) => `${label} ${((100 * ms) / total).toFixed(0)} %`),
  };
}
