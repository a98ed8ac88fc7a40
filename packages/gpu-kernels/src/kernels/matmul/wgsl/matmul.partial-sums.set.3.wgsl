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
@group(0) @binding(2) var<storage, read> biasOf0: array<f32>;
@group(0) @binding(3) var<storage, read_write> cOf0: array<f32>;
@group(0) @binding(4) var<storage, read> biasOf1: array<f32>;
@group(0) @binding(5) var<storage, read_write> cOf1: array<f32>;
@group(0) @binding(6) var<storage, read> biasOf2: array<f32>;
@group(0) @binding(7) var<storage, read_write> cOf2: array<f32>;

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
    if (params.useBias0 != 0u) { value += biasOf0[params.biasOffset0 + column]; }
    if (params.accumulate0 != 0u) { value += cOf0[at]; }
    cOf0[at] = value;
  } else if (i < params.end1) {
    let j = i - params.end0;
    let size = params.m1 * params.n1;
    let column = j % params.n1;
    let at = params.cOffset1 + j / params.n1 * params.cStride1 + column;
    var sum1 = 0.0;
    for (var part = 0u; part < 64u; part++) {
      if (part >= params.parts1) { break; }
      sum1 += partial[params.partialOffset1 + part * size + j];
    }
    var value = sum1;
    if (params.useBias1 != 0u) { value += biasOf1[params.biasOffset1 + column]; }
    if (params.accumulate1 != 0u) { value += cOf1[at]; }
    cOf1[at] = value;
  } else if (i < params.end2) {
    let j = i - params.end1;
    let size = params.m2 * params.n2;
    let column = j % params.n2;
    let at = params.cOffset2 + j / params.n2 * params.cStride2 + column;
    var sum2 = 0.0;
    for (var part = 0u; part < 64u; part++) {
      if (part >= params.parts2) { break; }
      sum2 += partial[params.partialOffset2 + part * size + j];
    }
    var value = sum2;
    if (params.useBias2 != 0u) { value += biasOf2[params.biasOffset2 + column]; }
    if (params.accumulate2 != 0u) { value += cOf2[at]; }
    cOf2[at] = value;
  }
}
