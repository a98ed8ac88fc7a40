struct Params {
  rows: u32,
  width: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> weight: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> stats: array<f32>;

var<workgroup> partial: array<f32, 128>;

fn totals(value: f32, localIndex: u32) -> f32 {
  partial[localIndex] = value;
  workgroupBarrier();
  for (var stride = 16u; stride > 0u; stride >>= 1u) {
    if (localIndex % 32u < stride) { partial[localIndex] += partial[localIndex + stride]; }
    workgroupBarrier();
  }
  let result = partial[localIndex / 32u * 32u];
  workgroupBarrier();
  return result;
}

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (workgroup * 4u >= params.rows) { return; }
  let index = workgroup * 4u + localIndex / 32u;
  let lane0 = localIndex % 32u;
  let width = params.width / 4u;
  // Past the last row the bound is 0: nothing is read or written there.
  let end = select(0u, width, index < params.rows);
  let row = index * width;
  let isFirst = lane0 == 0u && index < params.rows;
  var terms = vec4<f32>();
  for (var c = lane0; c < end; c += 32u) {
    let value = x[row + c]; terms += value;
  }
  let mean = totals(dot(terms, vec4<f32>(1.0)), localIndex) / f32(params.width);
  var squares = vec4<f32>();
  for (var c = lane0; c < end; c += 32u) {
    let centred = x[row + c] - mean;
    squares += centred * centred;
  }
  let inverse = 1.0 / sqrt(totals(dot(squares, vec4<f32>(1.0)), localIndex) / f32(params.width) + params.epsilon);
  for (var c = lane0; c < end; c += 32u) {
    let factor = weight[c];
    let shift = bias[c];
    out[row + c] = (x[row + c] - mean) * inverse * factor + shift;
  }
  if (isFirst) {
    stats[2u * index] = mean;
    stats[2u * index + 1u] = inverse;
  }
}
