import { type Gpu, type Tensor, defineKernel, grid } from '@icl-gd/gpu-kernels';

const WORKGROUP = 64;

/** A kernel of one's own: plain data, made without a device. */
const kernel = defineKernel({
  label: 'my.add-vector',
  storage: { x: '&f32', vector: 'f32' }, // & is read and written
  params: { count: 'u32', width: 'u32', scale: 'f32' },
  workgroupSize: [WORKGROUP],
  body: `
let i = workgroup * ${WORKGROUP}u + localIndex;
if (i >= params.count) { return; }
x[i] += params.scale * vector[i % params.width];`,
});

/** x[r, c] += scale * vector[c], in place. */
export function addVector(gpu: Gpu, x: Tensor, vector: Tensor, scale: number): void {
  const params = { count: x.length, width: vector.length, scale };
  gpu.dispatch(kernel, { x, vector }, params, grid(Math.ceil(x.length / WORKGROUP)));
}
