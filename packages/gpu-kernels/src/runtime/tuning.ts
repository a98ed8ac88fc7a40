import type { AdapterDescription } from '../device/description.ts';
import { TILED_MATMULS, type TiledMatmul, withinWorkgroupMemory } from './tiled-tuning.ts';
import { fixedSubgroupSize, type SubgroupFacts } from './subgroup-size.ts';

/** What one invocation of a matmul kernel computes, and how many make a workgroup. */
export interface MatmulTile {
  /** Rows and columns of C that an invocation computes; columns are a multiple of 4. */
  readonly rows: number;
  readonly columns: number;
  /** Invocations along columns and rows of C. */
  readonly workgroup: readonly [number, number];
}

/** What one subgroup computes of C in the matmul kernel with subgroups. */
export interface SubgroupTile {
  /** A multiple of 4. */
  readonly rows: number;
  /** Of each invocation: a multiple of 4. */
  readonly columns: number;
  /** Steps of k at a time: 4 where B is transposed. */
  readonly depth: number;
  /** In A B, whether the lanes load A in pairs, two steps at a time: A's columns, stride and offset must be multiples of 4 then. */
  readonly vectorA?: boolean;
}

/** A tile with what its choice depends on. */
export interface RatedTile extends SubgroupTile {
  /** On large matrices; only ratios count. */
  readonly rate: number;
  /** Multiply-adds of a product (m n k) from which on it is chosen: where smaller ones never make up for compiling it. */
  readonly minWork?: number;
  /** Whether it is for products of float32 that consist of vec4s alone, as nearly all are: the fewer kernels to compile. */
  readonly plainOnly?: boolean;
}

/** Which factor of a matrix product is transposed. */
export type MatmulLayout = 'NN' | 'NT' | 'TN';

/** Operands straight from storage, each invocation for itself: fastest where workgroup memory is ordinary memory. */
export interface RegisterMatmul {
  readonly strategy: 'register';
  readonly tile: MatmulTile;
  /** With a transposed B, whether both operands are loaded as vec4 along k where sizes and offsets allow it. */
  readonly vectorsAlongK: boolean;
}

/** Operands straight from storage; the invocations of a subgroup load A once and hand it round. */
export interface SubgroupMatmul {
  readonly strategy: 'subgroup';
  /** Invocations that a subgroup has: the tiles are for this number. */
  readonly subgroupSize: number;
  /** The tiles to choose from by shape; see `chooseTile`. */
  readonly tiles: Readonly<Record<MatmulLayout, readonly RatedTile[]>>;
  /** For A B whose B cannot be loaded as vec4, such as one with a column for each word of an odd vocabulary. */
  readonly elementsOfB?: SubgroupTile;
  /** For devices whose subgroups are others, and for operands that cannot be loaded as vec4. */
  readonly otherwise: RegisterMatmul;
}

/** Which matmul kernel an adapter runs. */
export type MatmulTuning = RegisterMatmul | SubgroupMatmul | TiledMatmul;

/** Rows that a subgroup, or four lanes, compute together, and what their choice depends on. */
export interface AttentionTile {
  /** A multiple of the lanes' number. */
  readonly rows: number;
  /** On long sequences; only ratios count. */
  readonly rate: number;
  /** Multiply-adds (rows × keys × heads × head size) from which on it is chosen, as compiling it takes longer. */
  readonly minWork?: number;
  /** Larger heads take seconds to compile. */
  readonly maxHeadDim?: number;
}

/** Each invocation loads all that it needs. */
export interface RegisterAttention {
  readonly strategy: 'register';
  /** Whether one kernel computes all gradients, where a dispatch costs more than its registers. No if absent. */
  readonly inOneDispatch?: boolean;
}

/** The invocations of a subgroup share what they load. */
export interface SubgroupAttention {
  readonly strategy: 'subgroup';
  /** Invocations that a subgroup has: the tiles are for this number. */
  readonly subgroupSize: number;
  readonly forward: readonly AttentionTile[];
  readonly backward: readonly AttentionTile[];
  /** Softmax weights and gradients of scores held at a time, in bytes: 256 tokens of eight heads have 4 MiB of them. */
  readonly weightBytes: number;
}

/** Four lanes that are a subgroup have rows of their own and pass columns round. */
export interface QuadAttention {
  readonly strategy: 'quad';
  readonly forward: readonly AttentionTile[];
  readonly backward: readonly AttentionTile[];
}

/** Tiles staged in workgroup memory. */
export interface TiledAttention {
  readonly strategy: 'tiled';
  /** Most workgroup memory, in bytes, that a workgroup takes where less would do: 16 KiB or more. */
  readonly workgroupBytes: number;
}

