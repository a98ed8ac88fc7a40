import { acquireGpu, defineKernel, grid } from '@icl-gd/gpu-kernels';

/*
 * A kernel of your own on a device of your own: y[r, c] = weight[r] * x[r, c].
 *
 *   npx node examples/kernel-on-your-device.ts
 */
const WORKGROUP = 64;

const scaleRows = defineKernel({
  label: 'example.scale-rows',
  storage: { x: 'f32', weight: 'f32', y: '&f32' },
  params: { count: 'u32', width: 'u32' },
  workgroupSize: [WORKGROUP],
  body: `
let i = workgroup * ${WORKGROUP}u + localIndex;
if (i >= params.count) { return; }
y[i] = weight[i / params.width] * x[i];`,
});

/** Browsers and Deno have `navigator.gpu`; Node has not, and what acquireGpu opens is a `GPUDevice` like any other. */
async function yourDevice(): Promise<GPUDevice> {
  const { navigator } = globalThis as { navigator?: { gpu?: GPU } };
  const adapter = await navigator?.gpu?.requestAdapter();
  if (adapter) return adapter.requestDevice();
  return (await acquireGpu({ adapter: process.env['ICL_GD_ADAPTER'] ?? 'auto' })).device;
}

const device = await yourDevice();
const gpu = await acquireGpu({ device }); // leaves the device open at its end

const [rows, width] = [1000, 77];
const x = Float32Array.from({ length: rows * width }, (_, i) => Math.sin(i));
const weight = Float32Array.from({ length: rows }, (_, row) => 1 / (row + 1));
const scope = gpu.scope(); // owns its tensors; `using scope` where your Node or compiler has it
const y = scope.tensor([rows, width]);
const storage = { x: scope.upload(x, [rows, width]), weight: scope.upload(weight, [rows]), y };
gpu.dispatch(scaleRows, storage, { count: x.length, width }, grid(Math.ceil(x.length / WORKGROUP)));
const values = await gpu.read(y);
scope.dispose();
const expected = x.map((value, i) => (weight[Math.floor(i / width)] ?? NaN) * value);
const differing = values.filter((value, i) => value !== expected[i]).length;
console.log(`${x.length} products, ${differing} differ from plain JavaScript`);
console.log(`${gpu.pool.live.bytes} bytes left on the device`);
gpu.dispose();
device.destroy();
