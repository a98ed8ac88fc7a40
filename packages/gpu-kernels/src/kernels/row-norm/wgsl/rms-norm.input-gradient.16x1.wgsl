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

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (workgroup * 16u >= params.rows) { return; }
  let index = workgroup * 16u + localIndex * 2u;
  let lane0 = localIndex % 1u;
  let width = params.width;
  // Past the last row the bound is 0: nothing is read or written there.
  let end = select(0u, width, index < params.rows);
  let row = index * width;
  let isFirst = lane0 == 0u && index < params.rows;
  let isFirstNext = index + 1u < params.rows;
  let indexNext = min(index + 1u, params.rows - 1u);
  let rowNext = indexNext * width;
  let inverse = stats[min(index, params.rows - 1u)];
  var productSum = f32();
  let inverseNext = stats[min(indexNext, params.rows - 1u)];
  var productSumNext = f32();
  for (var c = lane0; c < end; c += 1u) {
    let factor = weight[c];
    let scaled = gradOutput[row + c] * factor;
    let product = scaled * (x[row + c] * inverse);
    productSum += product;
    let scaledNext = gradOutput[rowNext + c] * factor;
    let productNext = scaledNext * (x[rowNext + c] * inverseNext);
    productSumNext += productNext;
  }
  let means = productSum / f32(params.width);
  let meansNext = productSumNext / f32(params.width);
  for (var c = lane0; c < end; c += 1u) {
    let factor = weight[c];
    let scaled = gradOutput[row + c] * factor;
    let normalized = x[row + c] * inverse;
    var value = inverse * (scaled - normalized * means);
    if (params.accumulate != 0u) { value += gradInput[row + c]; }
    let scaledNext = gradOutput[rowNext + c] * factor;
    let normalizedNext = x[rowNext + c] * inverseNext;
    var valueNext = inverseNext * (scaledNext - normalizedNext * meansNext);
    if (params.accumulate != 0u) { valueNext += gradInput[rowNext + c]; }
    gradInput[row + c] = value;
    gradInput[rowNext + c] = valueNext;
  }
}
