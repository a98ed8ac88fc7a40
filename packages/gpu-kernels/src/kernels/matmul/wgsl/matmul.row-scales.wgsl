struct Params {
  rows: u32,
  columns: u32,
  offset: u32,
  stride: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> scales: array<vec2<f32>>;

var<workgroup> largestPartial: array<u32, 64>;

fn largest(value: u32, localIndex: u32) -> u32 {
  largestPartial[localIndex] = value;
  workgroupBarrier();
  for (var stride = 32u; stride > 0u; stride >>= 1u) {
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

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (workgroup >= params.rows) { return; }
  let first = (params.offset + workgroup * params.stride) / 4u;
  // Magnitudes are ordered as their bits are, what is no number above all.
  var most = vec4<u32>();
  for (var c = localIndex; c < params.columns / 4u; c += 64u) {
    most = max(most, bitcast<vec4<u32>>(x[first + c]) & vec4<u32>(0x7fffffffu));
  }
  let bits = largest(max(max(most.x, most.y), max(most.z, most.w)), localIndex);
  if (localIndex == 0u) {
    let exponent = clamp(bits >> 23u, 15u, 254u);
    scales[workgroup] = vec2<f32>(bitcast<f32>((268u - exponent) << 23u), bitcast<f32>((exponent - 14u) << 23u));
  }
}
