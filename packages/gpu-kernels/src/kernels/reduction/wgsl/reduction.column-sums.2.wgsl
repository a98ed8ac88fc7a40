struct Params {
  count: u32,
  end0: u32,
  end1: u32,
  rows0: u32,
  columns0: u32,
  accumulate0: u32,
  rows1: u32,
  columns1: u32,
  accumulate1: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x0: array<f32>;
@group(0) @binding(2) var<storage, read_write> out0: array<f32>;
@group(0) @binding(3) var<storage, read> x1: array<f32>;
@group(0) @binding(4) var<storage, read_write> out1: array<f32>;

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
    var sum = f32();
    for (var r = 0u; r < params.rows0; r++) { sum += x0[r * params.columns0 + j]; }
    if (params.accumulate0 != 0u) { sum += out0[j]; }
    out0[j] = sum;
  }
  if (i >= params.end0 && i < params.end1) {
    let j = i - params.end0;
    var sum = f32();
    for (var r = 0u; r < params.rows1; r++) { sum += x1[r * params.columns1 + j]; }
    if (params.accumulate1 != 0u) { sum += out1[j]; }
    out1[j] = sum;
  }
}