/** Which attention kernels an adapter runs; head sizes that they do not take go to the register kernels. */
export type AttentionTuning = RegisterAttention | SubgroupAttention | QuadAttention | TiledAttention;

/** Every choice that differs by adapter, never by data: kernels read `gpu.tuning` and ask for nothing else. */
export interface Tuning {
  /** Invocations that reduce one row, or one chunk of a sum, together: a power of two. */
  readonly invocationsPerRow: number;
  /**
   * Invocations that norm one row together: a power of two from 4, or one alone, which then does by itself what belongs to a
   * row in other kernels as well.
   */
  readonly normLanes: number;
  /**
   * Elements from which on a tensor takes a dispatch of its own that could be joined by others: software adapters run a
   * kernel's text for every tensor in every lane, and SwiftShader reads memory for those too that a lane is not at.
   */
  readonly dispatchElements: number;
  /** Logits held at a time, in bytes: the fewer, the more often a large unembedding is read from memory. */
  readonly logitsBytes: number;
  /** Invocations of a subgroup; absent where the device has no subgroups or their size may vary. */
  readonly subgroupSize?: number;
  readonly matmul: MatmulTuning;
  readonly attention: AttentionTuning;
}

const REGISTER: RegisterMatmul = {
  strategy: 'register',
  tile: { rows: 16, columns: 8, workgroup: [4, 2] },
  vectorsAlongK: false,
};

const EACH_FOR_ITSELF: RegisterAttention = { strategy: 'register' };

/** What GPUs have in common. */
const HARDWARE = {
  invocationsPerRow: 128,
  normLanes: 128,
  dispatchElements: Infinity,
  logitsBytes: 2 ** 28,
} as const;

/** Queries of heads of 128 stay in workgroup memory with 24 KiB; with WebGPU's default limit those of 64 do. */
const [ROOMY, SPARE] = [
  { strategy: 'tiled', workgroupBytes: 2 ** 15 },
  { strategy: 'tiled', workgroupBytes: 2 ** 14 },
] as const satisfies TiledAttention[];

/** Heights that 32 rows are no multiple of, for the steps of large models: of 50 rows two tiles of 32 would waste a fifth. */
const FITTING = { minWork: 2 ** 23, plainOnly: true } as const;

/** The first takes about 0.4 s to compile, the second 0.3 s, the others less. */
const SWIFTSHADER_TILES: readonly RatedTile[] = [
  { rows: 32, columns: 8, depth: 4, rate: 5.2, minWork: 2 ** 20, plainOnly: true },
  { rows: 24, columns: 8, depth: 4, rate: 5, minWork: 2 ** 17, plainOnly: true },
  { rows: 16, columns: 8, depth: 4, rate: 4.5 },
  { rows: 12, columns: 8, depth: 4, rate: 4.2, plainOnly: true },
  { rows: 4, columns: 8, depth: 4, rate: 2.5 },
];

/**
 * The table: by a software adapter's profile, else by the kind of adapter. Measured with bench/kernels.ts, the rates of
 * tiles in GFLOP per CPU-second with bench/matmul-shapes.ts. Software adapters run a barrier as a switch between
 * coroutines, one for each SIMD group of a workgroup, so that few invocations reduce a row (128 take 25 times as long on
 * SwiftShader). With a transposed B, the register kernel's vec4 loads win on SwiftShader and lose on lavapipe. There 32
 * rows of an A that is not transposed gain in A B only where each is loaded two steps at a time: strides that are powers
 * of two evict each other from the cache. With a transposed A, C is as large as a weight: no tiles for few rows.
 * Attention's tiles are the largest that compile in about two seconds.
 */
