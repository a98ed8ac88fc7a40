struct Params {
  count: u32,
  rows: u32,
  columns: u32,
  rowsPerChunk: u32,
  outOffset: u32,
  accumulate: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let i = workgroup * 256u + localIndex;
  if (i >= params.count) { return; }
  let c = i % params.columns;
  let start = i / params.columns * params.rowsPerChunk;
  var sum = f32();
  for (var r = start; r < min(start + params.rowsPerChunk, params.rows); r++) {
    sum += x[r * params.columns + c];
  }
  if (params.accumulate != 0u) { sum += out[params.outOffset + i]; }
  out[params.outOffset + i] = sum;
}
