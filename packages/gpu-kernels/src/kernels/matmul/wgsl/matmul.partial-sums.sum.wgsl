struct Params {
  m: u32,
  n: u32,
  parts: u32,
  cOffset: u32,
  cStride: u32,
  biasOffset: u32,
  useBias: u32,
  accumulate: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;
@group(0) @binding(4) var<storage, read> x: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let i = workgroup * 64u + localIndex;
  let size = params.m * params.n;
  if (i >= size) { return; }
  var sum = 0.0;
  // A constant bound: no guard against loops without end.
  for (var part = 0u; part < 64u; part++) {
    if (part >= params.parts) { break; }
    sum += partial[part * size + i];
  }
  let at = params.cOffset + i / params.n * params.cStride + i % params.n;
  var value = sum;
  if (params.useBias != 0u) { value += bias[params.biasOffset + i % params.n]; }
  if (params.accumulate != 0u) { value += c[at]; }
  c[at] = value + x[at];
}
