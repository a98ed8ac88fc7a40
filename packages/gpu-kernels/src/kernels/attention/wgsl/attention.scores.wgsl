struct Params {
  heads: u32,
  queriesPerKeyValueHead: u32,
  kvHeads: u32,
  headDim: u32,
  scale: f32,
  outOffset: u32,
  taskCount: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> q: array<f32>;
@group(0) @binding(3) var<storage, read> k: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(32)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (workgroup >= params.taskCount) { return; }
  let task = rows[workgroup / params.heads];
  let head = workgroup % params.heads;
  let queryAt = (task.x * params.heads + head) * params.headDim;
  for (var j = localIndex; j < task.z; j += 32u) {
    let keyAt = ((task.y + j) * params.kvHeads + head / params.queriesPerKeyValueHead) * params.headDim;
    var sum = 0.0;
    for (var i = 0u; i < params.headDim; i++) { sum += q[queryAt + i] * k[keyAt + i]; }
    out[params.outOffset + task.w + head * task.z + j] = sum * params.scale;
  }
}
