struct Params {
  count: u32,
  runs: u32,
  width: u32,
  firstRow: u32,
  windowRows: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> tokens: array<u32>;
@group(0) @binding(2) var<storage, read> table: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4<f32>>;

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
  let token = tokens[row] - params.firstRow;
  if (token >= params.windowRows) { return; }
  let start = token * params.width;
  let end = min(first + 16u, params.width);
  for (var c = first; c < end; c++) {
    let i = row * params.width + c;
    out[i] = params.scale * table[start + c];
  }
}
