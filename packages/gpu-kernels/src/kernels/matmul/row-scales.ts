import type { Gpu } from '../../runtime/gpu.ts';
import { type ParameterType, defineKernel, grid } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { workgroupReduction } from '../row-kernel.ts';
import type { Matrix, BoundMatrix } from './matrix.ts';

/** Invocations that look through one row. */
const LANES = 64;

const PARAMS = {
  rows: 'u32',
  columns: 'u32',
  offset: 'u32',
  stride: 'u32',
} as const satisfies Record<string, ParameterType>;

/**
 * Writes for each row of a matrix a power of two and its inverse: the row times the first has its largest magnitude in
 * [2¹⁴, 2¹⁵), so that each element is a sum of two float16 to about 22 bits, and none is too large for float16, whatever
 * float32 holds. Both are normal numbers: rows whose largest magnitude is below 2⁻¹¹² take 2¹²⁶. A scale depends on its row alone.
 */
export const ROW_SCALES = defineKernel({
  label: 'matmul.row-scales',
  storage: { x: 'vec4<f32>', scales: '&vec2<f32>' },
  params: PARAMS,
  workgroupSize: [LANES],
  declarations: workgroupReduction('largest', LANES, 'max(a, b)', 'u32'),
  body: `
    if (workgroup >= params.rows) { return; }
    let first = (params.offset + workgroup * params.stride) / 4u;
    // Magnitudes are ordered as their bits are, what is no number above all.
    var most = vec4<u32>();
    for (var c = localIndex; c < params.columns / 4u; c += ${LANES}u) {
      most = max(most, bitcast<vec4<u32>>(x[first + c]) & vec4<u32>(0x7fffffffu));
    }
    let bits = largest(max(max(most.x, most.y), max(most.z, most.w)), localIndex);
    if (localIndex == 0u) {
      let exponent = clamp(bits >> 23u, 15u, 254u);
      scales[workgroup] = vec2<f32>(bitcast<f32>((268u - exponent) << 23u), bitcast<f32>((exponent - 14u) << 23u));
    }`,
});

/**
 * [rows, 2] scales of a matrix's rows and their inverses, of which the caller becomes the owner.
 * @param bound where the matrix is bound; its columns, stride and offset are whole vec4s
 */
export function rowScales(
  gpu: Gpu,
  { rows, columns, stride }: Matrix,
  { operand, offset }: BoundMatrix,
): Tensor {
  const scales = gpu.tensor([rows, 2], { label: 'scales of rows' });
  gpu.dispatch(ROW_SCALES, { x: operand, scales }, { rows, columns, offset, stride }, grid(rows));
  return scales;
}