export const TUNINGS = {
  lavapipe: {
    invocationsPerRow: 8,
    normLanes: 1,
    dispatchElements: 2 ** 14,
    logitsBytes: 2 ** 25,
    matmul: {
      strategy: 'subgroup',
      subgroupSize: 8,
      tiles: {
        NN: [
          { rows: 32, columns: 8, depth: 2, vectorA: true, rate: 31, minWork: 2 ** 22 },
          { rows: 28, columns: 8, depth: 2, vectorA: true, rate: 29.5, ...FITTING },
          { rows: 24, columns: 8, depth: 2, vectorA: true, rate: 28, ...FITTING },
          { rows: 16, columns: 8, depth: 2, rate: 26 },
          { rows: 16, columns: 4, depth: 2, rate: 22.5 },
          { rows: 4, columns: 8, depth: 2, rate: 12 },
        ],
        NT: [
          { rows: 32, columns: 4, depth: 4, rate: 30.5 },
          { rows: 28, columns: 4, depth: 4, rate: 28.5, ...FITTING },
          { rows: 24, columns: 4, depth: 4, rate: 26.5, ...FITTING },
          { rows: 16, columns: 4, depth: 4, rate: 23 },
          { rows: 8, columns: 4, depth: 4, rate: 17.5 },
        ],
        TN: [
          { rows: 32, columns: 8, depth: 2, rate: 35 },
          { rows: 16, columns: 8, depth: 2, rate: 28 },
          { rows: 16, columns: 4, depth: 2, rate: 24.5 },
        ],
      },
      elementsOfB: { rows: 32, columns: 8, depth: 1 },
      otherwise: REGISTER,
    },
    attention: {
      strategy: 'subgroup',
      subgroupSize: 8,
      forward: [
        { rows: 8, rate: 10.8 },
        { rows: 32, rate: 17, minWork: 2 ** 20, maxHeadDim: 64 },
      ],
      backward: [{ rows: 16, rate: 12.5, maxHeadDim: 64 }],
      weightBytes: 2 ** 24,
    },
  },
  swiftshader: {
    invocationsPerRow: 8,
    normLanes: 1,
    dispatchElements: 2 ** 14,
    logitsBytes: 2 ** 25,
    matmul: {
      strategy: 'subgroup',
      subgroupSize: 4,
      tiles: {
        NN: SWIFTSHADER_TILES,
        NT: SWIFTSHADER_TILES,
        TN: SWIFTSHADER_TILES.filter(({ rows }) => rows % 16 === 0),
      },
      otherwise: { ...REGISTER, vectorsAlongK: true },
    },
    attention: {
      strategy: 'quad',
      forward: [
        { rows: 8, rate: 3, maxHeadDim: 64 },
        { rows: 16, rate: 3.6, minWork: 2 ** 20, maxHeadDim: 32 },
      ],
      backward: [
        { rows: 4, rate: 2.1, maxHeadDim: 64 },
        { rows: 8, rate: 2.8, maxHeadDim: 32 },
        { rows: 16, rate: 3.3, minWork: 2 ** 21, maxHeadDim: 16 },
      ],
    },
  },
  /** Any other adapter that runs on the CPU. */
  software: {
    invocationsPerRow: 8,
    normLanes: 1,
    dispatchElements: 2 ** 14,
    logitsBytes: 2 ** 25,
    matmul: REGISTER,
    attention: EACH_FOR_ITSELF,
  },
  nvidia: { ...HARDWARE, matmul: TILED_MATMULS.nvidia, attention: ROOMY },
  amd: { ...HARDWARE, matmul: TILED_MATMULS.amd, attention: ROOMY },
  apple: { ...HARDWARE, matmul: TILED_MATMULS.apple, attention: SPARE },
  intel: { ...HARDWARE, matmul: TILED_MATMULS.intel, attention: SPARE },
  /** Any other GPU. */
  hardware: { ...HARDWARE, matmul: TILED_MATMULS.hardware, attention: SPARE },
} as const satisfies Readonly<Record<string, Tuning>>;

/**
 * The choices for a device of an adapter: those of its profile if it has some, else those of its kind; with subgroups
 * only if the device has those that the choices are made for, and no tiles that need more workgroup memory than it has.
 */
export function tuningFor(
  { profile, kind }: Pick<AdapterDescription, 'profile' | 'kind'>,
  device: SubgroupFacts & { readonly limits?: Partial<GPUSupportedLimits> },
): Tuning {
  const tuning = Object.entries<Tuning>(TUNINGS).find(([name]) => name === profile)?.[1] ?? TUNINGS[kind];
  const subgroupSize = fixedSubgroupSize(device);
  const workgroupBytes = device.limits?.maxComputeWorkgroupStorageSize ?? Infinity;
  const matmul: MatmulTuning =
    tuning.matmul.strategy === 'tiled' ? withinWorkgroupMemory(tuning.matmul, workgroupBytes) : tuning.matmul;
  const unfit = matmul.strategy === 'subgroup' && matmul.subgroupSize !== subgroupSize;
  const attention: AttentionTuning =
    tuning.attention.strategy === 'tiled'
      ? { ...tuning.attention, workgroupBytes: Math.min(tuning.attention.workgroupBytes, workgroupBytes) }
      : tuning.attention;
  const lanes =
    attention.strategy === 'quad'
      ? 4
      : attention.strategy === 'subgroup'
        ? attention.subgroupSize
        : undefined;
  const unshared = lanes !== undefined && lanes !== subgroupSize;
  return {
    ...tuning,
    ...(subgroupSize === undefined ? {} : { subgroupSize }),
    matmul: unfit ? matmul.otherwise : matmul,
    attention: unshared ? EACH_FOR_ITSELF : attention,
  };
}
