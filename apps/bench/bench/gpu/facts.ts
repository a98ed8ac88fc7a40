import { type DawnSwitch, measureDevice } from '@icl-gd/gpu-kernels';
import { type Step, open, round } from './step.ts';

const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupStorageSize',
] as const;

/** Switches of Dawn that facts are asked for under. */
const FLAG_SETS: readonly (readonly DawnSwitch[])[] = [
  [],
  ['unsafe-apis'],
  ['no-robustness', 'no-validation', 'no-workgroup-init', 'exact-timestamps'],
];

interface MatrixConfiguration {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly componentType: string;
  readonly resultComponentType: string;
}

/** What the device is and can, under each set of Dawn's switches, and its peaks. */
export const facts: Step = {
  title: 'What the device is',
  seconds: 60,
  async run(plan, report) {
    for (const dawn of FLAG_SETS) {
      const gpu = await open(plan, dawn);
      const { device, adapter } = gpu;
      const { subgroupMatrixConfigs = [] } = device.adapterInfo as GPUAdapterInfo & {
        readonly subgroupMatrixConfigs?: readonly MatrixConfiguration[];
      };
      report({
        what: 'device',
        dawn: dawn.join(' ') || 'none',
        adapter: adapter.description,
        ...{ vendor: adapter.vendor, kind: adapter.kind, profile: adapter.profile },
        node: process.versions.node,
        features: [...device.features].sort(),
        subgroups: gpu.tuning.subgroupSize ?? null,
        matmul: gpu.tuning.matmul.strategy,
        matrices: subgroupMatrixConfigs.map(
          ({ M, N, K, componentType, resultComponentType }) =>
            `${M}x${N}x${K} ${componentType} -> ${resultComponentType}`,
        ),
        ...Object.fromEntries(LIMITS.map((name) => [name, device.limits[name]])),
      });
      gpu.dispose();
    }
    const gpu = await open(plan);
    const { fma, copy, matmul, matmulShape } = await measureDevice(gpu, { seconds: plan.quick ? 0.02 : 0.5 });
    report({ what: 'peak', name: 'multiply-adds in registers', gflop_s: round(fma / 1e9) });
    report({ what: 'peak', name: 'copy', gb_s: round(copy / 1e9) });
    report({ what: 'peak', name: `matmul ${matmulShape.join(' x ')}`, gflop_s: round(matmul / 1e9) });
    gpu.dispose();
  },
};
