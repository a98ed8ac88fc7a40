struct Params {
  count: u32,
  width: u32,
  targetOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logSumExp: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read> scales: array<f32>;
@group(0) @binding(4) var<storage, read_write> logits: array<f32>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let i = workgroup * 256u + localIndex;
  if (i >= params.count) { return; }
  let row = i / params.width;
  let c = i % params.width;
  let normalizer = logSumExp[row];
  let token = targets[params.targetOffset + row];
  let scale = scales[params.targetOffset + row];
  let hit = select(f32(0.0), f32(1.0), c == token);
  logits[i] = (exp(logits[i] - normalizer) - hit) * scale;
}
