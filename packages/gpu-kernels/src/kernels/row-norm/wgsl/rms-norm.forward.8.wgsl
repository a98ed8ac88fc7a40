struct Params {
  rows: u32,
  width: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<storage, read_write> stats: array<f32>;

var<workgroup> totalPartial: array<f32, 8>;

fn total(value: f32, localIndex: u32) -> f32 {
  totalPartial[localIndex] = value;
  workgroupBarrier();
  for (var stride = 4u; stride > 0u; stride >>= 1u) {
    if (localIndex < stride) {
      let a = totalPartial[localIndex];
      let b = totalPartial[localIndex + stride];
      totalPartial[localIndex] = a + b;
    }
    workgroupBarrier();
  }
  let result = totalPartial[0];
  workgroupBarrier();
  return result;
}

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (workgroup >= params.rows) { return; }
  let row = workgroup * params.width;
  var squares = 0.0;
  for (var c = localIndex; c < params.width; c += 8u) {
    squares += x[row + c] * x[row + c];
  }
  let inverse = 1.0 / sqrt(total(squares, localIndex) / f32(params.width) + params.epsilon);
  for (var c = localIndex; c < params.width; c += 8u) {
    out[row + c] = x[row + c] * inverse * weight[c];
  }
  if (localIndex == 0u) { stats[workgroup] = inverse; }
}
