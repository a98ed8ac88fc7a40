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

var<workgroup> partial: array<vec2<f32>, 128>;

fn totals(value: vec2<f32>, localIndex: u32) -> vec2<f32> {
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
  let mean = stats[2u * min(index, params.rows - 1u)];
  let inverse = stats[2u * min(index, params.rows - 1u) + 1u];
  var scaledSum = f32();
  var productSum = f32();
  for (var c = lane0; c < end; c += 128u) {
    let factor = weight[c];
    let scaled = gradOutput[row + c] * factor;
    let product = scaled * (x[row + c] - mean) * inverse;
    scaledSum += scaled;
    productSum += product;
  }
  let means = totals(vec2<f32>(scaledSum, productSum), localIndex) / f32(params.width);
  for (var c = lane0; c < end; c += 128u) {
    let factor = weight[c];
    let scaled = gradOutput[row + c] * factor;
    let normalized = (x[row + c] - mean) * inverse;
    var value = inverse * (scaled - means.x - normalized * means.y);
    if (params.accumulate != 0u) { value += gradInput[row + c]; }
    gradInput[row + c] = value;
  }
}
