struct Params {
  count: u32,
  rows: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> stats: array<f32>;
@group(0) @binding(3) var<storage, read> gradOutput: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> partial: array<vec4<f32>>;

@compute @workgroup_size(32)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let i = workgroup * 32u + localIndex;
  if (i >= params.count) { return; }
  let c = i % params.width;
  let start = i / params.width * 32u;
  var sum = vec4<f32>();
  for (var r = start; r < min(start + 32u, params.rows); r++) {
    let mean = stats[2u * r];
    let inverse = stats[2u * r + 1u];
    sum += gradOutput[r * params.width + c] * (x[r * params.width + c] - mean) * inverse;
  }
  partial[i] = sum;
}
