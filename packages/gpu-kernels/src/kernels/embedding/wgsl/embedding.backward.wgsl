struct Params {
  count: u32,
  width: u32,
  firstRow: u32,
  firstToken: u32,
  startsAt: u32,
  rowsAt: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradOutput: array<f32>;
@group(0) @binding(2) var<storage, read> occurrences: array<u32>;
@group(0) @binding(3) var<storage, read_write> gradTable: array<f32>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let i = workgroup * 256u + localIndex;
  if (i >= params.count) { return; }
  let token = params.firstToken + i / params.width;
  let c = i % params.width;
  let end = occurrences[params.startsAt + token + 1u];
  var sum = 0.0;
  for (var j = occurrences[params.startsAt + token]; j < end; j++) {
    sum += gradOutput[occurrences[params.rowsAt + j] * params.width + c];
  }
  gradTable[(occurrences[token] - params.firstRow) * params.width + c] += params.scale * sum;
}
