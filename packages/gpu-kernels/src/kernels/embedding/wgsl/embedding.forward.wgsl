struct Params {
  count: u32,
  width: u32,
  firstRow: u32,
  windowRows: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> tokens: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

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
  let token = tokens[row] - params.firstRow;
  if (token >= params.windowRows) { return; }
  let start = token * params.width;
  out[i] = params.scale * table[start + c];
}
