struct Params {
  end0: u32,
  length0: u32,
  end1: u32,
  length1: u32,
  stacked: u32,
  stride: u32,
  outOffset: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x0: array<f32>;
@group(0) @binding(2) var<storage, read> x1: array<f32>;
@group(0) @binding(3) var<storage, read_write> parameter0: array<f32>;
@group(0) @binding(4) var<storage, read_write> parameter1: array<f32>;
@group(0) @binding(5) var<storage, read_write> partial: array<f32>;

var<workgroup> totalPartial: array<f32, 128>;

fn total(value: f32, localIndex: u32) -> f32 {
  totalPartial[localIndex] = value;
  workgroupBarrier();
  for (var stride = 64u; stride > 0u; stride >>= 1u) {
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

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let group = workgroup / params.end1;
  let chunk = workgroup % params.end1;
  if (group >= params.stacked) { return; }
  var sum = 0.0;
  if (chunk < params.end0) {
    let start = (chunk) * 8192u;
    for (var i = start + localIndex; i < min(start + 8192u, params.length0); i += 128u) {
      let value = x0[group * params.length0 + i];
      sum += value * value;
      parameter0[i] += params.scale * value;
    }
  } else
  if (chunk < params.end1) {
    let start = (chunk - params.end0) * 8192u;
    for (var i = start + localIndex; i < min(start + 8192u, params.length1); i += 128u) {
      let value = x1[group * params.length1 + i];
      sum += value * value;
      parameter1[i] += params.scale * value;
    }
  }
  let result = total(sum, localIndex);
  if (localIndex == 0u) { partial[group * params.stride + params.outOffset + chunk] = result; }
}
