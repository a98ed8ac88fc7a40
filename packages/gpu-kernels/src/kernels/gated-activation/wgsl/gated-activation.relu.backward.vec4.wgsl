struct Params {
  count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gate: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> up: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> gradient: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> gradGate: array<vec4<f32>>;

fn activation(x: f32) -> f32 {
  return max(x, 0.0);
}

fn derivative(x: f32) -> f32 {
  return select(0.0, 1.0, x > 0.0);
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let i = workgroup * 256u + localIndex;
  if (i >= params.count) { return; }
  let gradOutput = gradient[i];
  let value = gate[i];
  gradGate[i] = gradOutput * up[i] * vec4<f32>(derivative(value.x), derivative(value.y), derivative(value.z), derivative(value.w));
  gradient[i] = gradOutput * vec4<f32>(activation(value.x), activation(value.y), activation(value.z), activation(value.w));
}
