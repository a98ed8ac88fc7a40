struct Params {
  groupCount: u32,
  outIndex: u32,
  outStride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> groups: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> scales: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

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
  if (workgroup >= params.groupCount) { return; }
  let group = groups[workgroup];
  let single = group.y - group.x <= 512u;
  var result = 0.0;
  var own = 0.0;
  var chunk = 0u;
  for (var start = group.x; start < group.y; start += 512u) {
    var sum = 0.0;
    for (var i = start + localIndex; i < min(start + 512u, group.y); i += 8u) { sum += x[i]; }
    result = total(sum, localIndex);
    if (chunk % 8u == localIndex) { own += result; }
    chunk++;
  }
  if (!single) { result = total(own, localIndex); }
  if (localIndex == 0u) { out[params.outIndex + workgroup * params.outStride] = result * scales[workgroup]; }
}
