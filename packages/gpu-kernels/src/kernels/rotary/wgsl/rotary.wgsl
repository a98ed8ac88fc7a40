struct Params {
  count: u32,
  heads0: u32,
  headDim: u32,
  half: u32,
  direction: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x0: array<f32>;
@group(0) @binding(2) var<storage, read> positions: array<u32>;
@group(0) @binding(3) var<storage, read> table: array<vec2<f32>>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let i = workgroup * 256u + localIndex;
  if (i >= params.count) { return; }
  let pair = i % params.half;
  let vector = i / params.half;
  let angle = table[positions[vector / params.heads0] * params.half + pair];
  let sine = params.direction * angle.y;
  let first = vector * params.headDim + pair;
  let second = first + params.half;
  let a = x0[first];
  let b = x0[second];
  x0[first] = a * angle.x - b * sine;
  x0[second] = b * angle.x + a * sine;
}
