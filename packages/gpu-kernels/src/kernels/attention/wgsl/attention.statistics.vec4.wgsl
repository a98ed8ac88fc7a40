struct Params {
  rows: u32,
  headElements: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> out: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> gradOutput: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> logSumExp: array<f32>;
@group(0) @binding(4) var<storage, read_write> statistics: array<vec2<f32>>;

@compute @workgroup_size(32)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let row = workgroup * 32u + localIndex;
  if (row >= params.rows) { return; }
  var sum = vec4<f32>();
  for (var i = 0u; i < params.headElements; i++) {
    let at = row * params.headElements + i;
    sum = fma(out[at], gradOutput[at], sum);
  }
  statistics[row] = vec2<f32>(logSumExp[row], dot(sum, vec4<f32>(1.0)));
}
