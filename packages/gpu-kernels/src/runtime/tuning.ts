import type { AdapterDescription } from '../device/description.ts';
import { fixedSubgroupSize } from './subgroup-size.ts';

/** What one invocation of a matmul kernel computes, and how many make a workgroup. */
export interface MatmulTile {
  /** Rows and columns of C that an invocation computes; columns are a multiple of 4. */
  readonly rows: number;
  readonly columns: number;
  /** Invocations along columns and rows of C. */
  readonly workgroup: readonly [number, number];
}

/** Which matmul kernel an adapter runs. */
export type MatmulTuning =
  | {
      /** Operands straight from storage: fastest where workgroup memory is ordinary memory. */
      readonly strategy: 'register';
      readonly tile: MatmulTile;
      /** With a transposed B, whether both operands are loaded as vec4 along k where sizes and offsets allow it. */
      readonly vectorsAlongK: boolean;
    }
  | {
      /** Operands staged in workgroup memory. */
      readonly strategy: 'shared';
      readonly tile: MatmulTile;
    };

/** Every choice that differs by adapter, never by data: kernels read `gpu.tuning` and ask for nothing else. */
export interface Tuning {
  /** Invocations that reduce one row, or one chunk of a sum, together: a power of two. */
  readonly invocationsPerRow: number;
  /** Invocations of a subgroup; absent where the device has no subgroups or their size may vary. */
  readonly subgroupSize?: number;
  readonly matmul: MatmulTuning;
}

const REGISTER_TILE: MatmulTile = { rows: 16, columns: 8, workgroup: [4, 2] };

/**
 * The table: by a software adapter's profile, else by the kind of adapter. Measured with bench/kernels.ts. Software adapters run a barrier as a switch between coroutines, one for each SIMD
 * group of a workgroup, so that few invocations reduce a row (128 take 25 times as long on SwiftShader). With a
 * transposed B, vec4 loads win on SwiftShader and lose on lavapipe.
 */
export const TUNINGS = {
  lavapipe: {
    invocationsPerRow: 8,
    matmul: { strategy: 'register', tile: REGISTER_TILE, vectorsAlongK: false },
  },
  swiftshader: {
    invocationsPerRow: 8,
    matmul: { strategy: 'register', tile: REGISTER_TILE, vectorsAlongK: true },
  },
  /** Any other adapter that runs on the CPU. */
  software: {
    invocationsPerRow: 8,
    matmul: { strategy: 'register', tile: REGISTER_TILE, vectorsAlongK: false },
  },
  hardware: {
    invocationsPerRow: 128,
    matmul: { strategy: 'shared', tile: { rows: 4, columns: 4, workgroup: [16, 16] } },
  },
} as const satisfies Readonly<Record<string, Tuning>>;

/** The choices for an adapter: those of its profile if it has some, else those of its kind; with what a device of it tells. */
export function tuningFor(
  { profile, kind }: Pick<AdapterDescription, 'profile' | 'kind'>,
  device?: Pick<GPUDevice, 'features' | 'adapterInfo'>,
): Tuning {
  const tuning = Object.entries<Tuning>(TUNINGS).find(([name]) => name === profile)?.[1] ?? TUNINGS[kind];
  const subgroupSize = device && fixedSubgroupSize(device);
  return subgroupSize === undefined ? tuning : { ...tuning, subgroupSize };
}
