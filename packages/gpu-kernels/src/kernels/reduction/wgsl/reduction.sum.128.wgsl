struct Params {
  start: u32,
  end: u32,
  outOffset: u32,
  scale: f32,
  accumulate: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

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
  let start = params.start + workgroup * 8192u;
  if (start >= max(params.end, params.start + 1u)) { return; }
  var sum = 0.0;
  for (var i = start + localIndex; i < min(start + 8192u, params.end); i += 128u) {
    let value = x[i];
    sum += value;
  }
  var result = total(sum, localIndex) * params.scale;
  if (localIndex == 0u) {
    if (params.accumulate != 0u) { result += out[params.outOffset + workgroup]; }
    out[params.outOffset + workgroup] = result;
  }
}
