struct Params {
  count: u32,
  runs: u32,
  width: u32,
  targetOffset: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logSumExp: array<f32>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read_write> logits: array<vec4<f32>>;

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let run = workgroup * 8u + localIndex;
  if (run >= params.count) { return; }
  let row = run / params.runs;
  let first = run % params.runs * 16u;
  let normalizer = logSumExp[row];
  let token = targets[params.targetOffset + row];
  let scale = params.scale;
  let end = min(first + 16u, params.width);
  for (var c = first; c < end; c++) {
    let i = row * params.width + c;
    let hit = select(vec4<f32>(0.0), vec4<f32>(1.0), vec4<u32>(4u * c) + vec4<u32>(0u, 1u, 2u, 3u) == vec4<u32>(token));
    logits[i] = (exp(logits[i] - normalizer) - hit) * scale;
  }
}
