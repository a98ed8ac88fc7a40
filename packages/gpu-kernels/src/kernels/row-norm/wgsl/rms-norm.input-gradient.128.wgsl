struct Params {
  rows: u32,
  width: u32,
  accumulate: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> stats: array<f32>;
@group(0) @binding(4) var<storage, read> gradOutput: array<f32>;
@group(0) @binding(5) var<storage, read_write> gradInput: array<f32>;

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
  if (workgroup >= params.rows) { return; }
  let row = workgroup * params.width;
  let inverse = stats[workgroup];
  var sums = f32();
  for (var c = localIndex; c < params.width; c += 128u) {
    let scaled = gradOutput[row + c] * weight[c];
    let product = scaled * (x[row + c] * inverse);
    sums += product;
  }
  let means = total(sums, localIndex) / f32(params.width);
  for (var c = localIndex; c < params.width; c += 128u) {
    let scaled = gradOutput[row + c] * weight[c];
    let normalized = x[row + c] * inverse;
    var value = inverse * (scaled - normalized * means);
    if (params.accumulate != 0u) { value += gradInput[row + c]; }
    gradInput[row + c] = value;
  }
}
