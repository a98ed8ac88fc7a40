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
  m2: u32,
  n2: u32,
  k2: u32,
  aOffset2: u32,
  aStride2: u32,
  bOffset2: u32,
  bStride2: u32,
  cOffset2: u32,
  cStride2: u32,
  biasOffset2: u32,
  workgroupsPerRow2: u32,
  useBias2: u32,
  accumulate2: u32,
  firstGroup2: u32,
  groupCount2: u32,
  groupStride2: u32,
  workgroupsPerGroup2: u32,
  end2: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> aOf0: array<f32>;
@group(0) @binding(2) var<storage, read> aOf1: array<f32>;
@group(0) @binding(3) var<storage, read> aOf2: array<f32>;
@group(0) @binding(4) var<storage, read> bOf0: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> bOf1: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read> bOf2: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> c: array<vec4<f32>>;
@group(0) @binding(8) var<storage, read> groups: array<vec4<u32>>;

fn loadBOf0(at: u32) -> vec4<f32> {
  return bOf0[at];
}

fn loadBOf1(at: u32) -> vec4<f32> {
  return bOf1[at];
}

fn loadBOf2(at: u32) -> vec4<f32> {
  return bOf2[at];
}

@compute @workgroup_size(4)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  {
    let index = workgroup / params.workgroupsPerRow0;
    if (index >= params.groupCount0) { return; }
    let group = groups[params.firstGroup0 + index];
    let bOffset = params.bOffset0 + group.z * params.groupStride0;
    let biasOffset = params.biasOffset0 + group.z * params.n0;
    let m0 = group.x;
    let n0 = workgroup % params.workgroupsPerRow0 * 32u;
    if (m0 >= group.y) { return; }
    // Rows and columns past the end read those at the end, so that every lane stays active.
    let bStep = params.bStride0 / 4u;
    let b0At = (bOffset + min(n0 + lane * 4u, params.n0 - 4u)) / 4u;
    let b1At = (bOffset + min(n0 + (4u + lane) * 4u, params.n0 - 4u)) / 4u;
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
    let whole = params.k0 / 4u * 4u;
    let a0At = params.aOffset0 + min(m0 + lane % 8u, group.y - 1u) * params.aStride0 + lane / 8u;
    let a1At = params.aOffset0 + min(m0 + (4u + lane) % 8u, group.y - 1u) * params.aStride0 + (4u + lane) / 8u;
    let a2At = params.aOffset0 + min(m0 + (8u + lane) % 8u, group.y - 1u) * params.aStride0 + (8u + lane) / 8u;
    let a3At = params.aOffset0 + min(m0 + (12u + lane) % 8u, group.y - 1u) * params.aStride0 + (12u + lane) / 8u;
    let a4At = params.aOffset0 + min(m0 + (16u + lane) % 8u, group.y - 1u) * params.aStride0 + (16u + lane) / 8u;
    let a5At = params.aOffset0 + min(m0 + (20u + lane) % 8u, group.y - 1u) * params.aStride0 + (20u + lane) / 8u;
    let a6At = params.aOffset0 + min(m0 + (24u + lane) % 8u, group.y - 1u) * params.aStride0 + (24u + lane) / 8u;
    let a7At = params.aOffset0 + min(m0 + (28u + lane) % 8u, group.y - 1u) * params.aStride0 + (28u + lane) / 8u;
    for (var k = 0u; k < whole; k += 4u) {
      let b0_0 = loadBOf0(b0At + k * bStep);
      let b1_0 = loadBOf0(b1At + k * bStep);
      let b0_1 = loadBOf0(b0At + (k + 1u) * bStep);
      let b1_1 = loadBOf0(b1At + (k + 1u) * bStep);
      let b0_2 = loadBOf0(b0At + (k + 2u) * bStep);
      let b1_2 = loadBOf0(b1At + (k + 2u) * bStep);
      let b0_3 = loadBOf0(b0At + (k + 3u) * bStep);
      let b1_3 = loadBOf0(b1At + (k + 3u) * bStep);
      let a0 = aOf0[a0At + k];
      let a1 = aOf0[a1At + k];
      let a2 = aOf0[a2At + k];
      let a3 = aOf0[a3At + k];
      let a4 = aOf0[a4At + k];
      let a5 = aOf0[a5At + k];
      let a6 = aOf0[a6At + k];
      let a7 = aOf0[a7At + k];
      let s0_0 = subgroupBroadcast(a0, 0u);
      let s0_1 = subgroupBroadcast(a2, 0u);
      let s0_2 = subgroupBroadcast(a4, 0u);
      let s0_3 = subgroupBroadcast(a6, 0u);
      acc0_0 = fma(vec4<f32>(s0_3), b0_3, fma(vec4<f32>(s0_2), b0_2, fma(vec4<f32>(s0_1), b0_1, fma(vec4<f32>(s0_0), b0_0, acc0_0))));
      acc0_1 = fma(vec4<f32>(s0_3), b1_3, fma(vec4<f32>(s0_2), b1_2, fma(vec4<f32>(s0_1), b1_1, fma(vec4<f32>(s0_0), b1_0, acc0_1))));
      let s1_0 = subgroupBroadcast(a0, 1u);
      let s1_1 = subgroupBroadcast(a2, 1u);
      let s1_2 = subgroupBroadcast(a4, 1u);
      let s1_3 = subgroupBroadcast(a6, 1u);
      acc1_0 = fma(vec4<f32>(s1_3), b0_3, fma(vec4<f32>(s1_2), b0_2, fma(vec4<f32>(s1_1), b0_1, fma(vec4<f32>(s1_0), b0_0, acc1_0))));
      acc1_1 = fma(vec4<f32>(s1_3), b1_3, fma(vec4<f32>(s1_2), b1_2, fma(vec4<f32>(s1_1), b1_1, fma(vec4<f32>(s1_0), b1_0, acc1_1))));
      let s2_0 = subgroupBroadcast(a0, 2u);
      let s2_1 = subgroupBroadcast(a2, 2u);
      let s2_2 = subgroupBroadcast(a4, 2u);
      let s2_3 = subgroupBroadcast(a6, 2u);
      acc2_0 = fma(vec4<f32>(s2_3), b0_3, fma(vec4<f32>(s2_2), b0_2, fma(vec4<f32>(s2_1), b0_1, fma(vec4<f32>(s2_0), b0_0, acc2_0))));
      acc2_1 = fma(vec4<f32>(s2_3), b1_3, fma(vec4<f32>(s2_2), b1_2, fma(vec4<f32>(s2_1), b1_1, fma(vec4<f32>(s2_0), b1_0, acc2_1))));
      let s3_0 = subgroupBroadcast(a0, 3u);
      let s3_1 = subgroupBroadcast(a2, 3u);
      let s3_2 = subgroupBroadcast(a4, 3u);
      let s3_3 = subgroupBroadcast(a6, 3u);
      acc3_0 = fma(vec4<f32>(s3_3), b0_3, fma(vec4<f32>(s3_2), b0_2, fma(vec4<f32>(s3_1), b0_1, fma(vec4<f32>(s3_0), b0_0, acc3_0))));
      acc3_1 = fma(vec4<f32>(s3_3), b1_3, fma(vec4<f32>(s3_2), b1_2, fma(vec4<f32>(s3_1), b1_1, fma(vec4<f32>(s3_0), b1_0, acc3_1))));
      let s4_0 = subgroupBroadcast(a1, 0u);
      let s4_1 = subgroupBroadcast(a3, 0u);
      let s4_2 = subgroupBroadcast(a5, 0u);
      let s4_3 = subgroupBroadcast(a7, 0u);
      acc4_0 = fma(vec4<f32>(s4_3), b0_3, fma(vec4<f32>(s4_2), b0_2, fma(vec4<f32>(s4_1), b0_1, fma(vec4<f32>(s4_0), b0_0, acc4_0))));
      acc4_1 = fma(vec4<f32>(s4_3), b1_3, fma(vec4<f32>(s4_2), b1_2, fma(vec4<f32>(s4_1), b1_1, fma(vec4<f32>(s4_0), b1_0, acc4_1))));
      let s5_0 = subgroupBroadcast(a1, 1u);
      let s5_1 = subgroupBroadcast(a3, 1u);
      let s5_2 = subgroupBroadcast(a5, 1u);
      let s5_3 = subgroupBroadcast(a7, 1u);
      acc5_0 = fma(vec4<f32>(s5_3), b0_3, fma(vec4<f32>(s5_2), b0_2, fma(vec4<f32>(s5_1), b0_1, fma(vec4<f32>(s5_0), b0_0, acc5_0))));
      acc5_1 = fma(vec4<f32>(s5_3), b1_3, fma(vec4<f32>(s5_2), b1_2, fma(vec4<f32>(s5_1), b1_1, fma(vec4<f32>(s5_0), b1_0, acc5_1))));
      let s6_0 = subgroupBroadcast(a1, 2u);
      let s6_1 = subgroupBroadcast(a3, 2u);
      let s6_2 = subgroupBroadcast(a5, 2u);
      let s6_3 = subgroupBroadcast(a7, 2u);
      acc6_0 = fma(vec4<f32>(s6_3), b0_3, fma(vec4<f32>(s6_2), b0_2, fma(vec4<f32>(s6_1), b0_1, fma(vec4<f32>(s6_0), b0_0, acc6_0))));
      acc6_1 = fma(vec4<f32>(s6_3), b1_3, fma(vec4<f32>(s6_2), b1_2, fma(vec4<f32>(s6_1), b1_1, fma(vec4<f32>(s6_0), b1_0, acc6_1))));
      let s7_0 = subgroupBroadcast(a1, 3u);
      let s7_1 = subgroupBroadcast(a3, 3u);
      let s7_2 = subgroupBroadcast(a5, 3u);
      let s7_3 = subgroupBroadcast(a7, 3u);
      acc7_0 = fma(vec4<f32>(s7_3), b0_3, fma(vec4<f32>(s7_2), b0_2, fma(vec4<f32>(s7_1), b0_1, fma(vec4<f32>(s7_0), b0_0, acc7_0))));
      acc7_1 = fma(vec4<f32>(s7_3), b1_3, fma(vec4<f32>(s7_2), b1_2, fma(vec4<f32>(s7_1), b1_1, fma(vec4<f32>(s7_0), b1_0, acc7_1))));
    }
    if (whole < params.k0) {
      let a0At = params.aOffset0 + min(m0 + lane % 8u, group.y - 1u) * params.aStride0 + lane / 8u;
      let a1At = params.aOffset0 + min(m0 + (4u + lane) % 8u, group.y - 1u) * params.aStride0 + (4u + lane) / 8u;
      for (var k = whole; k < params.k0; k += 1u) {
        let b0_0 = loadBOf0(b0At + k * bStep);
        let b1_0 = loadBOf0(b1At + k * bStep);
        let a0 = aOf0[a0At + k];
        let a1 = aOf0[a1At + k];
        let s0_0 = subgroupBroadcast(a0, 0u);
        acc0_0 = fma(vec4<f32>(s0_0), b0_0, acc0_0);
        acc0_1 = fma(vec4<f32>(s0_0), b1_0, acc0_1);
        let s1_0 = subgroupBroadcast(a0, 1u);
        acc1_0 = fma(vec4<f32>(s1_0), b0_0, acc1_0);
        acc1_1 = fma(vec4<f32>(s1_0), b1_0, acc1_1);
        let s2_0 = subgroupBroadcast(a0, 2u);
        acc2_0 = fma(vec4<f32>(s2_0), b0_0, acc2_0);
        acc2_1 = fma(vec4<f32>(s2_0), b1_0, acc2_1);
        let s3_0 = subgroupBroadcast(a0, 3u);
        acc3_0 = fma(vec4<f32>(s3_0), b0_0, acc3_0);
        acc3_1 = fma(vec4<f32>(s3_0), b1_0, acc3_1);
        let s4_0 = subgroupBroadcast(a1, 0u);
        acc4_0 = fma(vec4<f32>(s4_0), b0_0, acc4_0);
        acc4_1 = fma(vec4<f32>(s4_0), b1_0, acc4_1);
        let s5_0 = subgroupBroadcast(a1, 1u);
        acc5_0 = fma(vec4<f32>(s5_0), b0_0, acc5_0);
        acc5_1 = fma(vec4<f32>(s5_0), b1_0, acc5_1);
        let s6_0 = subgroupBroadcast(a1, 2u);
        acc6_0 = fma(vec4<f32>(s6_0), b0_0, acc6_0);
        acc6_1 = fma(vec4<f32>(s6_0), b1_0, acc6_1);
        let s7_0 = subgroupBroadcast(a1, 3u);
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
    for (var m = m0; m < min(m0 + 8u, group.y); m++) {
      for (var q = 0u; q < 2u; q++) {
        let n = n0 + (q * 4u + lane) * 4u;
        if (n < params.n0) {
          let at = (params.cOffset0 + m * params.cStride0 + n) / 4u;
          var value = results[(m - m0) * 2u + q];
          if (params.accumulate0 != 0u) { value += c[at]; }
          c[at] = value;
        }
      }
    }
  }
  {
    let index = workgroup / params.workgroupsPerRow1;
    if (index >= params.groupCount1) { return; }
    let group = groups[params.firstGroup1 + index];
    let bOffset = params.bOffset1 + group.z * params.groupStride1;
    let biasOffset = params.biasOffset1 + group.z * params.n1;
    let m0 = group.x;
    let n0 = workgroup % params.workgroupsPerRow1 * 32u;
    if (m0 >= group.y) { return; }
    // Rows and columns past the end read those at the end, so that every lane stays active.
    let bStep = params.bStride1 / 4u;
    let b0At = (bOffset + min(n0 + lane * 4u, params.n1 - 4u)) / 4u;
    let b1At = (bOffset + min(n0 + (4u + lane) * 4u, params.n1 - 4u)) / 4u;
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
    let whole = params.k1 / 4u * 4u;
    let a0At = params.aOffset1 + min(m0 + lane % 8u, group.y - 1u) * params.aStride1 + lane / 8u;
    let a1At = params.aOffset1 + min(m0 + (4u + lane) % 8u, group.y - 1u) * params.aStride1 + (4u + lane) / 8u;
    let a2At = params.aOffset1 + min(m0 + (8u + lane) % 8u, group.y - 1u) * params.aStride1 + (8u + lane) / 8u;
    let a3At = params.aOffset1 + min(m0 + (12u + lane) % 8u, group.y - 1u) * params.aStride1 + (12u + lane) / 8u;
    let a4At = params.aOffset1 + min(m0 + (16u + lane) % 8u, group.y - 1u) * params.aStride1 + (16u + lane) / 8u;
    let a5At = params.aOffset1 + min(m0 + (20u + lane) % 8u, group.y - 1u) * params.aStride1 + (20u + lane) / 8u;
    let a6At = params.aOffset1 + min(m0 + (24u + lane) % 8u, group.y - 1u) * params.aStride1 + (24u + lane) / 8u;
    let a7At = params.aOffset1 + min(m0 + (28u + lane) % 8u, group.y - 1u) * params.aStride1 + (28u + lane) / 8u;
    for (var k = 0u; k < whole; k += 4u) {
      let b0_0 = loadBOf1(b0At + k * bStep);
      let b1_0 = loadBOf1(b1At + k * bStep);
      let b0_1 = loadBOf1(b0At + (k + 1u) * bStep);
      let b1_1 = loadBOf1(b1At + (k + 1u) * bStep);
      let b0_2 = loadBOf1(b0At + (k + 2u) * bStep);
      let b1_2 = loadBOf1(b1At + (k + 2u) * bStep);
      let b0_3 = loadBOf1(b0At + (k + 3u) * bStep);
      let b1_3 = loadBOf1(b1At + (k + 3u) * bStep);
      let a0 = aOf1[a0At + k];
      let a1 = aOf1[a1At + k];
      let a2 = aOf1[a2At + k];
      let a3 = aOf1[a3At + k];
      let a4 = aOf1[a4At + k];
      let a5 = aOf1[a5At + k];
      let a6 = aOf1[a6At + k];
      let a7 = aOf1[a7At + k];
      let s0_0 = subgroupBroadcast(a0, 0u);
      let s0_1 = subgroupBroadcast(a2, 0u);
      let s0_2 = subgroupBroadcast(a4, 0u);
      let s0_3 = subgroupBroadcast(a6, 0u);
      acc0_0 = fma(vec4<f32>(s0_3), b0_3, fma(vec4<f32>(s0_2), b0_2, fma(vec4<f32>(s0_1), b0_1, fma(vec4<f32>(s0_0), b0_0, acc0_0))));
      acc0_1 = fma(vec4<f32>(s0_3), b1_3, fma(vec4<f32>(s0_2), b1_2, fma(vec4<f32>(s0_1), b1_1, fma(vec4<f32>(s0_0), b1_0, acc0_1))));
      let s1_0 = subgroupBroadcast(a0, 1u);
      let s1_1 = subgroupBroadcast(a2, 1u);
      let s1_2 = subgroupBroadcast(a4, 1u);
      let s1_3 = subgroupBroadcast(a6, 1u);
      acc1_0 = fma(vec4<f32>(s1_3), b0_3, fma(vec4<f32>(s1_2), b0_2, fma(vec4<f32>(s1_1), b0_1, fma(vec4<f32>(s1_0), b0_0, acc1_0))));
      acc1_1 = fma(vec4<f32>(s1_3), b1_3, fma(vec4<f32>(s1_2), b1_2, fma(vec4<f32>(s1_1), b1_1, fma(vec4<f32>(s1_0), b1_0, acc1_1))));
      let s2_0 = subgroupBroadcast(a0, 2u);
      let s2_1 = subgroupBroadcast(a2, 2u);
      let s2_2 = subgroupBroadcast(a4, 2u);
      let s2_3 = subgroupBroadcast(a6, 2u);
      acc2_0 = fma(vec4<f32>(s2_3), b0_3, fma(vec4<f32>(s2_2), b0_2, fma(vec4<f32>(s2_1), b0_1, fma(vec4<f32>(s2_0), b0_0, acc2_0))));
      acc2_1 = fma(vec4<f32>(s2_3), b1_3, fma(vec4<f32>(s2_2), b1_2, fma(vec4<f32>(s2_1), b1_1, fma(vec4<f32>(s2_0), b1_0, acc2_1))));
      let s3_0 = subgroupBroadcast(a0, 3u);
      let s3_1 = subgroupBroadcast(a2, 3u);
      let s3_2 = subgroupBroadcast(a4, 3u);
      let s3_3 = subgroupBroadcast(a6, 3u);
      acc3_0 = fma(vec4<f32>(s3_3), b0_3, fma(vec4<f32>(s3_2), b0_2, fma(vec4<f32>(s3_1), b0_1, fma(vec4<f32>(s3_0), b0_0, acc3_0))));
      acc3_1 = fma(vec4<f32>(s3_3), b1_3, fma(vec4<f32>(s3_2), b1_2, fma(vec4<f32>(s3_1), b1_1, fma(vec4<f32>(s3_0), b1_0, acc3_1))));
      let s4_0 = subgroupBroadcast(a1, 0u);
      let s4_1 = subgroupBroadcast(a3, 0u);
      let s4_2 = subgroupBroadcast(a5, 0u);
      let s4_3 = subgroupBroadcast(a7, 0u);
      acc4_0 = fma(vec4<f32>(s4_3), b0_3, fma(vec4<f32>(s4_2), b0_2, fma(vec4<f32>(s4_1), b0_1, fma(vec4<f32>(s4_0), b0_0, acc4_0))));
      acc4_1 = fma(vec4<f32>(s4_3), b1_3, fma(vec4<f32>(s4_2), b1_2, fma(vec4<f32>(s4_1), b1_1, fma(vec4<f32>(s4_0), b1_0, acc4_1))));
      let s5_0 = subgroupBroadcast(a1, 1u);
      let s5_1 = subgroupBroadcast(a3, 1u);
      let s5_2 = subgroupBroadcast(a5, 1u);
      let s5_3 = subgroupBroadcast(a7, 1u);
      acc5_0 = fma(vec4<f32>(s5_3), b0_3, fma(vec4<f32>(s5_2), b0_2, fma(vec4<f32>(s5_1), b0_1, fma(vec4<f32>(s5_0), b0_0, acc5_0))));
      acc5_1 = fma(vec4<f32>(s5_3), b1_3, fma(vec4<f32>(s5_2), b1_2, fma(vec4<f32>(s5_1), b1_1, fma(vec4<f32>(s5_0), b1_0, acc5_1))));
      let s6_0 = subgroupBroadcast(a1, 2u);
      let s6_1 = subgroupBroadcast(a3, 2u);
      let s6_2 = subgroupBroadcast(a5, 2u);
      let s6_3 = subgroupBroadcast(a7, 2u);
      acc6_0 = fma(vec4<f32>(s6_3), b0_3, fma(vec4<f32>(s6_2), b0_2, fma(vec4<f32>(s6_1), b0_1, fma(vec4<f32>(s6_0), b0_0, acc6_0))));
      acc6_1 = fma(vec4<f32>(s6_3), b1_3, fma(vec4<f32>(s6_2), b1_2, fma(vec4<f32>(s6_1), b1_1, fma(vec4<f32>(s6_0), b1_0, acc6_1))));
      let s7_0 = subgroupBroadcast(a1, 3u);
      let s7_1 = subgroupBroadcast(a3, 3u);
      let s7_2 = subgroupBroadcast(a5, 3u);
      let s7_3 = subgroupBroadcast(a7, 3u);
      acc7_0 = fma(vec4<f32>(s7_3), b0_3, fma(vec4<f32>(s7_2), b0_2, fma(vec4<f32>(s7_1), b0_1, fma(vec4<f32>(s7_0), b0_0, acc7_0))));
      acc7_1 = fma(vec4<f32>(s7_3), b1_3, fma(vec4<f32>(s7_2), b1_2, fma(vec4<f32>(s7_1), b1_1, fma(vec4<f32>(s7_0), b1_0, acc7_1))));
    }
    if (whole < params.k1) {
      let a0At = params.aOffset1 + min(m0 + lane % 8u, group.y - 1u) * params.aStride1 + lane / 8u;
      let a1At = params.aOffset1 + min(m0 + (4u + lane) % 8u, group.y - 1u) * params.aStride1 + (4u + lane) / 8u;
      for (var k = whole; k < params.k1; k += 1u) {
        let b0_0 = loadBOf1(b0At + k * bStep);
        let b1_0 = loadBOf1(b1At + k * bStep);
        let a0 = aOf1[a0At + k];
        let a1 = aOf1[a1At + k];
        let s0_0 = subgroupBroadcast(a0, 0u);
        acc0_0 = fma(vec4<f32>(s0_0), b0_0, acc0_0);
        acc0_1 = fma(vec4<f32>(s0_0), b1_0, acc0_1);
        let s1_0 = subgroupBroadcast(a0, 1u);
        acc1_0 = fma(vec4<f32>(s1_0), b0_0, acc1_0);
        acc1_1 = fma(vec4<f32>(s1_0), b1_0, acc1_1);
        let s2_0 = subgroupBroadcast(a0, 2u);
        acc2_0 = fma(vec4<f32>(s2_0), b0_0, acc2_0);
        acc2_1 = fma(vec4<f32>(s2_0), b1_0, acc2_1);
        let s3_0 = subgroupBroadcast(a0, 3u);
        acc3_0 = fma(vec4<f32>(s3_0), b0_0, acc3_0);
        acc3_1 = fma(vec4<f32>(s3_0), b1_0, acc3_1);
        let s4_0 = subgroupBroadcast(a1, 0u);
        acc4_0 = fma(vec4<f32>(s4_0), b0_0, acc4_0);
        acc4_1 = fma(vec4<f32>(s4_0), b1_0, acc4_1);
        let s5_0 = subgroupBroadcast(a1, 1u);
        acc5_0 = fma(vec4<f32>(s5_0), b0_0, acc5_0);
        acc5_1 = fma(vec4<f32>(s5_0), b1_0, acc5_1);
        let s6_0 = subgroupBroadcast(a1, 2u);
        acc6_0 = fma(vec4<f32>(s6_0), b0_0, acc6_0);
        acc6_1 = fma(vec4<f32>(s6_0), b1_0, acc6_1);
        let s7_0 = subgroupBroadcast(a1, 3u);
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
    for (var m = m0; m < min(m0 + 8u, group.y); m++) {
      for (var q = 0u; q < 2u; q++) {
        let n = n0 + (q * 4u + lane) * 4u;
        if (n < params.n1) {
          let at = (params.cOffset1 + m * params.cStride1 + n) / 4u;
          var value = results[(m - m0) * 2u + q];
          if (params.accumulate1 != 0u) { value += c[at]; }
          c[at] = value;
        }
      }
    }
  }
  {
    let index = workgroup / params.workgroupsPerRow2;
    if (index >= params.groupCount2) { return; }
    let group = groups[params.firstGroup2 + index];
    let bOffset = params.bOffset2 + group.z * params.groupStride2;
    let biasOffset = params.biasOffset2 + group.z * params.n2;
    let m0 = group.x;
    let n0 = workgroup % params.workgroupsPerRow2 * 32u;
    if (m0 >= group.y) { return; }
    // Rows and columns past the end read those at the end, so that every lane stays active.
    let bStep = params.bStride2 / 4u;
    let b0At = (bOffset + min(n0 + lane * 4u, params.n2 - 4u)) / 4u;
    let b1At = (bOffset + min(n0 + (4u + lane) * 4u, params.n2 - 4u)) / 4u;
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
    let whole = params.k2 / 4u * 4u;
    let a0At = params.aOffset2 + min(m0 + lane % 8u, group.y - 1u) * params.aStride2 + lane / 8u;
    let a1At = params.aOffset2 + min(m0 + (4u + lane) % 8u, group.y - 1u) * params.aStride2 + (4u + lane) / 8u;
    let a2At = params.aOffset2 + min(m0 + (8u + lane) % 8u, group.y - 1u) * params.aStride2 + (8u + lane) / 8u;
    let a3At = params.aOffset2 + min(m0 + (12u + lane) % 8u, group.y - 1u) * params.aStride2 + (12u + lane) / 8u;
    let a4At = params.aOffset2 + min(m0 + (16u + lane) % 8u, group.y - 1u) * params.aStride2 + (16u + lane) / 8u;
    let a5At = params.aOffset2 + min(m0 + (20u + lane) % 8u, group.y - 1u) * params.aStride2 + (20u + lane) / 8u;
    let a6At = params.aOffset2 + min(m0 + (24u + lane) % 8u, group.y - 1u) * params.aStride2 + (24u + lane) / 8u;
    let a7At = params.aOffset2 + min(m0 + (28u + lane) % 8u, group.y - 1u) * params.aStride2 + (28u + lane) / 8u;
    for (var k = 0u; k < whole; k += 4u) {
      let b0_0 = loadBOf2(b0At + k * bStep);
      let b1_0 = loadBOf2(b1At + k * bStep);
      let b0_1 = loadBOf2(b0At + (k + 1u) * bStep);
      let b1_1 = loadBOf2(b1At + (k + 1u) * bStep);
      let b0_2 = loadBOf2(b0At + (k + 2u) * bStep);
      let b1_2 = loadBOf2(b1At + (k + 2u) * bStep);
      let b0_3 = loadBOf2(b0At + (k + 3u) * bStep);
      let b1_3 = loadBOf2(b1At + (k + 3u) * bStep);
      let a0 = aOf2[a0At + k];
      let a1 = aOf2[a1At + k];
      let a2 = aOf2[a2At + k];
      let a3 = aOf2[a3At + k];
      let a4 = aOf2[a4At + k];
      let a5 = aOf2[a5At + k];
      let a6 = aOf2[a6At + k];
      let a7 = aOf2[a7At + k];
      let s0_0 = subgroupBroadcast(a0, 0u);
      let s0_1 = subgroupBroadcast(a2, 0u);
      let s0_2 = subgroupBroadcast(a4, 0u);
      let s0_3 = subgroupBroadcast(a6, 0u);
      acc0_0 = fma(vec4<f32>(s0_3), b0_3, fma(vec4<f32>(s0_2), b0_2, fma(vec4<f32>(s0_1), b0_1, fma(vec4<f32>(s0_0), b0_0, acc0_0))));
      acc0_1 = fma(vec4<f32>(s0_3), b1_3, fma(vec4<f32>(s0_2), b1_2, fma(vec4<f32>(s0_1), b1_1, fma(vec4<f32>(s0_0), b1_0, acc0_1))));
      let s1_0 = subgroupBroadcast(a0, 1u);
      let s1_1 = subgroupBroadcast(a2, 1u);
      let s1_2 = subgroupBroadcast(a4, 1u);
      let s1_3 = subgroupBroadcast(a6, 1u);
      acc1_0 = fma(vec4<f32>(s1_3), b0_3, fma(vec4<f32>(s1_2), b0_2, fma(vec4<f32>(s1_1), b0_1, fma(vec4<f32>(s1_0), b0_0, acc1_0))));
      acc1_1 = fma(vec4<f32>(s1_3), b1_3, fma(vec4<f32>(s1_2), b1_2, fma(vec4<f32>(s1_1), b1_1, fma(vec4<f32>(s1_0), b1_0, acc1_1))));
      let s2_0 = subgroupBroadcast(a0, 2u);
      let s2_1 = subgroupBroadcast(a2, 2u);
      let s2_2 = subgroupBroadcast(a4, 2u);
      let s2_3 = subgroupBroadcast(a6, 2u);
      acc2_0 = fma(vec4<f32>(s2_3), b0_3, fma(vec4<f32>(s2_2), b0_2, fma(vec4<f32>(s2_1), b0_1, fma(vec4<f32>(s2_0), b0_0, acc2_0))));
      acc2_1 = fma(vec4<f32>(s2_3), b1_3, fma(vec4<f32>(s2_2), b1_2, fma(vec4<f32>(s2_1), b1_1, fma(vec4<f32>(s2_0), b1_0, acc2_1))));
      let s3_0 = subgroupBroadcast(a0, 3u);
      let s3_1 = subgroupBroadcast(a2, 3u);
      let s3_2 = subgroupBroadcast(a4, 3u);
      let s3_3 = subgroupBroadcast(a6, 3u);
      acc3_0 = fma(vec4<f32>(s3_3), b0_3, fma(vec4<f32>(s3_2), b0_2, fma(vec4<f32>(s3_1), b0_1, fma(vec4<f32>(s3_0), b0_0, acc3_0))));
      acc3_1 = fma(vec4<f32>(s3_3), b1_3, fma(vec4<f32>(s3_2), b1_2, fma(vec4<f32>(s3_1), b1_1, fma(vec4<f32>(s3_0), b1_0, acc3_1))));
      let s4_0 = subgroupBroadcast(a1, 0u);
      let s4_1 = subgroupBroadcast(a3, 0u);
      let s4_2 = subgroupBroadcast(a5, 0u);
      let s4_3 = subgroupBroadcast(a7, 0u);
      acc4_0 = fma(vec4<f32>(s4_3), b0_3, fma(vec4<f32>(s4_2), b0_2, fma(vec4<f32>(s4_1), b0_1, fma(vec4<f32>(s4_0), b0_0, acc4_0))));
      acc4_1 = fma(vec4<f32>(s4_3), b1_3, fma(vec4<f32>(s4_2), b1_2, fma(vec4<f32>(s4_1), b1_1, fma(vec4<f32>(s4_0), b1_0, acc4_1))));
      let s5_0 = subgroupBroadcast(a1, 1u);
      let s5_1 = subgroupBroadcast(a3, 1u);
      let s5_2 = subgroupBroadcast(a5, 1u);
      let s5_3 = subgroupBroadcast(a7, 1u);
      acc5_0 = fma(vec4<f32>(s5_3), b0_3, fma(vec4<f32>(s5_2), b0_2, fma(vec4<f32>(s5_1), b0_1, fma(vec4<f32>(s5_0), b0_0, acc5_0))));
      acc5_1 = fma(vec4<f32>(s5_3), b1_3, fma(vec4<f32>(s5_2), b1_2, fma(vec4<f32>(s5_1), b1_1, fma(vec4<f32>(s5_0), b1_0, acc5_1))));
      let s6_0 = subgroupBroadcast(a1, 2u);
      let s6_1 = subgroupBroadcast(a3, 2u);
      let s6_2 = subgroupBroadcast(a5, 2u);
      let s6_3 = subgroupBroadcast(a7, 2u);
      acc6_0 = fma(vec4<f32>(s6_3), b0_3, fma(vec4<f32>(s6_2), b0_2, fma(vec4<f32>(s6_1), b0_1, fma(vec4<f32>(s6_0), b0_0, acc6_0))));
      acc6_1 = fma(vec4<f32>(s6_3), b1_3, fma(vec4<f32>(s6_2), b1_2, fma(vec4<f32>(s6_1), b1_1, fma(vec4<f32>(s6_0), b1_0, acc6_1))));
      let s7_0 = subgroupBroadcast(a1, 3u);
      let s7_1 = subgroupBroadcast(a3, 3u);
      let s7_2 = subgroupBroadcast(a5, 3u);
      let s7_3 = subgroupBroadcast(a7, 3u);
      acc7_0 = fma(vec4<f32>(s7_3), b0_3, fma(vec4<f32>(s7_2), b0_2, fma(vec4<f32>(s7_1), b0_1, fma(vec4<f32>(s7_0), b0_0, acc7_0))));
      acc7_1 = fma(vec4<f32>(s7_3), b1_3, fma(vec4<f32>(s7_2), b1_2, fma(vec4<f32>(s7_1), b1_1, fma(vec4<f32>(s7_0), b1_0, acc7_1))));
    }
    if (whole < params.k2) {
      let a0At = params.aOffset2 + min(m0 + lane % 8u, group.y - 1u) * params.aStride2 + lane / 8u;
      let a1At = params.aOffset2 + min(m0 + (4u + lane) % 8u, group.y - 1u) * params.aStride2 + (4u + lane) / 8u;
      for (var k = whole; k < params.k2; k += 1u) {
        let b0_0 = loadBOf2(b0At + k * bStep);
        let b1_0 = loadBOf2(b1At + k * bStep);
        let a0 = aOf2[a0At + k];
        let a1 = aOf2[a1At + k];
        let s0_0 = subgroupBroadcast(a0, 0u);
        acc0_0 = fma(vec4<f32>(s0_0), b0_0, acc0_0);
        acc0_1 = fma(vec4<f32>(s0_0), b1_0, acc0_1);
        let s1_0 = subgroupBroadcast(a0, 1u);
        acc1_0 = fma(vec4<f32>(s1_0), b0_0, acc1_0);
        acc1_1 = fma(vec4<f32>(s1_0), b1_0, acc1_1);
        let s2_0 = subgroupBroadcast(a0, 2u);
        acc2_0 = fma(vec4<f32>(s2_0), b0_0, acc2_0);
        acc2_1 = fma(vec4<f32>(s2_0), b1_0, acc2_1);
        let s3_0 = subgroupBroadcast(a0, 3u);
        acc3_0 = fma(vec4<f32>(s3_0), b0_0, acc3_0);
        acc3_1 = fma(vec4<f32>(s3_0), b1_0, acc3_1);
        let s4_0 = subgroupBroadcast(a1, 0u);
        acc4_0 = fma(vec4<f32>(s4_0), b0_0, acc4_0);
        acc4_1 = fma(vec4<f32>(s4_0), b1_0, acc4_1);
        let s5_0 = subgroupBroadcast(a1, 1u);
        acc5_0 = fma(vec4<f32>(s5_0), b0_0, acc5_0);
        acc5_1 = fma(vec4<f32>(s5_0), b1_0, acc5_1);
        let s6_0 = subgroupBroadcast(a1, 2u);
        acc6_0 = fma(vec4<f32>(s6_0), b0_0, acc6_0);
        acc6_1 = fma(vec4<f32>(s6_0), b1_0, acc6_1);
        let s7_0 = subgroupBroadcast(a1, 3u);
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
    for (var m = m0; m < min(m0 + 8u, group.y); m++) {
      for (var q = 0u; q < 2u; q++) {
        let n = n0 + (q * 4u + lane) * 4u;
        if (n < params.n2) {
          let at = (params.cOffset2 + m * params.cStride2 + n) / 4u;
          var value = results[(m - m0) * 2u + q];
          if (params.accumulate2 != 0u) { value += c[at]; }
          c[at] = value;
        }
      }
    }
  }
}
