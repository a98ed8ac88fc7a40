struct Params {
  count: u32,
  end0: u32,
  end1: u32,
  end2: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient0: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> parameter0: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> gradient1: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> parameter1: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> gradient2: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> parameter2: array<vec4<f32>>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let i = workgroup * 256u + localIndex;
  if (i >= params.count) { return; }
  if (i >= 0u && i < params.end0) {
    let j = i - 0u;
    parameter0[j] += params.scale * gradient0[j];
  }
  if (i >= params.end0 && i < params.end1) {
    let j = i - params.end0;
    parameter1[j] += params.scale * gradient1[j];
  }
  if (i >= params.end1 && i < params.end2) {
    let j = i - params.end1;
    parameter2[j] += params.scale * gradient2[j];
  }
}
