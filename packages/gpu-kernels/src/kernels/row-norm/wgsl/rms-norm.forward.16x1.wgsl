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
  var squares = f32();
  var squaresNext = f32();
  for (var c = lane0; c < end; c += 1u) {
    let value = x[row + c]; squares += value * value;
    let valueNext = x[rowNext + c]; squaresNext += valueNext * valueNext;
  }
  let inverse = 1.0 / sqrt(squares / f32(params.width) + params.epsilon);
  let inverseNext = 1.0 / sqrt(squaresNext / f32(params.width) + params.epsilon);
  for (var c = lane0; c < end; c += 1u) {
    let factor = weight[c];
    out[row + c] = x[row + c] * inverse * factor;
    out[rowNext + c] = x[rowNext + c] * inverseNext * factor;
  }
  if (isFirst) { stats[index] = inverse; }
  if (isFirstNext) { stats[indexNext] = inverseNext; }
}
