struct Params {
  rows: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

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

var<workgroup> largestPartial: array<f32, 8>;

fn largest(value: f32, localIndex: u32) -> f32 {
  largestPartial[localIndex] = value;
  workgroupBarrier();
  for (var stride = 4u; stride > 0u; stride >>= 1u) {
    if (localIndex < stride) {
      let a = largestPartial[localIndex];
      let b = largestPartial[localIndex + stride];
      largestPartial[localIndex] = max(a, b);
    }
    workgroupBarrier();
  }
  let result = largestPartial[0];
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
  var most = logits[row];
  for (var c = localIndex; c < params.width; c += 8u) {
    most = max(most, logits[row + c]);
  }
  most = largest(most, localIndex);
  var sum = 0.0;
  for (var start = localIndex; start < params.width; start += 512u) {
    var block = 0.0;
    for (var c = start; c < min(start + 512u, params.width); c += 8u) {
      block += exp(logits[row + c] - most);
    }
    sum += block;
  }
  sum = total(sum, localIndex);
  if (localIndex == 0u) { out[workgroup] = most + log(sum); }
}
