import type { AdapterDescription, MatrixUnits } from '@icl-gd/gpu-kernels';

/** What decides about a plan besides the model and its workload. */
export interface PlannedDevice {
  /** Bytes that one kernel binding may span: what is larger is worked on in slices, or refused. */
  readonly maxBindingBytes: number;
  /** Whose kernels are planned for; an unknown graphics card's if absent. */
  readonly adapter?: AdapterDescription;
  /** Matrix units that products of probing run on; none if absent. */
  readonly matrixUnits?: MatrixUnits | undefined;
  /** Whose features and subgroups its kernels may use (`gpu.device`); of none if absent. */
  readonly device?: {
    readonly features: {
      /** Whether the device was opened with a feature. */
      has(feature: string): boolean;
    };
    readonly adapterInfo?: { readonly subgroupMinSize?: number; readonly subgroupMaxSize?: number };
    /** As many buffers as kernels ask for if absent. */
    readonly limits?: { readonly maxStorageBuffersPerShaderStage?: number };
  };
}
