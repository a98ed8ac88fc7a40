enable subgroups;

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
@group(0) @binding(2) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> groups: array<vec4<u32>>;

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
  let index = workgroup / params.workgroupsPerRow;
  if (index >= params.groupCount) { return; }
  let group = groups[params.firstGroup + index];
  let bOffset = params.bOffset + group.z * params.groupStride;
  let biasOffset = params.biasOffset + group.z * params.n;
  let m0 = group.x;
  let n0 = workgroup % params.workgroupsPerRow * 64u;
  if (m0 >= group.y) { return; }
  // Rows and columns past the end read those at the end, so that every lane stays active.
  let bStep = params.bStride / 4u;
  let b0At = (bOffset + min(n0 + lane * 4u, params.n - 4u)) / 4u;
  let b1At = (bOffset + min(n0 + (4u + lane) * 4u, params.n - 4u)) / 4u;
  let b2At = (bOffset + min(n0 + (8u + lane) * 4u, params.n - 4u)) / 4u;
  let b3At = (bOffset + min(n0 + (12u + lane) * 4u, params.n - 4u)) / 4u;
  var acc0_0 = vec4<f32>();
  var acc0_1 = vec4<f32>();
  var acc0_2 = vec4<f32>();
  var acc0_3 = vec4<f32>();
  var acc1_0 = vec4<f32>();
  var acc1_1 = vec4<f32>();
  var acc1_2 = vec4<f32>();
  var acc1_3 = vec4<f32>();
  var acc2_0 = vec4<f32>();
  var acc2_1 = vec4<f32>();
  var acc2_2 = vec4<f32>();
  var acc2_3 = vec4<f32>();
  var acc3_0 = vec4<f32>();
  var acc3_1 = vec4<f32>();
  var acc3_2 = vec4<f32>();
  var acc3_3 = vec4<f32>();
  var acc4_0 = vec4<f32>();
  var acc4_1 = vec4<f32>();
  var acc4_2 = vec4<f32>();
  var acc4_3 = vec4<f32>();
  var acc5_0 = vec4<f32>();
  var acc5_1 = vec4<f32>();
  var acc5_2 = vec4<f32>();
  var acc5_3 = vec4<f32>();
  var acc6_0 = vec4<f32>();
  var acc6_1 = vec4<f32>();
  var acc6_2 = vec4<f32>();
  var acc6_3 = vec4<f32>();
  var acc7_0 = vec4<f32>();
  var acc7_1 = vec4<f32>();
  var acc7_2 = vec4<f32>();
  var acc7_3 = vec4<f32>();
  var acc8_0 = vec4<f32>();
  var acc8_1 = vec4<f32>();
  var acc8_2 = vec4<f32>();
  var acc8_3 = vec4<f32>();
  var acc9_0 = vec4<f32>();
  var acc9_1 = vec4<f32>();
  var acc9_2 = vec4<f32>();
  var acc9_3 = vec4<f32>();
  var acc10_0 = vec4<f32>();
  var acc10_1 = vec4<f32>();
  var acc10_2 = vec4<f32>();
  var acc10_3 = vec4<f32>();
  var acc11_0 = vec4<f32>();
  var acc11_1 = vec4<f32>();
  var acc11_2 = vec4<f32>();
  var acc11_3 = vec4<f32>();
  var acc12_0 = vec4<f32>();
  var acc12_1 = vec4<f32>();
  var acc12_2 = vec4<f32>();
  var acc12_3 = vec4<f32>();
  var acc13_0 = vec4<f32>();
  var acc13_1 = vec4<f32>();
  var acc13_2 = vec4<f32>();
  var acc13_3 = vec4<f32>();
  var acc14_0 = vec4<f32>();
  var acc14_1 = vec4<f32>();
  var acc14_2 = vec4<f32>();
  var acc14_3 = vec4<f32>();
  var acc15_0 = vec4<f32>();
  var acc15_1 = vec4<f32>();
  var acc15_2 = vec4<f32>();
  var acc15_3 = vec4<f32>();
  let whole = params.k / 4u * 4u;
  let a0At = params.aOffset + min(m0 + lane % 16u, group.y - 1u) * params.aStride + lane / 16u;
  let a1At = params.aOffset + min(m0 + (4u + lane) % 16u, group.y - 1u) * params.aStride + (4u + lane) / 16u;
  let a2At = params.aOffset + min(m0 + (8u + lane) % 16u, group.y - 1u) * params.aStride + (8u + lane) / 16u;
  let a3At = params.aOffset + min(m0 + (12u + lane) % 16u, group.y - 1u) * params.aStride + (12u + lane) / 16u;
  let a4At = params.aOffset + min(m0 + (16u + lane) % 16u, group.y - 1u) * params.aStride + (16u + lane) / 16u;
  let a5At = params.aOffset + min(m0 + (20u + lane) % 16u, group.y - 1u) * params.aStride + (20u + lane) / 16u;
  let a6At = params.aOffset + min(m0 + (24u + lane) % 16u, group.y - 1u) * params.aStride + (24u + lane) / 16u;
  let a7At = params.aOffset + min(m0 + (28u + lane) % 16u, group.y - 1u) * params.aStride + (28u + lane) / 16u;
  let a8At = params.aOffset + min(m0 + (32u + lane) % 16u, group.y - 1u) * params.aStride + (32u + lane) / 16u;
  let a9At = params.aOffset + min(m0 + (36u + lane) % 16u, group.y - 1u) * params.aStride + (36u + lane) / 16u;
  let a10At = params.aOffset + min(m0 + (40u + lane) % 16u, group.y - 1u) * params.aStride + (40u + lane) / 16u;
  let a11At = params.aOffset + min(m0 + (44u + lane) % 16u, group.y - 1u) * params.aStride + (44u + lane) / 16u;
  let a12At = params.aOffset + min(m0 + (48u + lane) % 16u, group.y - 1u) * params.aStride + (48u + lane) / 16u;
  let a13At = params.aOffset + min(m0 + (52u + lane) % 16u, group.y - 1u) * params.aStride + (52u + lane) / 16u;
  let a14At = params.aOffset + min(m0 + (56u + lane) % 16u, group.y - 1u) * params.aStride + (56u + lane) / 16u;
  let a15At = params.aOffset + min(m0 + (60u + lane) % 16u, group.y - 1u) * params.aStride + (60u + lane) / 16u;
  for (var k = 0u; k < whole; k += 4u) {
    let b0_0 = loadB(b0At + k * bStep);
    let b1_0 = loadB(b1At + k * bStep);
    let b2_0 = loadB(b2At + k * bStep);
    let b3_0 = loadB(b3At + k * bStep);
    let b0_1 = loadB(b0At + (k + 1u) * bStep);
    let b1_1 = loadB(b1At + (k + 1u) * bStep);
    let b2_1 = loadB(b2At + (k + 1u) * bStep);
    let b3_1 = loadB(b3At + (k + 1u) * bStep);
    let b0_2 = loadB(b0At + (k + 2u) * bStep);
    let b1_2 = loadB(b1At + (k + 2u) * bStep);
    let b2_2 = loadB(b2At + (k + 2u) * bStep);
    let b3_2 = loadB(b3At + (k + 2u) * bStep);
    let b0_3 = loadB(b0At + (k + 3u) * bStep);
    let b1_3 = loadB(b1At + (k + 3u) * bStep);
    let b2_3 = loadB(b2At + (k + 3u) * bStep);
    let b3_3 = loadB(b3At + (k + 3u) * bStep);
    let a0 = a[a0At + k];
    let a1 = a[a1At + k];
    let a2 = a[a2At + k];
    let a3 = a[a3At + k];
    let a4 = a[a4At + k];
    let a5 = a[a5At + k];
    let a6 = a[a6At + k];
    let a7 = a[a7At + k];
    let a8 = a[a8At + k];
    let a9 = a[a9At + k];
    let a10 = a[a10At + k];
    let a11 = a[a11At + k];
    let a12 = a[a12At + k];
    let a13 = a[a13At + k];
    let a14 = a[a14At + k];
    let a15 = a[a15At + k];
    let s0_0 = subgroupBroadcast(a0, 0u);
    let s0_1 = subgroupBroadcast(a4, 0u);
    let s0_2 = subgroupBroadcast(a8, 0u);
    let s0_3 = subgroupBroadcast(a12, 0u);
    acc0_0 = fma(vec4<f32>(s0_3), b0_3, fma(vec4<f32>(s0_2), b0_2, fma(vec4<f32>(s0_1), b0_1, fma(vec4<f32>(s0_0), b0_0, acc0_0))));
    acc0_1 = fma(vec4<f32>(s0_3), b1_3, fma(vec4<f32>(s0_2), b1_2, fma(vec4<f32>(s0_1), b1_1, fma(vec4<f32>(s0_0), b1_0, acc0_1))));
    acc0_2 = fma(vec4<f32>(s0_3), b2_3, fma(vec4<f32>(s0_2), b2_2, fma(vec4<f32>(s0_1), b2_1, fma(vec4<f32>(s0_0), b2_0, acc0_2))));
    acc0_3 = fma(vec4<f32>(s0_3), b3_3, fma(vec4<f32>(s0_2), b3_2, fma(vec4<f32>(s0_1), b3_1, fma(vec4<f32>(s0_0), b3_0, acc0_3))));
    let s1_0 = subgroupBroadcast(a0, 1u);
    let s1_1 = subgroupBroadcast(a4, 1u);
    let s1_2 = subgroupBroadcast(a8, 1u);
    let s1_3 = subgroupBroadcast(a12, 1u);
    acc1_0 = fma(vec4<f32>(s1_3), b0_3, fma(vec4<f32>(s1_2), b0_2, fma(vec4<f32>(s1_1), b0_1, fma(vec4<f32>(s1_0), b0_0, acc1_0))));
    acc1_1 = fma(vec4<f32>(s1_3), b1_3, fma(vec4<f32>(s1_2), b1_2, fma(vec4<f32>(s1_1), b1_1, fma(vec4<f32>(s1_0), b1_0, acc1_1))));
    acc1_2 = fma(vec4<f32>(s1_3), b2_3, fma(vec4<f32>(s1_2), b2_2, fma(vec4<f32>(s1_1), b2_1, fma(vec4<f32>(s1_0), b2_0, acc1_2))));
    acc1_3 = fma(vec4<f32>(s1_3), b3_3, fma(vec4<f32>(s1_2), b3_2, fma(vec4<f32>(s1_1), b3_1, fma(vec4<f32>(s1_0), b3_0, acc1_3))));
    let s2_0 = subgroupBroadcast(a0, 2u);
    let s2_1 = subgroupBroadcast(a4, 2u);
    let s2_2 = subgroupBroadcast(a8, 2u);
    let s2_3 = subgroupBroadcast(a12, 2u);
    acc2_0 = fma(vec4<f32>(s2_3), b0_3, fma(vec4<f32>(s2_2), b0_2, fma(vec4<f32>(s2_1), b0_1, fma(vec4<f32>(s2_0), b0_0, acc2_0))));
    acc2_1 = fma(vec4<f32>(s2_3), b1_3, fma(vec4<f32>(s2_2), b1_2, fma(vec4<f32>(s2_1), b1_1, fma(vec4<f32>(s2_0), b1_0, acc2_1))));
    acc2_2 = fma(vec4<f32>(s2_3), b2_3, fma(vec4<f32>(s2_2), b2_2, fma(vec4<f32>(s2_1), b2_1, fma(vec4<f32>(s2_0), b2_0, acc2_2))));
    acc2_3 = fma(vec4<f32>(s2_3), b3_3, fma(vec4<f32>(s2_2), b3_2, fma(vec4<f32>(s2_1), b3_1, fma(vec4<f32>(s2_0), b3_0, acc2_3))));
    let s3_0 = subgroupBroadcast(a0, 3u);
    let s3_1 = subgroupBroadcast(a4, 3u);
    let s3_2 = subgroupBroadcast(a8, 3u);
    let s3_3 = subgroupBroadcast(a12, 3u);
    acc3_0 = fma(vec4<f32>(s3_3), b0_3, fma(vec4<f32>(s3_2), b0_2, fma(vec4<f32>(s3_1), b0_1, fma(vec4<f32>(s3_0), b0_0, acc3_0))));
    acc3_1 = fma(vec4<f32>(s3_3), b1_3, fma(vec4<f32>(s3_2), b1_2, fma(vec4<f32>(s3_1), b1_1, fma(vec4<f32>(s3_0), b1_0, acc3_1))));
    acc3_2 = fma(vec4<f32>(s3_3), b2_3, fma(vec4<f32>(s3_2), b2_2, fma(vec4<f32>(s3_1), b2_1, fma(vec4<f32>(s3_0), b2_0, acc3_2))));
    acc3_3 = fma(vec4<f32>(s3_3), b3_3, fma(vec4<f32>(s3_2), b3_2, fma(vec4<f32>(s3_1), b3_1, fma(vec4<f32>(s3_0), b3_0, acc3_3))));
    let s4_0 = subgroupBroadcast(a1, 0u);
    let s4_1 = subgroupBroadcast(a5, 0u);
    let s4_2 = subgroupBroadcast(a9, 0u);
    let s4_3 = subgroupBroadcast(a13, 0u);
    acc4_0 = fma(vec4<f32>(s4_3), b0_3, fma(vec4<f32>(s4_2), b0_2, fma(vec4<f32>(s4_1), b0_1, fma(vec4<f32>(s4_0), b0_0, acc4_0))));
    acc4_1 = fma(vec4<f32>(s4_3), b1_3, fma(vec4<f32>(s4_2), b1_2, fma(vec4<f32>(s4_1), b1_1, fma(vec4<f32>(s4_0), b1_0, acc4_1))));
    acc4_2 = fma(vec4<f32>(s4_3), b2_3, fma(vec4<f32>(s4_2), b2_2, fma(vec4<f32>(s4_1), b2_1, fma(vec4<f32>(s4_0), b2_0, acc4_2))));
    acc4_3 = fma(vec4<f32>(s4_3), b3_3, fma(vec4<f32>(s4_2), b3_2, fma(vec4<f32>(s4_1), b3_1, fma(vec4<f32>(s4_0), b3_0, acc4_3))));
    let s5_0 = subgroupBroadcast(a1, 1u);
    let s5_1 = subgroupBroadcast(a5, 1u);
    let s5_2 = subgroupBroadcast(a9, 1u);
    let s5_3 = subgroupBroadcast(a13, 1u);
    acc5_0 = fma(vec4<f32>(s5_3), b0_3, fma(vec4<f32>(s5_2), b0_2, fma(vec4<f32>(s5_1), b0_1, fma(vec4<f32>(s5_0), b0_0, acc5_0))));
    acc5_1 = fma(vec4<f32>(s5_3), b1_3, fma(vec4<f32>(s5_2), b1_2, fma(vec4<f32>(s5_1), b1_1, fma(vec4<f32>(s5_0), b1_0, acc5_1))));
    acc5_2 = fma(vec4<f32>(s5_3), b2_3, fma(vec4<f32>(s5_2), b2_2, fma(vec4<f32>(s5_1), b2_1, fma(vec4<f32>(s5_0), b2_0, acc5_2))));
    acc5_3 = fma(vec4<f32>(s5_3), b3_3, fma(vec4<f32>(s5_2), b3_2, fma(vec4<f32>(s5_1), b3_1, fma(vec4<f32>(s5_0), b3_0, acc5_3))));
    let s6_0 = subgroupBroadcast(a1, 2u);
    let s6_1 = subgroupBroadcast(a5, 2u);
    let s6_2 = subgroupBroadcast(a9, 2u);
    let s6_3 = subgroupBroadcast(a13, 2u);
    acc6_0 = fma(vec4<f32>(s6_3), b0_3, fma(vec4<f32>(s6_2), b0_2, fma(vec4<f32>(s6_1), b0_1, fma(vec4<f32>(s6_0), b0_0, acc6_0))));
    acc6_1 = fma(vec4<f32>(s6_3), b1_3, fma(vec4<f32>(s6_2), b1_2, fma(vec4<f32>(s6_1), b1_1, fma(vec4<f32>(s6_0), b1_0, acc6_1))));
    acc6_2 = fma(vec4<f32>(s6_3), b2_3, fma(vec4<f32>(s6_2), b2_2, fma(vec4<f32>(s6_1), b2_1, fma(vec4<f32>(s6_0), b2_0, acc6_2))));
    acc6_3 = fma(vec4<f32>(s6_3), b3_3, fma(vec4<f32>(s6_2), b3_2, fma(vec4<f32>(s6_1), b3_1, fma(vec4<f32>(s6_0), b3_0, acc6_3))));
    let s7_0 = subgroupBroadcast(a1, 3u);
    let s7_1 = subgroupBroadcast(a5, 3u);
    let s7_2 = subgroupBroadcast(a9, 3u);
    let s7_3 = subgroupBroadcast(a13, 3u);
    acc7_0 = fma(vec4<f32>(s7_3), b0_3, fma(vec4<f32>(s7_2), b0_2, fma(vec4<f32>(s7_1), b0_1, fma(vec4<f32>(s7_0), b0_0, acc7_0))));
    acc7_1 = fma(vec4<f32>(s7_3), b1_3, fma(vec4<f32>(s7_2), b1_2, fma(vec4<f32>(s7_1), b1_1, fma(vec4<f32>(s7_0), b1_0, acc7_1))));
    acc7_2 = fma(vec4<f32>(s7_3), b2_3, fma(vec4<f32>(s7_2), b2_2, fma(vec4<f32>(s7_1), b2_1, fma(vec4<f32>(s7_0), b2_0, acc7_2))));
    acc7_3 = fma(vec4<f32>(s7_3), b3_3, fma(vec4<f32>(s7_2), b3_2, fma(vec4<f32>(s7_1), b3_1, fma(vec4<f32>(s7_0), b3_0, acc7_3))));
    let s8_0 = subgroupBroadcast(a2, 0u);
    let s8_1 = subgroupBroadcast(a6, 0u);
    let s8_2 = subgroupBroadcast(a10, 0u);
    let s8_3 = subgroupBroadcast(a14, 0u);
    acc8_0 = fma(vec4<f32>(s8_3), b0_3, fma(vec4<f32>(s8_2), b0_2, fma(vec4<f32>(s8_1), b0_1, fma(vec4<f32>(s8_0), b0_0, acc8_0))));
    acc8_1 = fma(vec4<f32>(s8_3), b1_3, fma(vec4<f32>(s8_2), b1_2, fma(vec4<f32>(s8_1), b1_1, fma(vec4<f32>(s8_0), b1_0, acc8_1))));
    acc8_2 = fma(vec4<f32>(s8_3), b2_3, fma(vec4<f32>(s8_2), b2_2, fma(vec4<f32>(s8_1), b2_1, fma(vec4<f32>(s8_0), b2_0, acc8_2))));
    acc8_3 = fma(vec4<f32>(s8_3), b3_3, fma(vec4<f32>(s8_2), b3_2, fma(vec4<f32>(s8_1), b3_1, fma(vec4<f32>(s8_0), b3_0, acc8_3))));
    let s9_0 = subgroupBroadcast(a2, 1u);
    let s9_1 = subgroupBroadcast(a6, 1u);
    let s9_2 = subgroupBroadcast(a10, 1u);
    let s9_3 = subgroupBroadcast(a14, 1u);
    acc9_0 = fma(vec4<f32>(s9_3), b0_3, fma(vec4<f32>(s9_2), b0_2, fma(vec4<f32>(s9_1), b0_1, fma(vec4<f32>(s9_0), b0_0, acc9_0))));
    acc9_1 = fma(vec4<f32>(s9_3), b1_3, fma(vec4<f32>(s9_2), b1_2, fma(vec4<f32>(s9_1), b1_1, fma(vec4<f32>(s9_0), b1_0, acc9_1))));
    acc9_2 = fma(vec4<f32>(s9_3), b2_3, fma(vec4<f32>(s9_2), b2_2, fma(vec4<f32>(s9_1), b2_1, fma(vec4<f32>(s9_0), b2_0, acc9_2))));
    acc9_3 = fma(vec4<f32>(s9_3), b3_3, fma(vec4<f32>(s9_2), b3_2, fma(vec4<f32>(s9_1), b3_1, fma(vec4<f32>(s9_0), b3_0, acc9_3))));
    let s10_0 = subgroupBroadcast(a2, 2u);
    let s10_1 = subgroupBroadcast(a6, 2u);
    let s10_2 = subgroupBroadcast(a10, 2u);
    let s10_3 = subgroupBroadcast(a14, 2u);
    acc10_0 = fma(vec4<f32>(s10_3), b0_3, fma(vec4<f32>(s10_2), b0_2, fma(vec4<f32>(s10_1), b0_1, fma(vec4<f32>(s10_0), b0_0, acc10_0))));
    acc10_1 = fma(vec4<f32>(s10_3), b1_3, fma(vec4<f32>(s10_2), b1_2, fma(vec4<f32>(s10_1), b1_1, fma(vec4<f32>(s10_0), b1_0, acc10_1))));
    acc10_2 = fma(vec4<f32>(s10_3), b2_3, fma(vec4<f32>(s10_2), b2_2, fma(vec4<f32>(s10_1), b2_1, fma(vec4<f32>(s10_0), b2_0, acc10_2))));
    acc10_3 = fma(vec4<f32>(s10_3), b3_3, fma(vec4<f32>(s10_2), b3_2, fma(vec4<f32>(s10_1), b3_1, fma(vec4<f32>(s10_0), b3_0, acc10_3))));
    let s11_0 = subgroupBroadcast(a2, 3u);
    let s11_1 = subgroupBroadcast(a6, 3u);
    let s11_2 = subgroupBroadcast(a10, 3u);
    let s11_3 = subgroupBroadcast(a14, 3u);
    acc11_0 = fma(vec4<f32>(s11_3), b0_3, fma(vec4<f32>(s11_2), b0_2, fma(vec4<f32>(s11_1), b0_1, fma(vec4<f32>(s11_0), b0_0, acc11_0))));
    acc11_1 = fma(vec4<f32>(s11_3), b1_3, fma(vec4<f32>(s11_2), b1_2, fma(vec4<f32>(s11_1), b1_1, fma(vec4<f32>(s11_0), b1_0, acc11_1))));
    acc11_2 = fma(vec4<f32>(s11_3), b2_3, fma(vec4<f32>(s11_2), b2_2, fma(vec4<f32>(s11_1), b2_1, fma(vec4<f32>(s11_0), b2_0, acc11_2))));
    acc11_3 = fma(vec4<f32>(s11_3), b3_3, fma(vec4<f32>(s11_2), b3_2, fma(vec4<f32>(s11_1), b3_1, fma(vec4<f32>(s11_0), b3_0, acc11_3))));
    let s12_0 = subgroupBroadcast(a3, 0u);
    let s12_1 = subgroupBroadcast(a7, 0u);
    let s12_2 = subgroupBroadcast(a11, 0u);
    let s12_3 = subgroupBroadcast(a15, 0u);
    acc12_0 = fma(vec4<f32>(s12_3), b0_3, fma(vec4<f32>(s12_2), b0_2, fma(vec4<f32>(s12_1), b0_1, fma(vec4<f32>(s12_0), b0_0, acc12_0))));
    acc12_1 = fma(vec4<f32>(s12_3), b1_3, fma(vec4<f32>(s12_2), b1_2, fma(vec4<f32>(s12_1), b1_1, fma(vec4<f32>(s12_0), b1_0, acc12_1))));
    acc12_2 = fma(vec4<f32>(s12_3), b2_3, fma(vec4<f32>(s12_2), b2_2, fma(vec4<f32>(s12_1), b2_1, fma(vec4<f32>(s12_0), b2_0, acc12_2))));
    acc12_3 = fma(vec4<f32>(s12_3), b3_3, fma(vec4<f32>(s12_2), b3_2, fma(vec4<f32>(s12_1), b3_1, fma(vec4<f32>(s12_0), b3_0, acc12_3))));
    let s13_0 = subgroupBroadcast(a3, 1u);
    let s13_1 = subgroupBroadcast(a7, 1u);
    let s13_2 = subgroupBroadcast(a11, 1u);
    let s13_3 = subgroupBroadcast(a15, 1u);
    acc13_0 = fma(vec4<f32>(s13_3), b0_3, fma(vec4<f32>(s13_2), b0_2, fma(vec4<f32>(s13_1), b0_1, fma(vec4<f32>(s13_0), b0_0, acc13_0))));
    acc13_1 = fma(vec4<f32>(s13_3), b1_3, fma(vec4<f32>(s13_2), b1_2, fma(vec4<f32>(s13_1), b1_1, fma(vec4<f32>(s13_0), b1_0, acc13_1))));
    acc13_2 = fma(vec4<f32>(s13_3), b2_3, fma(vec4<f32>(s13_2), b2_2, fma(vec4<f32>(s13_1), b2_1, fma(vec4<f32>(s13_0), b2_0, acc13_2))));
    acc13_3 = fma(vec4<f32>(s13_3), b3_3, fma(vec4<f32>(s13_2), b3_2, fma(vec4<f32>(s13_1), b3_1, fma(vec4<f32>(s13_0), b3_0, acc13_3))));
    let s14_0 = subgroupBroadcast(a3, 2u);
    let s14_1 = subgroupBroadcast(a7, 2u);
    let s14_2 = subgroupBroadcast(a11, 2u);
    let s14_3 = subgroupBroadcast(a15, 2u);
    acc14_0 = fma(vec4<f32>(s14_3), b0_3, fma(vec4<f32>(s14_2), b0_2, fma(vec4<f32>(s14_1), b0_1, fma(vec4<f32>(s14_0), b0_0, acc14_0))));
    acc14_1 = fma(vec4<f32>(s14_3), b1_3, fma(vec4<f32>(s14_2), b1_2, fma(vec4<f32>(s14_1), b1_1, fma(vec4<f32>(s14_0), b1_0, acc14_1))));
    acc14_2 = fma(vec4<f32>(s14_3), b2_3, fma(vec4<f32>(s14_2), b2_2, fma(vec4<f32>(s14_1), b2_1, fma(vec4<f32>(s14_0), b2_0, acc14_2))));
    acc14_3 = fma(vec4<f32>(s14_3), b3_3, fma(vec4<f32>(s14_2), b3_2, fma(vec4<f32>(s14_1), b3_1, fma(vec4<f32>(s14_0), b3_0, acc14_3))));
    let s15_0 = subgroupBroadcast(a3, 3u);
    let s15_1 = subgroupBroadcast(a7, 3u);
    let s15_2 = subgroupBroadcast(a11, 3u);
    let s15_3 = subgroupBroadcast(a15, 3u);
    acc15_0 = fma(vec4<f32>(s15_3), b0_3, fma(vec4<f32>(s15_2), b0_2, fma(vec4<f32>(s15_1), b0_1, fma(vec4<f32>(s15_0), b0_0, acc15_0))));
    acc15_1 = fma(vec4<f32>(s15_3), b1_3, fma(vec4<f32>(s15_2), b1_2, fma(vec4<f32>(s15_1), b1_1, fma(vec4<f32>(s15_0), b1_0, acc15_1))));
    acc15_2 = fma(vec4<f32>(s15_3), b2_3, fma(vec4<f32>(s15_2), b2_2, fma(vec4<f32>(s15_1), b2_1, fma(vec4<f32>(s15_0), b2_0, acc15_2))));
    acc15_3 = fma(vec4<f32>(s15_3), b3_3, fma(vec4<f32>(s15_2), b3_2, fma(vec4<f32>(s15_1), b3_1, fma(vec4<f32>(s15_0), b3_0, acc15_3))));
  }
  if (whole < params.k) {
    let a0At = params.aOffset + min(m0 + lane % 16u, group.y - 1u) * params.aStride + lane / 16u;
    let a1At = params.aOffset + min(m0 + (4u + lane) % 16u, group.y - 1u) * params.aStride + (4u + lane) / 16u;
    let a2At = params.aOffset + min(m0 + (8u + lane) % 16u, group.y - 1u) * params.aStride + (8u + lane) / 16u;
    let a3At = params.aOffset + min(m0 + (12u + lane) % 16u, group.y - 1u) * params.aStride + (12u + lane) / 16u;
    for (var k = whole; k < params.k; k += 1u) {
      let b0_0 = loadB(b0At + k * bStep);
      let b1_0 = loadB(b1At + k * bStep);
      let b2_0 = loadB(b2At + k * bStep);
      let b3_0 = loadB(b3At + k * bStep);
      let a0 = a[a0At + k];
      let a1 = a[a1At + k];
      let a2 = a[a2At + k];
      let a3 = a[a3At + k];
      let s0_0 = subgroupBroadcast(a0, 0u);
      acc0_0 = fma(vec4<f32>(s0_0), b0_0, acc0_0);
      acc0_1 = fma(vec4<f32>(s0_0), b1_0, acc0_1);
      acc0_2 = fma(vec4<f32>(s0_0), b2_0, acc0_2);
      acc0_3 = fma(vec4<f32>(s0_0), b3_0, acc0_3);
      let s1_0 = subgroupBroadcast(a0, 1u);
      acc1_0 = fma(vec4<f32>(s1_0), b0_0, acc1_0);
      acc1_1 = fma(vec4<f32>(s1_0), b1_0, acc1_1);
      acc1_2 = fma(vec4<f32>(s1_0), b2_0, acc1_2);
      acc1_3 = fma(vec4<f32>(s1_0), b3_0, acc1_3);
      let s2_0 = subgroupBroadcast(a0, 2u);
      acc2_0 = fma(vec4<f32>(s2_0), b0_0, acc2_0);
      acc2_1 = fma(vec4<f32>(s2_0), b1_0, acc2_1);
      acc2_2 = fma(vec4<f32>(s2_0), b2_0, acc2_2);
      acc2_3 = fma(vec4<f32>(s2_0), b3_0, acc2_3);
      let s3_0 = subgroupBroadcast(a0, 3u);
      acc3_0 = fma(vec4<f32>(s3_0), b0_0, acc3_0);
      acc3_1 = fma(vec4<f32>(s3_0), b1_0, acc3_1);
      acc3_2 = fma(vec4<f32>(s3_0), b2_0, acc3_2);
      acc3_3 = fma(vec4<f32>(s3_0), b3_0, acc3_3);
      let s4_0 = subgroupBroadcast(a1, 0u);
      acc4_0 = fma(vec4<f32>(s4_0), b0_0, acc4_0);
      acc4_1 = fma(vec4<f32>(s4_0), b1_0, acc4_1);
      acc4_2 = fma(vec4<f32>(s4_0), b2_0, acc4_2);
      acc4_3 = fma(vec4<f32>(s4_0), b3_0, acc4_3);
      let s5_0 = subgroupBroadcast(a1, 1u);
      acc5_0 = fma(vec4<f32>(s5_0), b0_0, acc5_0);
      acc5_1 = fma(vec4<f32>(s5_0), b1_0, acc5_1);
      acc5_2 = fma(vec4<f32>(s5_0), b2_0, acc5_2);
      acc5_3 = fma(vec4<f32>(s5_0), b3_0, acc5_3);
      let s6_0 = subgroupBroadcast(a1, 2u);
      acc6_0 = fma(vec4<f32>(s6_0), b0_0, acc6_0);
      acc6_1 = fma(vec4<f32>(s6_0), b1_0, acc6_1);
      acc6_2 = fma(vec4<f32>(s6_0), b2_0, acc6_2);
      acc6_3 = fma(vec4<f32>(s6_0), b3_0, acc6_3);
      let s7_0 = subgroupBroadcast(a1, 3u);
      acc7_0 = fma(vec4<f32>(s7_0), b0_0, acc7_0);
      acc7_1 = fma(vec4<f32>(s7_0), b1_0, acc7_1);
      acc7_2 = fma(vec4<f32>(s7_0), b2_0, acc7_2);
      acc7_3 = fma(vec4<f32>(s7_0), b3_0, acc7_3);
      let s8_0 = subgroupBroadcast(a2, 0u);
      acc8_0 = fma(vec4<f32>(s8_0), b0_0, acc8_0);
      acc8_1 = fma(vec4<f32>(s8_0), b1_0, acc8_1);
      acc8_2 = fma(vec4<f32>(s8_0), b2_0, acc8_2);
      acc8_3 = fma(vec4<f32>(s8_0), b3_0, acc8_3);
      let s9_0 = subgroupBroadcast(a2, 1u);
      acc9_0 = fma(vec4<f32>(s9_0), b0_0, acc9_0);
      acc9_1 = fma(vec4<f32>(s9_0), b1_0, acc9_1);
      acc9_2 = fma(vec4<f32>(s9_0), b2_0, acc9_2);
      acc9_3 = fma(vec4<f32>(s9_0), b3_0, acc9_3);
      let s10_0 = subgroupBroadcast(a2, 2u);
      acc10_0 = fma(vec4<f32>(s10_0), b0_0, acc10_0);
      acc10_1 = fma(vec4<f32>(s10_0), b1_0, acc10_1);
      acc10_2 = fma(vec4<f32>(s10_0), b2_0, acc10_2);
      acc10_3 = fma(vec4<f32>(s10_0), b3_0, acc10_3);
      let s11_0 = subgroupBroadcast(a2, 3u);
      acc11_0 = fma(vec4<f32>(s11_0), b0_0, acc11_0);
      acc11_1 = fma(vec4<f32>(s11_0), b1_0, acc11_1);
      acc11_2 = fma(vec4<f32>(s11_0), b2_0, acc11_2);
      acc11_3 = fma(vec4<f32>(s11_0), b3_0, acc11_3);
      let s12_0 = subgroupBroadcast(a3, 0u);
      acc12_0 = fma(vec4<f32>(s12_0), b0_0, acc12_0);
      acc12_1 = fma(vec4<f32>(s12_0), b1_0, acc12_1);
      acc12_2 = fma(vec4<f32>(s12_0), b2_0, acc12_2);
      acc12_3 = fma(vec4<f32>(s12_0), b3_0, acc12_3);
      let s13_0 = subgroupBroadcast(a3, 1u);
      acc13_0 = fma(vec4<f32>(s13_0), b0_0, acc13_0);
      acc13_1 = fma(vec4<f32>(s13_0), b1_0, acc13_1);
      acc13_2 = fma(vec4<f32>(s13_0), b2_0, acc13_2);
      acc13_3 = fma(vec4<f32>(s13_0), b3_0, acc13_3);
      let s14_0 = subgroupBroadcast(a3, 2u);
      acc14_0 = fma(vec4<f32>(s14_0), b0_0, acc14_0);
      acc14_1 = fma(vec4<f32>(s14_0), b1_0, acc14_1);
      acc14_2 = fma(vec4<f32>(s14_0), b2_0, acc14_2);
      acc14_3 = fma(vec4<f32>(s14_0), b3_0, acc14_3);
      let s15_0 = subgroupBroadcast(a3, 3u);
      acc15_0 = fma(vec4<f32>(s15_0), b0_0, acc15_0);
      acc15_1 = fma(vec4<f32>(s15_0), b1_0, acc15_1);
      acc15_2 = fma(vec4<f32>(s15_0), b2_0, acc15_2);
      acc15_3 = fma(vec4<f32>(s15_0), b3_0, acc15_3);
    }
  }
  var results = array<vec4<f32>, 64>(
    acc0_0, acc0_1, acc0_2, acc0_3,
    acc1_0, acc1_1, acc1_2, acc1_3,
    acc2_0, acc2_1, acc2_2, acc2_3,
    acc3_0, acc3_1, acc3_2, acc3_3,
    acc4_0, acc4_1, acc4_2, acc4_3,
    acc5_0, acc5_1, acc5_2, acc5_3,
    acc6_0, acc6_1, acc6_2, acc6_3,
    acc7_0, acc7_1, acc7_2, acc7_3,
    acc8_0, acc8_1, acc8_2, acc8_3,
    acc9_0, acc9_1, acc9_2, acc9_3,
    acc10_0, acc10_1, acc10_2, acc10_3,
    acc11_0, acc11_1, acc11_2, acc11_3,
    acc12_0, acc12_1, acc12_2, acc12_3,
    acc13_0, acc13_1, acc13_2, acc13_3,
    acc14_0, acc14_1, acc14_2, acc14_3,
    acc15_0, acc15_1, acc15_2, acc15_3,
  );
  // Rolled, over rows whose first the compiler cannot know: unrolled stores take seconds to compile.
  for (var m = m0; m < min(m0 + 16u, group.y); m++) {
    for (var q = 0u; q < 4u; q++) {
      let n = n0 + (q * 4u + lane) * 4u;
      if (n < params.n) {
        let at = (params.cOffset + m * params.cStride + n) / 4u;
        var value = results[(m - m0) * 4u + q];
        if (params.useBias != 0u) {
          let first = biasOffset + n;
          value += vec4<f32>(bias[first], bias[first + 1u], bias[first + 2u], bias[first + 3u]);
        }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
}
