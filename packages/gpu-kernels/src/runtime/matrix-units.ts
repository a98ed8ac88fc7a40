import { fixedSubgroupSize, type SubgroupFacts } from './subgroup-size.ts';

/** Matrices that a subgroup multiplies as one instruction: `size` × `size` each, of a type, added up in float32. */
export interface MatrixUnits {
  /** Type of the factors. `f16` takes numbers of float32 as a sum of two. */
  readonly component: 'f16' | 'f32';
  readonly size: 8 | 16;
}

/** A configuration as `GPUAdapterInfo.subgroupMatrixConfigs` lists it. */
interface MatrixConfig {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** What a `GPUDevice` says of its matrix units. */
export interface MatrixFacts extends SubgroupFacts {
  readonly adapterInfo?: SubgroupFacts['adapterInfo'] & {
    readonly subgroupMatrixConfigs?: Iterable<MatrixConfig>;
  };
  readonly limits?: Partial<GPUSupportedLimits>;
}

/** Invocations of the subgroups that the kernels are made for. */
export const MATRIX_SUBGROUP = 32;

/** Those that there are kernels for, the best first: workgroup memory is what their largest needs, in bytes. */
const KNOWN = [
  { units: { component: 'f16', size: 16 }, workgroupBytes: 38_912 },
  { units: { component: 'f32', size: 8 }, workgroupBytes: 11_264 },
] as const satisfies readonly { units: MatrixUnits; workgroupBytes: number }[];

const FEATURE = 'chromium-experimental-subgroup-matrix';
const UNSAFE_APIS = 'ICL_GD_DAWN=unsafe-apis shows it';

/** Every kind of matrix units that there are kernels for. */
export const MATRIX_UNITS: readonly MatrixUnits[] = KNOWN.map(({ units }) => units);

/** What a device would need besides, in words, and if something may give it that, what. */
export interface MatrixUnitsLack {
  readonly lacks: string;
  readonly hint?: string;
}

/** The matrix units of a device that there are kernels for, the best of them, or what it lacks. */
export function matrixUnitsOf(device: MatrixFacts): MatrixUnits | MatrixUnitsLack {
  const { features, adapterInfo, limits } = device;
  if (!features.has(FEATURE))
    return { lacks: `the feature ${FEATURE}`, hint: `${UNSAFE_APIS} where the driver has it` };
  if (fixedSubgroupSize(device) !== MATRIX_SUBGROUP)
    return { lacks: `subgroups of always ${MATRIX_SUBGROUP} invocations` };
  const configs = [...(adapterInfo?.subgroupMatrixConfigs ?? [])];
  const fitting = KNOWN.filter(({ units: { component, size } }) =>
    configs.some(
      ({ componentType, resultComponentType, M, N, K }) =>
        componentType === component &&
        resultComponentType === 'f32' &&
        [M, N, K].every((own) => own === size),
    ),
  );
  if (fitting.length === 0)
    return {
      lacks: 'matrix units of 16 x 16 x 16 from f16 to f32, or of 8 x 8 x 8 in f32',
      hint: `its matrix units are ${describe(configs)}`,
    };
  const capable = fitting.filter(({ units }) => units.component !== 'f16' || features.has('shader-f16'));
  if (capable.length === 0)
    return { lacks: 'the feature shader-f16', hint: `${UNSAFE_APIS} on NVIDIA cards` };
  const memory = limits?.maxComputeWorkgroupStorageSize ?? 0;
  const roomy = capable.find(({ workgroupBytes }) => workgroupBytes <= memory);
  if (!roomy)
    return {
      lacks: `${capable[0]?.workgroupBytes} bytes of workgroup memory`,
      hint: `its maxComputeWorkgroupStorageSize is ${memory}`,
    };
  return roomy.units;
}

function describe(configs: readonly MatrixConfig[]): string {
  if (configs.length === 0) return 'none';
  return configs
    .map(
      ({ componentType, resultComponentType, M, N, K }) =>
        `${M} x ${N} x ${K} ${componentType} to ${resultComponentType}`,
    )
    .join(', ');
}
