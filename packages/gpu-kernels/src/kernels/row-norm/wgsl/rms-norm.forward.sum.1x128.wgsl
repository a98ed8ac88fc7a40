struct Params {
  rows: u32,
  width: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> addend: array<f32>;
@group(0) @binding(3) var<storage, read_write> sum: array<f32>;
@group(0) @binding(4) var<storage, read> weight: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<storage, read_write> stats: array<f32>;

var<workgroup> partial: array<f32, 128>;

fn totals(value: f32, localIndex: u32) -> f32 {
  partial[localIndex] = value;
  workgroupBarrier();
  for (var stride = 64u; stride > 0u; stride >>= 1u) {
    if (localIndex % 128u < stride) { partial[localIndex] += partial[localIndex + stride]; }
    workgroupBarrier();
  }
  let result = partial[localIndex / 128u * 128u];
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
  if (workgroup * 1u >= params.rows) { return; }
  let index = workgroup * 1u + localIndex / 128u;
  let lane0 = localIndex % 128u;
  let width = params.width;
  // Past the last row the bound is 0: nothing is read or written there.
  let end = select(0u, width, index < params.rows);
  let row = index * width;
  let isFirst = lane0 == 0u && index < params.rows;
  var squares = f32();
  for (var c = lane0; c < end; c += 128u) {
    let value = x[row + c] + addend[row + c];
    sum[row + c] = value; squares += value * value;
  }
  let inverse = 1.0 / sqrt(totals(squares, localIndex) / f32(params.width) + params.epsilon);
  for (var c = lane0; c < end; c += 128u) {
    let factor = weight[c];
    out[row + c] = sum[row + c] * inverse * factor;
  }
  if (isFirst) { stats[index] = inverse; }
}
