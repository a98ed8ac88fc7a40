struct Params {
  m0: u32,
  n0: u32,
  parts0: u32,
  partialOffset0: u32,
  cOffset0: u32,
  cStride0: u32,
  biasOffset0: u32,
  useBias0: u32,
  accumulate0: u32,
  end0: u32,
  m1: u32,
  n1: u32,
  parts1: u32,
  partialOffset1: u32,
  cOffset1: u32,
  cStride1: u32,
  biasOffset1: u32,
  useBias1: u32,
  accumulate1: u32,
  end1: u32,
  m2: u32,
  n2: u32,
  parts2: u32,
  partialOffset2: u32,
  cOffset2: u32,
  cStride2: u32,
  biasOffset2: u32,
  useBias2: u32,
  accumulate2: u32,
  end2: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let i = workgroup * 64u + localIndex;
  if (i < params.end0) {
    let j = i;
    let size = params.m0 * params.n0;
    let column = j % params.n0;
    let at = params.cOffset0 + j / params.n0 * params.cStride0 + column;
    var sum0 = 0.0;
    for (var part = 0u; part < 64u; part++) {
      if (part >= params.parts0) { break; }
      sum0 += partial[params.partialOffset0 + part * size + j];
    }
    var value = sum0;
    if (params.accumulate0 != 0u) { value += c[at]; }
    var sum1 = 0.0;
    for (var part = 0u; part < 64u; part++) {
      if (part >= params.parts1) { break; }
      sum1 += partial[params.partialOffset1 + part * size + j];
    } value += sum1;
    var sum2 = 0.0;
    for (var part = 0u; part < 64u; part++) {
      if (part >= params.parts2) { break; }
      sum2 += partial[params.partialOffset2 + part * size + j];
    } value += sum2;
    c[at] = value;
  }
}
