enable subgroups;

struct Params {
  m0: u32,
  n0: u32,
  k0: u32,
  aOffset0: u32,
  aStride0: u32,
  bOffset0: u32,
  bStride0: u32,
  cOffset0: u32,
  cStride0: u32,
  biasOffset0: u32,
  workgroupsPerRow0: u32,
  useBias0: u32,
  accumulate0: u32,
  firstGroup0: u32,
  groupCount0: u32,
  groupStride0: u32,
  workgroupsPerGroup0: u32,
  end0: u32,
  m1: u32,
  n1: u32,
  k1: u32,
  aOffset1: u32,
  aStride1: u32,
  bOffset1: u32,
  bStride1: u32,
  cOffset1: u32,
  cStride1: u32,
  biasOffset1: u32,
  workgroupsPerRow1: u32,
  useBias1: u32,
  accumulate1: u32,
  firstGroup1: u32,
  groupCount1: u32,
  groupStride1: u32,
  workgroupsPerGroup1: u32,
  end1: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> aOf0: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> aOf1: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> cOf0: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> cOf1: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read> groups: array<vec4<u32>>;

fn loadB(at: u32) -> vec4<f32> {
  return b[at];
}

@compute @workgroup_size(4)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (workgroup < params.end0) {
    let index = workgroup / params.workgroupsPerGroup0;
    if (index >= params.groupCount0) { return; }
    let group = groups[params.firstGroup0 + index];
    let cOffset = params.cOffset0 + group.z * params.groupStride0;
    let biasOffset = params.biasOffset0 + group.z * params.n0;
    let m0 = workgroup % params.workgroupsPerGroup0 / params.workgroupsPerRow0 * 8u;
    let n0 = workgroup % params.workgroupsPerRow0 * 32u;
    if (m0 >= params.m0) { return; }
    // Rows and columns past the end read those at the end, so that every lane stays active.
    let bStep = params.bStride0 / 4u;
    let b0At = (params.bOffset0 + min(n0 + lane * 4u, params.n0 - 4u)) / 4u;
    let b1At = (params.bOffset0 + min(n0 + (4u + lane) * 4u, params.n0 - 4u)) / 4u;
    let aStep = params.aStride0 / 4u;
    var acc0_0 = vec4<f32>();
    var acc0_1 = vec4<f32>();
    var acc1_0 = vec4<f32>();
    var acc1_1 = vec4<f32>();
    var acc2_0 = vec4<f32>();
    var acc2_1 = vec4<f32>();
    var acc3_0 = vec4<f32>();
    var acc3_1 = vec4<f32>();
    var acc4_0 = vec4<f32>();
    var acc4_1 = vec4<f32>();
    var acc5_0 = vec4<f32>();
    var acc5_1 = vec4<f32>();
    var acc6_0 = vec4<f32>();
    var acc6_1 = vec4<f32>();
    var acc7_0 = vec4<f32>();
    var acc7_1 = vec4<f32>();
    let whole = group.x + (group.y - group.x) / 4u * 4u;
    let a0At = (params.aOffset0 + lane / 2u * params.aStride0 + min(m0 + lane % 2u * 4u, params.m0 - 4u)) / 4u;
    let a1At = (params.aOffset0 + (4u + lane) / 2u * params.aStride0 + min(m0 + (4u + lane) % 2u * 4u, params.m0 - 4u)) / 4u;
    for (var k = group.x; k < whole; k += 4u) {
      let b0_0 = loadB(b0At + k * bStep);
      let b1_0 = loadB(b1At + k * bStep);
      let b0_1 = loadB(b0At + (k + 1u) * bStep);
      let b1_1 = loadB(b1At + (k + 1u) * bStep);
      let b0_2 = loadB(b0At + (k + 2u) * bStep);
      let b1_2 = loadB(b1At + (k + 2u) * bStep);
      let b0_3 = loadB(b0At + (k + 3u) * bStep);
      let b1_3 = loadB(b1At + (k + 3u) * bStep);
      let a0 = aOf0[a0At + k * aStep];
      let a1 = aOf0[a1At + k * aStep];
      let s0_0 = subgroupBroadcast(a0.x, 0u);
      let s0_1 = subgroupBroadcast(a0.x, 2u);
      let s0_2 = subgroupBroadcast(a1.x, 0u);
      let s0_3 = subgroupBroadcast(a1.x, 2u);
      acc0_0 = fma(vec4<f32>(s0_3), b0_3, fma(vec4<f32>(s0_2), b0_2, fma(vec4<f32>(s0_1), b0_1, fma(vec4<f32>(s0_0), b0_0, acc0_0))));
      acc0_1 = fma(vec4<f32>(s0_3), b1_3, fma(vec4<f32>(s0_2), b1_2, fma(vec4<f32>(s0_1), b1_1, fma(vec4<f32>(s0_0), b1_0, acc0_1))));
      let s1_0 = subgroupBroadcast(a0.y, 0u);
      let s1_1 = subgroupBroadcast(a0.y, 2u);
      let s1_2 = subgroupBroadcast(a1.y, 0u);
      let s1_3 = subgroupBroadcast(a1.y, 2u);
      acc1_0 = fma(vec4<f32>(s1_3), b0_3, fma(vec4<f32>(s1_2), b0_2, fma(vec4<f32>(s1_1), b0_1, fma(vec4<f32>(s1_0), b0_0, acc1_0))));
      acc1_1 = fma(vec4<f32>(s1_3), b1_3, fma(vec4<f32>(s1_2), b1_2, fma(vec4<f32>(s1_1), b1_1, fma(vec4<f32>(s1_0), b1_0, acc1_1))));
      let s2_0 = subgroupBroadcast(a0.z, 0u);
      let s2_1 = subgroupBroadcast(a0.z, 2u);
      let s2_2 = subgroupBroadcast(a1.z, 0u);
      let s2_3 = subgroupBroadcast(a1.z, 2u);
      acc2_0 = fma(vec4<f32>(s2_3), b0_3, fma(vec4<f32>(s2_2), b0_2, fma(vec4<f32>(s2_1), b0_1, fma(vec4<f32>(s2_0), b0_0, acc2_0))));
      acc2_1 = fma(vec4<f32>(s2_3), b1_3, fma(vec4<f32>(s2_2), b1_2, fma(vec4<f32>(s2_1), b1_1, fma(vec4<f32>(s2_0), b1_0, acc2_1))));
      let s3_0 = subgroupBroadcast(a0.w, 0u);
      let s3_1 = subgroupBroadcast(a0.w, 2u);
      let s3_2 = subgroupBroadcast(a1.w, 0u);
      let s3_3 = subgroupBroadcast(a1.w, 2u);
      acc3_0 = fma(vec4<f32>(s3_3), b0_3, fma(vec4<f32>(s3_2), b0_2, fma(vec4<f32>(s3_1), b0_1, fma(vec4<f32>(s3_0), b0_0, acc3_0))));
      acc3_1 = fma(vec4<f32>(s3_3), b1_3, fma(vec4<f32>(s3_2), b1_2, fma(vec4<f32>(s3_1), b1_1, fma(vec4<f32>(s3_0), b1_0, acc3_1))));
      let s4_0 = subgroupBroadcast(a0.x, 1u);
      let s4_1 = subgroupBroadcast(a0.x, 3u);
      let s4_2 = subgroupBroadcast(a1.x, 1u);
      let s4_3 = subgroupBroadcast(a1.x, 3u);
      acc4_0 = fma(vec4<f32>(s4_3), b0_3, fma(vec4<f32>(s4_2), b0_2, fma(vec4<f32>(s4_1), b0_1, fma(vec4<f32>(s4_0), b0_0, acc4_0))));
      acc4_1 = fma(vec4<f32>(s4_3), b1_3, fma(vec4<f32>(s4_2), b1_2, fma(vec4<f32>(s4_1), b1_1, fma(vec4<f32>(s4_0), b1_0, acc4_1))));
      let s5_0 = subgroupBroadcast(a0.y, 1u);
      let s5_1 = subgroupBroadcast(a0.y, 3u);
      let s5_2 = subgroupBroadcast(a1.y, 1u);
      let s5_3 = subgroupBroadcast(a1.y, 3u);
      acc5_0 = fma(vec4<f32>(s5_3), b0_3, fma(vec4<f32>(s5_2), b0_2, fma(vec4<f32>(s5_1), b0_1, fma(vec4<f32>(s5_0), b0_0, acc5_0))));
      acc5_1 = fma(vec4<f32>(s5_3), b1_3, fma(vec4<f32>(s5_2), b1_2, fma(vec4<f32>(s5_1), b1_1, fma(vec4<f32>(s5_0), b1_0, acc5_1))));
      let s6_0 = subgroupBroadcast(a0.z, 1u);
      let s6_1 = subgroupBroadcast(a0.z, 3u);
      let s6_2 = subgroupBroadcast(a1.z, 1u);
      let s6_3 = subgroupBroadcast(a1.z, 3u);
      acc6_0 = fma(vec4<f32>(s6_3), b0_3, fma(vec4<f32>(s6_2), b0_2, fma(vec4<f32>(s6_1), b0_1, fma(vec4<f32>(s6_0), b0_0, acc6_0))));
      acc6_1 = fma(vec4<f32>(s6_3), b1_3, fma(vec4<f32>(s6_2), b1_2, fma(vec4<f32>(s6_1), b1_1, fma(vec4<f32>(s6_0), b1_0, acc6_1))));
      let s7_0 = subgroupBroadcast(a0.w, 1u);
      let s7_1 = subgroupBroadcast(a0.w, 3u);
      let s7_2 = subgroupBroadcast(a1.w, 1u);
      let s7_3 = subgroupBroadcast(a1.w, 3u);
      acc7_0 = fma(vec4<f32>(s7_3), b0_3, fma(vec4<f32>(s7_2), b0_2, fma(vec4<f32>(s7_1), b0_1, fma(vec4<f32>(s7_0), b0_0, acc7_0))));
      acc7_1 = fma(vec4<f32>(s7_3), b1_3, fma(vec4<f32>(s7_2), b1_2, fma(vec4<f32>(s7_1), b1_1, fma(vec4<f32>(s7_0), b1_0, acc7_1))));
    }
    if (whole < group.y) {
      let a0At = (params.aOffset0 + min(lane, 1u) / 2u * params.aStride0 + min(m0 + min(lane, 1u) % 2u * 4u, params.m0 - 4u)) / 4u;
      for (var k = whole; k < group.y; k += 1u) {
        let b0_0 = loadB(b0At + k * bStep);
        let b1_0 = loadB(b1At + k * bStep);
        let a0 = aOf0[a0At + k * aStep];
        let s0_0 = subgroupBroadcast(a0.x, 0u);
        acc0_0 = fma(vec4<f32>(s0_0), b0_0, acc0_0);
        acc0_1 = fma(vec4<f32>(s0_0), b1_0, acc0_1);
        let s1_0 = subgroupBroadcast(a0.y, 0u);
        acc1_0 = fma(vec4<f32>(s1_0), b0_0, acc1_0);
        acc1_1 = fma(vec4<f32>(s1_0), b1_0, acc1_1);
        let s2_0 = subgroupBroadcast(a0.z, 0u);
        acc2_0 = fma(vec4<f32>(s2_0), b0_0, acc2_0);
        acc2_1 = fma(vec4<f32>(s2_0), b1_0, acc2_1);
        let s3_0 = subgroupBroadcast(a0.w, 0u);
        acc3_0 = fma(vec4<f32>(s3_0), b0_0, acc3_0);
        acc3_1 = fma(vec4<f32>(s3_0), b1_0, acc3_1);
        let s4_0 = subgroupBroadcast(a0.x, 1u);
        acc4_0 = fma(vec4<f32>(s4_0), b0_0, acc4_0);
        acc4_1 = fma(vec4<f32>(s4_0), b1_0, acc4_1);
        let s5_0 = subgroupBroadcast(a0.y, 1u);
        acc5_0 = fma(vec4<f32>(s5_0), b0_0, acc5_0);
        acc5_1 = fma(vec4<f32>(s5_0), b1_0, acc5_1);
        let s6_0 = subgroupBroadcast(a0.z, 1u);
        acc6_0 = fma(vec4<f32>(s6_0), b0_0, acc6_0);
        acc6_1 = fma(vec4<f32>(s6_0), b1_0, acc6_1);
        let s7_0 = subgroupBroadcast(a0.w, 1u);
        acc7_0 = fma(vec4<f32>(s7_0), b0_0, acc7_0);
        acc7_1 = fma(vec4<f32>(s7_0), b1_0, acc7_1);
      }
    }
    var results = array<vec4<f32>, 16>(
      acc0_0, acc0_1,
      acc1_0, acc1_1,
      acc2_0, acc2_1,
      acc3_0, acc3_1,
      acc4_0, acc4_1,
      acc5_0, acc5_1,
      acc6_0, acc6_1,
      acc7_0, acc7_1,
    );
    // Rolled, over rows whose first the compiler cannot know: unrolled stores take seconds to compile.
    for (var m = m0; m < min(m0 + 8u, params.m0); m++) {
      for (var q = 0u; q < 2u; q++) {
        let n = n0 + (q * 4u + lane) * 4u;
        if (n < params.n0) {
          let at = (cOffset + m * params.cStride0 + n) / 4u;
          var value = results[(m - m0) * 2u + q];
          if (params.accumulate0 != 0u) { value += cOf0[at]; }
          cOf0[at] = value;
        }
      }
    }
  } else if (workgroup < params.end1) {
    let index = (workgroup - params.end0) / params.workgroupsPerGroup1;
    if (index >= params.groupCount1) { return; }
    let group = groups[params.firstGroup1 + index];
    let cOffset = params.cOffset1 + group.z * params.groupStride1;
    let biasOffset = params.biasOffset1 + group.z * params.n1;
    let m0 = (workgroup - params.end0) % params.workgroupsPerGroup1 / params.workgroupsPerRow1 * 8u;
    let n0 = (workgroup - params.end0) % params.workgroupsPerRow1 * 32u;
    if (m0 >= params.m1) { return; }
    // Rows and columns past the end read those at the end, so that every lane stays active.
    let bStep = params.bStride1 / 4u;
    let b0At = (params.bOffset1 + min(n0 + lane * 4u, params.n1 - 4u)) / 4u;
    let b1At = (params.bOffset1 + min(n0 + (4u + lane) * 4u, params.n1 - 4u)) / 4u;
    let aStep = params.aStride1 / 4u;
    var acc0_0 = vec4<f32>();
    var acc0_1 = vec4<f32>();
    var acc1_0 = vec4<f32>();
    var acc1_1 = vec4<f32>();
    var acc2_0 = vec4<f32>();
    var acc2_1 = vec4<f32>();
    var acc3_0 = vec4<f32>();
    var acc3_1 = vec4<f32>();
    var acc4_0 = vec4<f32>();
    var acc4_1 = vec4<f32>();
    var acc5_0 = vec4<f32>();
    var acc5_1 = vec4<f32>();
    var acc6_0 = vec4<f32>();
    var acc6_1 = vec4<f32>();
    var acc7_0 = vec4<f32>();
    var acc7_1 = vec4<f32>();
    let whole = group.x + (group.y - group.x) / 4u * 4u;
    let a0At = (params.aOffset1 + lane / 2u * params.aStride1 + min(m0 + lane % 2u * 4u, params.m1 - 4u)) / 4u;
    let a1At = (params.aOffset1 + (4u + lane) / 2u * params.aStride1 + min(m0 + (4u + lane) % 2u * 4u, params.m1 - 4u)) / 4u;
    for (var k = group.x; k < whole; k += 4u) {
      let b0_0 = loadB(b0At + k * bStep);
      let b1_0 = loadB(b1At + k * bStep);
      let b0_1 = loadB(b0At + (k + 1u) * bStep);
      let b1_1 = loadB(b1At + (k + 1u) * bStep);
      let b0_2 = loadB(b0At + (k + 2u) * bStep);
      let b1_2 = loadB(b1At + (k + 2u) * bStep);
      let b0_3 = loadB(b0At + (k + 3u) * bStep);
      let b1_3 = loadB(b1At + (k + 3u) * bStep);
      let a0 = aOf1[a0At + k * aStep];
      let a1 = aOf1[a1At + k * aStep];
      let s0_0 = subgroupBroadcast(a0.x, 0u);
      let s0_1 = subgroupBroadcast(a0.x, 2u);
      let s0_2 = subgroupBroadcast(a1.x, 0u);
      let s0_3 = subgroupBroadcast(a1.x, 2u);
      acc0_0 = fma(vec4<f32>(s0_3), b0_3, fma(vec4<f32>(s0_2), b0_2, fma(vec4<f32>(s0_1), b0_1, fma(vec4<f32>(s0_0), b0_0, acc0_0))));
      acc0_1 = fma(vec4<f32>(s0_3), b1_3, fma(vec4<f32>(s0_2), b1_2, fma(vec4<f32>(s0_1), b1_1, fma(vec4<f32>(s0_0), b1_0, acc0_1))));
      let s1_0 = subgroupBroadcast(a0.y, 0u);
      let s1_1 = subgroupBroadcast(a0.y, 2u);
      let s1_2 = subgroupBroadcast(a1.y, 0u);
      let s1_3 = subgroupBroadcast(a1.y, 2u);
      acc1_0 = fma(vec4<f32>(s1_3), b0_3, fma(vec4<f32>(s1_2), b0_2, fma(vec4<f32>(s1_1), b0_1, fma(vec4<f32>(s1_0), b0_0, acc1_0))));
      acc1_1 = fma(vec4<f32>(s1_3), b1_3, fma(vec4<f32>(s1_2), b1_2, fma(vec4<f32>(s1_1), b1_1, fma(vec4<f32>(s1_0), b1_0, acc1_1))));
      let s2_0 = subgroupBroadcast(a0.z, 0u);
      let s2_1 = subgroupBroadcast(a0.z, 2u);
      let s2_2 = subgroupBroadcast(a1.z, 0u);
      let s2_3 = subgroupBroadcast(a1.z, 2u);
      acc2_0 = fma(vec4<f32>(s2_3), b0_3, fma(vec4<f32>(s2_2), b0_2, fma(vec4<f32>(s2_1), b0_1, fma(vec4<f32>(s2_0), b0_0, acc2_0))));
      acc2_1 = fma(vec4<f32>(s2_3), b1_3, fma(vec4<f32>(s2_2), b1_2, fma(vec4<f32>(s2_1), b1_1, fma(vec4<f32>(s2_0), b1_0, acc2_1))));
      let s3_0 = subgroupBroadcast(a0.w, 0u);
      let s3_1 = subgroupBroadcast(a0.w, 2u);
      let s3_2 = subgroupBroadcast(a1.w, 0u);
      let s3_3 = subgroupBroadcast(a1.w, 2u);
      acc3_0 = fma(vec4<f32>(s3_3), b0_3, fma(vec4<f32>(s3_2), b0_2, fma(vec4<f32>(s3_1), b0_1, fma(vec4<f32>(s3_0), b0_0, acc3_0))));
      acc3_1 = fma(vec4<f32>(s3_3), b1_3, fma(vec4<f32>(s3_2), b1_2, fma(vec4<f32>(s3_1), b1_1, fma(vec4<f32>(s3_0), b1_0, acc3_1))));
      let s4_0 = subgroupBroadcast(a0.x, 1u);
      let s4_1 = subgroupBroadcast(a0.x, 3u);
      let s4_2 = subgroupBroadcast(a1.x, 1u);
      let s4_3 = subgroupBroadcast(a1.x, 3u);
      acc4_0 = fma(vec4<f32>(s4_3), b0_3, fma(vec4<f32>(s4_2), b0_2, fma(vec4<f32>(s4_1), b0_1, fma(vec4<f32>(s4_0), b0_0, acc4_0))));
      acc4_1 = fma(vec4<f32>(s4_3), b1_3, fma(vec4<f32>(s4_2), b1_2, fma(vec4<f32>(s4_1), b1_1, fma(vec4<f32>(s4_0), b1_0, acc4_1))));
      let s5_0 = subgroupBroadcast(a0.y, 1u);
      let s5_1 = subgroupBroadcast(a0.y, 3u);
      let s5_2 = subgroupBroadcast(a1.y, 1u);
      let s5_3 = subgroupBroadcast(a1.y, 3u);
      acc5_0 = fma(vec4<f32>(s5_3), b0_3, fma(vec4<f32>(s5_2), b0_2, fma(vec4<f32>(s5_1), b0_1, fma(vec4<f32>(s5_0), b0_0, acc5_0))));
      acc5_1 = fma(vec4<f32>(s5_3), b1_3, fma(vec4<f32>(s5_2), b1_2, fma(vec4<f32>(s5_1), b1_1, fma(vec4<f32>(s5_0), b1_0, acc5_1))));
      let s6_0 = subgroupBroadcast(a0.z, 1u);
      let s6_1 = subgroupBroadcast(a0.z, 3u);
      let s6_2 = subgroupBroadcast(a1.z, 1u);
      let s6_3 = subgroupBroadcast(a1.z, 3u);
      acc6_0 = fma(vec4<f32>(s6_3), b0_3, fma(vec4<f32>(s6_2), b0_2, fma(vec4<f32>(s6_1), b0_1, fma(vec4<f32>(s6_0), b0_0, acc6_0))));
      acc6_1 = fma(vec4<f32>(s6_3), b1_3, fma(vec4<f32>(s6_2), b1_2, fma(vec4<f32>(s6_1), b1_1, fma(vec4<f32>(s6_0), b1_0, acc6_1))));
      let s7_0 = subgroupBroadcast(a0.w, 1u);
      let s7_1 = subgroupBroadcast(a0.w, 3u);
      let s7_2 = subgroupBroadcast(a1.w, 1u);
      let s7_3 = subgroupBroadcast(a1.w, 3u);
      acc7_0 = fma(vec4<f32>(s7_3), b0_3, fma(vec4<f32>(s7_2), b0_2, fma(vec4<f32>(s7_1), b0_1, fma(vec4<f32>(s7_0), b0_0, acc7_0))));
      acc7_1 = fma(vec4<f32>(s7_3), b1_3, fma(vec4<f32>(s7_2), b1_2, fma(vec4<f32>(s7_1), b1_1, fma(vec4<f32>(s7_0), b1_0, acc7_1))));
    }
    if (whole < group.y) {
      let a0At = (params.aOffset1 + min(lane, 1u) / 2u * params.aStride1 + min(m0 + min(lane, 1u) % 2u * 4u, params.m1 - 4u)) / 4u;
      for (var k = whole; k < group.y; k += 1u) {
        let b0_0 = loadB(b0At + k * bStep);
        let b1_0 = loadB(b1At + k * bStep);
        let a0 = aOf1[a0At + k * aStep];
        let s0_0 = subgroupBroadcast(a0.x, 0u);
        acc0_0 = fma(vec4<f32>(s0_0), b0_0, acc0_0);
        acc0_1 = fma(vec4<f32>(s0_0), b1_0, acc0_1);
        let s1_0 = subgroupBroadcast(a0.y, 0u);
        acc1_0 = fma(vec4<f32>(s1_0), b0_0, acc1_0);
        acc1_1 = fma(vec4<f32>(s1_0), b1_0, acc1_1);
        let s2_0 = subgroupBroadcast(a0.z, 0u);
        acc2_0 = fma(vec4<f32>(s2_0), b0_0, acc2_0);
        acc2_1 = fma(vec4<f32>(s2_0), b1_0, acc2_1);
        let s3_0 = subgroupBroadcast(a0.w, 0u);
        acc3_0 = fma(vec4<f32>(s3_0), b0_0, acc3_0);
        acc3_1 = fma(vec4<f32>(s3_0), b1_0, acc3_1);
        let s4_0 = subgroupBroadcast(a0.x, 1u);
        acc4_0 = fma(vec4<f32>(s4_0), b0_0, acc4_0);
        acc4_1 = fma(vec4<f32>(s4_0), b1_0, acc4_1);
        let s5_0 = subgroupBroadcast(a0.y, 1u);
        acc5_0 = fma(vec4<f32>(s5_0), b0_0, acc5_0);
        acc5_1 = fma(vec4<f32>(s5_0), b1_0, acc5_1);
        let s6_0 = subgroupBroadcast(a0.z, 1u);
        acc6_0 = fma(vec4<f32>(s6_0), b0_0, acc6_0);
        acc6_1 = fma(vec4<f32>(s6_0), b1_0, acc6_1);
        let s7_0 = subgroupBroadcast(a0.w, 1u);
        acc7_0 = fma(vec4<f32>(s7_0), b0_0, acc7_0);
        acc7_1 = fma(vec4<f32>(s7_0), b1_0, acc7_1);
      }
    }
    var results = array<vec4<f32>, 16>(
      acc0_0, acc0_1,
      acc1_0, acc1_1,
      acc2_0, acc2_1,
      acc3_0, acc3_1,
      acc4_0, acc4_1,
      acc5_0, acc5_1,
      acc6_0, acc6_1,
      acc7_0, acc7_1,
    );
    // Rolled, over rows whose first the compiler cannot know: unrolled stores take seconds to compile.
    for (var m = m0; m < min(m0 + 8u, params.m1); m++) {
      for (var q = 0u; q < 2u; q++) {
        let n = n0 + (q * 4u + lane) * 4u;
        if (n < params.n1) {
          let at = (cOffset + m * params.cStride1 + n) / 4u;
          var value = results[(m - m0) * 2u + q];
          if (params.accumulate1 != 0u) { value += cOf1[at]; }
          cOf1[at] = value;
        }
      }
    }
  }
}
