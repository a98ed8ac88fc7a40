/*
 * WebGPU's flags under their standard names (WebGPU, sections 5.1 and 8.2). Browsers have them as globals; Node has none,
 * and `@webgpu/types` declares types alone.
 */

/** `GPUBufferUsage`. */
export const BufferUsage = {
  MAP_READ: 0x0001,
  COPY_SRC: 0x0004,
  COPY_DST: 0x0008,
  UNIFORM: 0x0040,
  STORAGE: 0x0080,
  QUERY_RESOLVE: 0x0200,
} as const;

/** `GPUMapMode`. */
export const MapMode = { READ: 0x0001 } as const;

/** `GPUShaderStage`. */
export const ShaderStage = { COMPUTE: 0x4 } as const;
