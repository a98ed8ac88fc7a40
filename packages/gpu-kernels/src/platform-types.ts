/// <reference lib="esnext.disposable" preserve="true" />

/*
 * Types of the platform that declarations of these packages name. Programs that load them (TypeScript's `dom`,
 * `@types/node`, `@webgpu/types`) merge theirs with these empty ones, which changes nothing; in all others they are
 * names that say no more. `@webgpu/types` is no dependency, since it contradicts the `dom` of TypeScript 7.
 */
declare global {
  interface GPUDevice {}
  interface GPUBuffer {}
  interface GPUComputePipeline {}
  interface GPUBindGroupLayout {}
  interface GPUSupportedLimits {}
  interface AbortSignal {}
  interface Response {}
  interface URL {}
  interface Blob {}
}
