struct Params {
  m: u32,
  n: u32,
  k: u32,
  aOffset: u32,
  aStride: u32,
  bOffset: u32,
  bStride: u32,
  cOffset: u32,
  cStride: u32,
  biasOffset: u32,
  workgroupsPerRow: u32,
  useBias: u32,
  accumulate: u32,
  firstGroup: u32,
  groupCount: u32,
  groupStride: u32,
  workgroupsPerGroup: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;
@group(0) @binding(5) var<storage, read> groups: array<vec4<u32>>;

fn loadB(at: u32) -> f32 {
  return b[at];
}

var<workgroup> aTile: array<f32, 1024>;
var<workgroup> bTile: array<f32, 1024>;

@compute @workgroup_size(16, 16)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let index = workgroup / params.workgroupsPerGroup;
  if (index >= params.groupCount) { return; }
  let group = groups[params.firstGroup + index];
  let cOffset = params.cOffset + group.z * params.groupStride;
  let biasOffset = params.biasOffset + group.z * params.n;
  let n0 = workgroup % params.workgroupsPerRow * 64u;
  let m0 = workgroup % params.workgroupsPerGroup / params.workgroupsPerRow * 64u;
  var acc: array<array<f32, 4>, 4>;
  for (var k0 = group.x; k0 < group.y; k0 += 16u) {
    for (var e = localIndex; e < 1024u; e += 256u) {
      let k = k0 + e / 64u;
      let at = m0 + e % 64u;
      let inside = k < group.y && at < params.m;
      let value = a[params.aOffset + min(k, group.y - 1u) * params.aStride + min(at, params.m - 1u)];
      aTile[(k - k0) * 64u + (at - m0)] = select(0.0, value, inside);
    }
    for (var e = localIndex; e < 1024u; e += 256u) {
      let k = k0 + e / 64u;
      let at = n0 + e % 64u;
      let inside = k < group.y && at < params.n;
      let value = loadB(params.bOffset + min(k, group.y - 1u) * params.bStride + min(at, params.n - 1u));
      bTile[(k - k0) * 64u + (at - n0)] = select(0.0, value, inside);
    }
    workgroupBarrier();
    for (var k = 0u; k < 16u; k++) {
      var bRow: array<f32, 4>;
      for (var j = 0u; j < 4u; j++) { bRow[j] = bTile[k * 64u + j * 16u + local.x]; }
      for (var i = 0u; i < 4u; i++) {
        let aValue = aTile[k * 64u + i * 16u + local.y];
        for (var j = 0u; j < 4u; j++) { acc[i][j] = fma(aValue, bRow[j], acc[i][j]); }
      }
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < 4u; i++) {
    let m = m0 + i * 16u + local.y;
    for (var j = 0u; j < 4u; j++) {
      let n = n0 + j * 16u + local.x;
      if (m < params.m && n < params.n) {
        let at = cOffset + m * params.cStride + n;
        var value = acc[i][j];
        if (params.useBias != 0u) { value += bias[biasOffset + n]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
}
