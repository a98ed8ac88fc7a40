struct Params {
  rows: u32,
  width: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> addend: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> sum: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> weight: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> out: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> stats: array<f32>;

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (workgroup * 8u >= params.rows) { return; }
  let index = workgroup * 8u + localIndex / 1u;
  let lane0 = localIndex % 1u;
  let width = params.width / 4u;
  let end = select(0u, width, index < params.rows);
  let row = index * width;
  let isFirst = lane0 == 0u && index < params.rows;
  var squares = vec4<f32>();
  for (var c = lane0; c < end; c += 1u) {
    let value = x[row + c] + addend[row + c];
    sum[row + c] = value; squares += value * value;
  }
  let inverse = 1.0 / sqrt(dot(squares, vec4<f32>(1.0)) / f32(params.width) + params.epsilon);
  for (var c = lane0; c < end; c += 1u) {
    out[row + c] = sum[row + c] * inverse * weight[c];
  }
  if (isFirst) { stats[index] = inverse; }
}
