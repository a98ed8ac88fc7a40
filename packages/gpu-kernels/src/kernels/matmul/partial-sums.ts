import { defineKernel } from '../../runtime/kernel.ts';

/** Most chunks of k whose sums are added up. */
export const MAX_CHUNKS = 64;

const WORKGROUP = 64;

/** Elements of C that a workgroup of {@link PARTIAL_SUMS} computes. */
export const PARTIAL_SUMS_PER_WORKGROUP = WORKGROUP;

/** C [m, n] = the sum of [parts, m, n] over the parts, in their order (+ bias) (+ C). */
export const PARTIAL_SUMS = defineKernel({
  label: 'matmul.partial-sums',
  storage: { partial: 'f32', bias: 'f32', c: '&f32' },
  params: {
    m: 'u32',
    n: 'u32',
    parts: 'u32',
    cOffset: 'u32',
    cStride: 'u32',
    biasOffset: 'u32',
    useBias: 'u32',
    accumulate: 'u32',
  },
  workgroupSize: [WORKGROUP],
  body: `
    let i = workgroup * ${WORKGROUP}u + localIndex;
    let size = params.m * params.n;
    if (i >= size) { return; }
    var sum = 0.0;
    // A constant bound: no guard against loops without end.
    for (var part = 0u; part < ${MAX_CHUNKS}u; part++) {
      if (part >= params.parts) { break; }
      sum += partial[part * size + i];
    }
    let at = params.cOffset + i / params.n * params.cStride + i % params.n;
    var value = sum;
    if (params.useBias != 0u) { value += bias[params.biasOffset + i % params.n]; }
    if (params.accumulate != 0u) { value += c[at]; }
    c[at] = value;`,
});
