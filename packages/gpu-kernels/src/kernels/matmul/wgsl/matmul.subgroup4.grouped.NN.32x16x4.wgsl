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
  var acc16_0 = vec4<f32>();
  var acc16_1 = vec4<f32>();
  var acc16_2 = vec4<f32>();
  var acc16_3 = vec4<f32>();
  var acc17_0 = vec4<f32>();
  var acc17_1 = vec4<f32>();
  var acc17_2 = vec4<f32>();
  var acc17_3 = vec4<f32>();
  var acc18_0 = vec4<f32>();
  var acc18_1 = vec4<f32>();
  var acc18_2 = vec4<f32>();
  var acc18_3 = vec4<f32>();
  var acc19_0 = vec4<f32>();
  var acc19_1 = vec4<f32>();
  var acc19_2 = vec4<f32>();
  var acc19_3 = vec4<f32>();
  var acc20_0 = vec4<f32>();
  var acc20_1 = vec4<f32>();
  var acc20_2 = vec4<f32>();
  var acc20_3 = vec4<f32>();
  var acc21_0 = vec4<f32>();
  var acc21_1 = vec4<f32>();
  var acc21_2 = vec4<f32>();
  var acc21_3 = vec4<f32>();
  var acc22_0 = vec4<f32>();
  var acc22_1 = vec4<f32>();
  var acc22_2 = vec4<f32>();
  var acc22_3 = vec4<f32>();
  var acc23_0 = vec4<f32>();
  var acc23_1 = vec4<f32>();
  var acc23_2 = vec4<f32>();
  var acc23_3 = vec4<f32>();
  var acc24_0 = vec4<f32>();
  var acc24_1 = vec4<f32>();
  var acc24_2 = vec4<f32>();
  var acc24_3 = vec4<f32>();
  var acc25_0 = vec4<f32>();
  var acc25_1 = vec4<f32>();
  var acc25_2 = vec4<f32>();
  var acc25_3 = vec4<f32>();
  var acc26_0 = vec4<f32>();
  var acc26_1 = vec4<f32>();
  var acc26_2 = vec4<f32>();
  var acc26_3 = vec4<f32>();
  var acc27_0 = vec4<f32>();
  var acc27_1 = vec4<f32>();
  var acc27_2 = vec4<f32>();
  var acc27_3 = vec4<f32>();
  var acc28_0 = vec4<f32>();
  var acc28_1 = vec4<f32>();
  var acc28_2 = vec4<f32>();
  var acc28_3 = vec4<f32>();
  var acc29_0 = vec4<f32>();
  var acc29_1 = vec4<f32>();
  var acc29_2 = vec4<f32>();
  var acc29_3 = vec4<f32>();
  var acc30_0 = vec4<f32>();
  var acc30_1 = vec4<f32>();
  var acc30_2 = vec4<f32>();
  var acc30_3 = vec4<f32>();
  var acc31_0 = vec4<f32>();
  var acc31_1 = vec4<f32>();
  var acc31_2 = vec4<f32>();
  var acc31_3 = vec4<f32>();
  let whole = params.k / 4u * 4u;
  let a0At = params.aOffset + min(m0 + lane % 32u, group.y - 1u) * params.aStride + lane / 32u;
  let a1At = params.aOffset + min(m0 + (4u + lane) % 32u, group.y - 1u) * params.aStride + (4u + lane) / 32u;
  let a2At = params.aOffset + min(m0 + (8u + lane) % 32u, group.y - 1u) * params.aStride + (8u + lane) / 32u;
  let a3At = params.aOffset + min(m0 + (12u + lane) % 32u, group.y - 1u) * params.aStride + (12u + lane) / 32u;
  let a4At = params.aOffset + min(m0 + (16u + lane) % 32u, group.y - 1u) * params.aStride + (16u + lane) / 32u;
  let a5At = params.aOffset + min(m0 + (20u + lane) % 32u, group.y - 1u) * params.aStride + (20u + lane) / 32u;
  let a6At = params.aOffset + min(m0 + (24u + lane) % 32u, group.y - 1u) * params.aStride + (24u + lane) / 32u;
  let a7At = params.aOffset + min(m0 + (28u + lane) % 32u, group.y - 1u) * params.aStride + (28u + lane) / 32u;
  let a8At = params.aOffset + min(m0 + (32u + lane) % 32u, group.y - 1u) * params.aStride + (32u + lane) / 32u;
  let a9At = params.aOffset + min(m0 + (36u + lane) % 32u, group.y - 1u) * params.aStride + (36u + lane) / 32u;
  let a10At = params.aOffset + min(m0 + (40u + lane) % 32u, group.y - 1u) * params.aStride + (40u + lane) / 32u;
  let a11At = params.aOffset + min(m0 + (44u + lane) % 32u, group.y - 1u) * params.aStride + (44u + lane) / 32u;
  let a12At = params.aOffset + min(m0 + (48u + lane) % 32u, group.y - 1u) * params.aStride + (48u + lane) / 32u;
  let a13At = params.aOffset + min(m0 + (52u + lane) % 32u, group.y - 1u) * params.aStride + (52u + lane) / 32u;
  let a14At = params.aOffset + min(m0 + (56u + lane) % 32u, group.y - 1u) * params.aStride + (56u + lane) / 32u;
  let a15At = params.aOffset + min(m0 + (60u + lane) % 32u, group.y - 1u) * params.aStride + (60u + lane) / 32u;
  let a16At = params.aOffset + min(m0 + (64u + lane) % 32u, group.y - 1u) * params.aStride + (64u + lane) / 32u;
  let a17At = params.aOffset + min(m0 + (68u + lane) % 32u, group.y - 1u) * params.aStride + (68u + lane) / 32u;
  let a18At = params.aOffset + min(m0 + (72u + lane) % 32u, group.y - 1u) * params.aStride + (72u + lane) / 32u;
  let a19At = params.aOffset + min(m0 + (76u + lane) % 32u, group.y - 1u) * params.aStride + (76u + lane) / 32u;
  let a20At = params.aOffset + min(m0 + (80u + lane) % 32u, group.y - 1u) * params.aStride + (80u + lane) / 32u;
  let a21At = params.aOffset + min(m0 + (84u + lane) % 32u, group.y - 1u) * params.aStride + (84u + lane) / 32u;
  let a22At = params.aOffset + min(m0 + (88u + lane) % 32u, group.y - 1u) * params.aStride + (88u + lane) / 32u;
  let a23At = params.aOffset + min(m0 + (92u + lane) % 32u, group.y - 1u) * params.aStride + (92u + lane) / 32u;
  let a24At = params.aOffset + min(m0 + (96u + lane) % 32u, group.y - 1u) * params.aStride + (96u + lane) / 32u;
  let a25At = params.aOffset + min(m0 + (100u + lane) % 32u, group.y - 1u) * params.aStride + (100u + lane) / 32u;
  let a26At = params.aOffset + min(m0 + (104u + lane) % 32u, group.y - 1u) * params.aStride + (104u + lane) / 32u;
  let a27At = params.aOffset + min(m0 + (108u + lane) % 32u, group.y - 1u) * params.aStride + (108u + lane) / 32u;
  let a28At = params.aOffset + min(m0 + (112u + lane) % 32u, group.y - 1u) * params.aStride + (112u + lane) / 32u;
  let a29At = params.aOffset + min(m0 + (116u + lane) % 32u, group.y - 1u) * params.aStride + (116u + lane) / 32u;
  let a30At = params.aOffset + min(m0 + (120u + lane) % 32u, group.y - 1u) * params.aStride + (120u + lane) / 32u;
  let a31At = params.aOffset + min(m0 + (124u + lane) % 32u, group.y - 1u) * params.aStride + (124u + lane) / 32u;
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
    let a16 = a[a16At + k];
    let a17 = a[a17At + k];
    let a18 = a[a18At + k];
    let a19 = a[a19At + k];
    let a20 = a[a20At + k];
    let a21 = a[a21At + k];
    let a22 = a[a22At + k];
    let a23 = a[a23At + k];
    let a24 = a[a24At + k];
    let a25 = a[a25At + k];
    let a26 = a[a26At + k];
    let a27 = a[a27At + k];
    let a28 = a[a28At + k];
    let a29 = a[a29At + k];
    let a30 = a[a30At + k];
    let a31 = a[a31At + k];
    let s0_0 = subgroupBroadcast(a0, 0u);
    let s0_1 = subgroupBroadcast(a8, 0u);
    let s0_2 = subgroupBroadcast(a16, 0u);
    let s0_3 = subgroupBroadcast(a24, 0u);
    acc0_0 = fma(vec4<f32>(s0_3), b0_3, fma(vec4<f32>(s0_2), b0_2, fma(vec4<f32>(s0_1), b0_1, fma(vec4<f32>(s0_0), b0_0, acc0_0))));
    acc0_1 = fma(vec4<f32>(s0_3), b1_3, fma(vec4<f32>(s0_2), b1_2, fma(vec4<f32>(s0_1), b1_1, fma(vec4<f32>(s0_0), b1_0, acc0_1))));
    acc0_2 = fma(vec4<f32>(s0_3), b2_3, fma(vec4<f32>(s0_2), b2_2, fma(vec4<f32>(s0_1), b2_1, fma(vec4<f32>(s0_0), b2_0, acc0_2))));
    acc0_3 = fma(vec4<f32>(s0_3), b3_3, fma(vec4<f32>(s0_2), b3_2, fma(vec4<f32>(s0_1), b3_1, fma(vec4<f32>(s0_0), b3_0, acc0_3))));
    let s1_0 = subgroupBroadcast(a0, 1u);
    let s1_1 = subgroupBroadcast(a8, 1u);
    let s1_2 = subgroupBroadcast(a16, 1u);
    let s1_3 = subgroupBroadcast(a24, 1u);
    acc1_0 = fma(vec4<f32>(s1_3), b0_3, fma(vec4<f32>(s1_2), b0_2, fma(vec4<f32>(s1_1), b0_1, fma(vec4<f32>(s1_0), b0_0, acc1_0))));
    acc1_1 = fma(vec4<f32>(s1_3), b1_3, fma(vec4<f32>(s1_2), b1_2, fma(vec4<f32>(s1_1), b1_1, fma(vec4<f32>(s1_0), b1_0, acc1_1))));
    acc1_2 = fma(vec4<f32>(s1_3), b2_3, fma(vec4<f32>(s1_2), b2_2, fma(vec4<f32>(s1_1), b2_1, fma(vec4<f32>(s1_0), b2_0, acc1_2))));
    acc1_3 = fma(vec4<f32>(s1_3), b3_3, fma(vec4<f32>(s1_2), b3_2, fma(vec4<f32>(s1_1), b3_1, fma(vec4<f32>(s1_0), b3_0, acc1_3))));
    let s2_0 = subgroupBroadcast(a0, 2u);
    let s2_1 = subgroupBroadcast(a8, 2u);
    let s2_2 = subgroupBroadcast(a16, 2u);
    let s2_3 = subgroupBroadcast(a24, 2u);
    acc2_0 = fma(vec4<f32>(s2_3), b0_3, fma(vec4<f32>(s2_2), b0_2, fma(vec4<f32>(s2_1), b0_1, fma(vec4<f32>(s2_0), b0_0, acc2_0))));
    acc2_1 = fma(vec4<f32>(s2_3), b1_3, fma(vec4<f32>(s2_2), b1_2, fma(vec4<f32>(s2_1), b1_1, fma(vec4<f32>(s2_0), b1_0, acc2_1))));
    acc2_2 = fma(vec4<f32>(s2_3), b2_3, fma(vec4<f32>(s2_2), b2_2, fma(vec4<f32>(s2_1), b2_1, fma(vec4<f32>(s2_0), b2_0, acc2_2))));
    acc2_3 = fma(vec4<f32>(s2_3), b3_3, fma(vec4<f32>(s2_2), b3_2, fma(vec4<f32>(s2_1), b3_1, fma(vec4<f32>(s2_0), b3_0, acc2_3))));
    let s3_0 = subgroupBroadcast(a0, 3u);
    let s3_1 = subgroupBroadcast(a8, 3u);
    let s3_2 = subgroupBroadcast(a16, 3u);
    let s3_3 = subgroupBroadcast(a24, 3u);
    acc3_0 = fma(vec4<f32>(s3_3), b0_3, fma(vec4<f32>(s3_2), b0_2, fma(vec4<f32>(s3_1), b0_1, fma(vec4<f32>(s3_0), b0_0, acc3_0))));
    acc3_1 = fma(vec4<f32>(s3_3), b1_3, fma(vec4<f32>(s3_2), b1_2, fma(vec4<f32>(s3_1), b1_1, fma(vec4<f32>(s3_0), b1_0, acc3_1))));
    acc3_2 = fma(vec4<f32>(s3_3), b2_3, fma(vec4<f32>(s3_2), b2_2, fma(vec4<f32>(s3_1), b2_1, fma(vec4<f32>(s3_0), b2_0, acc3_2))));
    acc3_3 = fma(vec4<f32>(s3_3), b3_3, fma(vec4<f32>(s3_2), b3_2, fma(vec4<f32>(s3_1), b3_1, fma(vec4<f32>(s3_0), b3_0, acc3_3))));
    let s4_0 = subgroupBroadcast(a1, 0u);
    let s4_1 = subgroupBroadcast(a9, 0u);
    let s4_2 = subgroupBroadcast(a17, 0u);
    let s4_3 = subgroupBroadcast(a25, 0u);
    acc4_0 = fma(vec4<f32>(s4_3), b0_3, fma(vec4<f32>(s4_2), b0_2, fma(vec4<f32>(s4_1), b0_1, fma(vec4<f32>(s4_0), b0_0, acc4_0))));
    acc4_1 = fma(vec4<f32>(s4_3), b1_3, fma(vec4<f32>(s4_2), b1_2, fma(vec4<f32>(s4_1), b1_1, fma(vec4<f32>(s4_0), b1_0, acc4_1))));
    acc4_2 = fma(vec4<f32>(s4_3), b2_3, fma(vec4<f32>(s4_2), b2_2, fma(vec4<f32>(s4_1), b2_1, fma(vec4<f32>(s4_0), b2_0, acc4_2))));
    acc4_3 = fma(vec4<f32>(s4_3), b3_3, fma(vec4<f32>(s4_2), b3_2, fma(vec4<f32>(s4_1), b3_1, fma(vec4<f32>(s4_0), b3_0, acc4_3))));
    let s5_0 = subgroupBroadcast(a1, 1u);
    let s5_1 = subgroupBroadcast(a9, 1u);
    let s5_2 = subgroupBroadcast(a17, 1u);
    let s5_3 = subgroupBroadcast(a25, 1u);
    acc5_0 = fma(vec4<f32>(s5_3), b0_3, fma(vec4<f32>(s5_2), b0_2, fma(vec4<f32>(s5_1), b0_1, fma(vec4<f32>(s5_0), b0_0, acc5_0))));
    acc5_1 = fma(vec4<f32>(s5_3), b1_3, fma(vec4<f32>(s5_2), b1_2, fma(vec4<f32>(s5_1), b1_1, fma(vec4<f32>(s5_0), b1_0, acc5_1))));
    acc5_2 = fma(vec4<f32>(s5_3), b2_3, fma(vec4<f32>(s5_2), b2_2, fma(vec4<f32>(s5_1), b2_1, fma(vec4<f32>(s5_0), b2_0, acc5_2))));
    acc5_3 = fma(vec4<f32>(s5_3), b3_3, fma(vec4<f32>(s5_2), b3_2, fma(vec4<f32>(s5_1), b3_1, fma(vec4<f32>(s5_0), b3_0, acc5_3))));
    let s6_0 = subgroupBroadcast(a1, 2u);
    let s6_1 = subgroupBroadcast(a9, 2u);
    let s6_2 = subgroupBroadcast(a17, 2u);
    let s6_3 = subgroupBroadcast(a25, 2u);
    acc6_0 = fma(vec4<f32>(s6_3), b0_3, fma(vec4<f32>(s6_2), b0_2, fma(vec4<f32>(s6_1), b0_1, fma(vec4<f32>(s6_0), b0_0, acc6_0))));
    acc6_1 = fma(vec4<f32>(s6_3), b1_3, fma(vec4<f32>(s6_2), b1_2, fma(vec4<f32>(s6_1), b1_1, fma(vec4<f32>(s6_0), b1_0, acc6_1))));
    acc6_2 = fma(vec4<f32>(s6_3), b2_3, fma(vec4<f32>(s6_2), b2_2, fma(vec4<f32>(s6_1), b2_1, fma(vec4<f32>(s6_0), b2_0, acc6_2))));
    acc6_3 = fma(vec4<f32>(s6_3), b3_3, fma(vec4<f32>(s6_2), b3_2, fma(vec4<f32>(s6_1), b3_1, fma(vec4<f32>(s6_0), b3_0, acc6_3))));
    let s7_0 = subgroupBroadcast(a1, 3u);
    let s7_1 = subgroupBroadcast(a9, 3u);
    let s7_2 = subgroupBroadcast(a17, 3u);
    let s7_3 = subgroupBroadcast(a25, 3u);
    acc7_0 = fma(vec4<f32>(s7_3), b0_3, fma(vec4<f32>(s7_2), b0_2, fma(vec4<f32>(s7_1), b0_1, fma(vec4<f32>(s7_0), b0_0, acc7_0))));
    acc7_1 = fma(vec4<f32>(s7_3), b1_3, fma(vec4<f32>(s7_2), b1_2, fma(vec4<f32>(s7_1), b1_1, fma(vec4<f32>(s7_0), b1_0, acc7_1))));
    acc7_2 = fma(vec4<f32>(s7_3), b2_3, fma(vec4<f32>(s7_2), b2_2, fma(vec4<f32>(s7_1), b2_1, fma(vec4<f32>(s7_0), b2_0, acc7_2))));
    acc7_3 = fma(vec4<f32>(s7_3), b3_3, fma(vec4<f32>(s7_2), b3_2, fma(vec4<f32>(s7_1), b3_1, fma(vec4<f32>(s7_0), b3_0, acc7_3))));
    let s8_0 = subgroupBroadcast(a2, 0u);
    let s8_1 = subgroupBroadcast(a10, 0u);
    let s8_2 = subgroupBroadcast(a18, 0u);
    let s8_3 = subgroupBroadcast(a26, 0u);
    acc8_0 = fma(vec4<f32>(s8_3), b0_3, fma(vec4<f32>(s8_2), b0_2, fma(vec4<f32>(s8_1), b0_1, fma(vec4<f32>(s8_0), b0_0, acc8_0))));
    acc8_1 = fma(vec4<f32>(s8_3), b1_3, fma(vec4<f32>(s8_2), b1_2, fma(vec4<f32>(s8_1), b1_1, fma(vec4<f32>(s8_0), b1_0, acc8_1))));
    acc8_2 = fma(vec4<f32>(s8_3), b2_3, fma(vec4<f32>(s8_2), b2_2, fma(vec4<f32>(s8_1), b2_1, fma(vec4<f32>(s8_0), b2_0, acc8_2))));
    acc8_3 = fma(vec4<f32>(s8_3), b3_3, fma(vec4<f32>(s8_2), b3_2, fma(vec4<f32>(s8_1), b3_1, fma(vec4<f32>(s8_0), b3_0, acc8_3))));
    let s9_0 = subgroupBroadcast(a2, 1u);
    let s9_1 = subgroupBroadcast(a10, 1u);
    let s9_2 = subgroupBroadcast(a18, 1u);
    let s9_3 = subgroupBroadcast(a26, 1u);
    acc9_0 = fma(vec4<f32>(s9_3), b0_3, fma(vec4<f32>(s9_2), b0_2, fma(vec4<f32>(s9_1), b0_1, fma(vec4<f32>(s9_0), b0_0, acc9_0))));
    acc9_1 = fma(vec4<f32>(s9_3), b1_3, fma(vec4<f32>(s9_2), b1_2, fma(vec4<f32>(s9_1), b1_1, fma(vec4<f32>(s9_0), b1_0, acc9_1))));
    acc9_2 = fma(vec4<f32>(s9_3), b2_3, fma(vec4<f32>(s9_2), b2_2, fma(vec4<f32>(s9_1), b2_1, fma(vec4<f32>(s9_0), b2_0, acc9_2))));
    acc9_3 = fma(vec4<f32>(s9_3), b3_3, fma(vec4<f32>(s9_2), b3_2, fma(vec4<f32>(s9_1), b3_1, fma(vec4<f32>(s9_0), b3_0, acc9_3))));
    let s10_0 = subgroupBroadcast(a2, 2u);
    let s10_1 = subgroupBroadcast(a10, 2u);
    let s10_2 = subgroupBroadcast(a18, 2u);
    let s10_3 = subgroupBroadcast(a26, 2u);
    acc10_0 = fma(vec4<f32>(s10_3), b0_3, fma(vec4<f32>(s10_2), b0_2, fma(vec4<f32>(s10_1), b0_1, fma(vec4<f32>(s10_0), b0_0, acc10_0))));
    acc10_1 = fma(vec4<f32>(s10_3), b1_3, fma(vec4<f32>(s10_2), b1_2, fma(vec4<f32>(s10_1), b1_1, fma(vec4<f32>(s10_0), b1_0, acc10_1))));
    acc10_2 = fma(vec4<f32>(s10_3), b2_3, fma(vec4<f32>(s10_2), b2_2, fma(vec4<f32>(s10_1), b2_1, fma(vec4<f32>(s10_0), b2_0, acc10_2))));
    acc10_3 = fma(vec4<f32>(s10_3), b3_3, fma(vec4<f32>(s10_2), b3_2, fma(vec4<f32>(s10_1), b3_1, fma(vec4<f32>(s10_0), b3_0, acc10_3))));
    let s11_0 = subgroupBroadcast(a2, 3u);
    let s11_1 = subgroupBroadcast(a10, 3u);
    let s11_2 = subgroupBroadcast(a18, 3u);
    let s11_3 = subgroupBroadcast(a26, 3u);
    acc11_0 = fma(vec4<f32>(s11_3), b0_3, fma(vec4<f32>(s11_2), b0_2, fma(vec4<f32>(s11_1), b0_1, fma(vec4<f32>(s11_0), b0_0, acc11_0))));
    acc11_1 = fma(vec4<f32>(s11_3), b1_3, fma(vec4<f32>(s11_2), b1_2, fma(vec4<f32>(s11_1), b1_1, fma(vec4<f32>(s11_0), b1_0, acc11_1))));
    acc11_2 = fma(vec4<f32>(s11_3), b2_3, fma(vec4<f32>(s11_2), b2_2, fma(vec4<f32>(s11_1), b2_1, fma(vec4<f32>(s11_0), b2_0, acc11_2))));
    acc11_3 = fma(vec4<f32>(s11_3), b3_3, fma(vec4<f32>(s11_2), b3_2, fma(vec4<f32>(s11_1), b3_1, fma(vec4<f32>(s11_0), b3_0, acc11_3))));
    let s12_0 = subgroupBroadcast(a3, 0u);
    let s12_1 = subgroupBroadcast(a11, 0u);
    let s12_2 = subgroupBroadcast(a19, 0u);
    let s12_3 = subgroupBroadcast(a27, 0u);
    acc12_0 = fma(vec4<f32>(s12_3), b0_3, fma(vec4<f32>(s12_2), b0_2, fma(vec4<f32>(s12_1), b0_1, fma(vec4<f32>(s12_0), b0_0, acc12_0))));
    acc12_1 = fma(vec4<f32>(s12_3), b1_3, fma(vec4<f32>(s12_2), b1_2, fma(vec4<f32>(s12_1), b1_1, fma(vec4<f32>(s12_0), b1_0, acc12_1))));
    acc12_2 = fma(vec4<f32>(s12_3), b2_3, fma(vec4<f32>(s12_2), b2_2, fma(vec4<f32>(s12_1), b2_1, fma(vec4<f32>(s12_0), b2_0, acc12_2))));
    acc12_3 = fma(vec4<f32>(s12_3), b3_3, fma(vec4<f32>(s12_2), b3_2, fma(vec4<f32>(s12_1), b3_1, fma(vec4<f32>(s12_0), b3_0, acc12_3))));
    let s13_0 = subgroupBroadcast(a3, 1u);
    let s13_1 = subgroupBroadcast(a11, 1u);
    let s13_2 = subgroupBroadcast(a19, 1u);
    let s13_3 = subgroupBroadcast(a27, 1u);
    acc13_0 = fma(vec4<f32>(s13_3), b0_3, fma(vec4<f32>(s13_2), b0_2, fma(vec4<f32>(s13_1), b0_1, fma(vec4<f32>(s13_0), b0_0, acc13_0))));
    acc13_1 = fma(vec4<f32>(s13_3), b1_3, fma(vec4<f32>(s13_2), b1_2, fma(vec4<f32>(s13_1), b1_1, fma(vec4<f32>(s13_0), b1_0, acc13_1))));
    acc13_2 = fma(vec4<f32>(s13_3), b2_3, fma(vec4<f32>(s13_2), b2_2, fma(vec4<f32>(s13_1), b2_1, fma(vec4<f32>(s13_0), b2_0, acc13_2))));
    acc13_3 = fma(vec4<f32>(s13_3), b3_3, fma(vec4<f32>(s13_2), b3_2, fma(vec4<f32>(s13_1), b3_1, fma(vec4<f32>(s13_0), b3_0, acc13_3))));
    let s14_0 = subgroupBroadcast(a3, 2u);
    let s14_1 = subgroupBroadcast(a11, 2u);
    let s14_2 = subgroupBroadcast(a19, 2u);
    let s14_3 = subgroupBroadcast(a27, 2u);
    acc14_0 = fma(vec4<f32>(s14_3), b0_3, fma(vec4<f32>(s14_2), b0_2, fma(vec4<f32>(s14_1), b0_1, fma(vec4<f32>(s14_0), b0_0, acc14_0))));
    acc14_1 = fma(vec4<f32>(s14_3), b1_3, fma(vec4<f32>(s14_2), b1_2, fma(vec4<f32>(s14_1), b1_1, fma(vec4<f32>(s14_0), b1_0, acc14_1))));
    acc14_2 = fma(vec4<f32>(s14_3), b2_3, fma(vec4<f32>(s14_2), b2_2, fma(vec4<f32>(s14_1), b2_1, fma(vec4<f32>(s14_0), b2_0, acc14_2))));
    acc14_3 = fma(vec4<f32>(s14_3), b3_3, fma(vec4<f32>(s14_2), b3_2, fma(vec4<f32>(s14_1), b3_1, fma(vec4<f32>(s14_0), b3_0, acc14_3))));
    let s15_0 = subgroupBroadcast(a3, 3u);
    let s15_1 = subgroupBroadcast(a11, 3u);
    let s15_2 = subgroupBroadcast(a19, 3u);
    let s15_3 = subgroupBroadcast(a27, 3u);
    acc15_0 = fma(vec4<f32>(s15_3), b0_3, fma(vec4<f32>(s15_2), b0_2, fma(vec4<f32>(s15_1), b0_1, fma(vec4<f32>(s15_0), b0_0, acc15_0))));
    acc15_1 = fma(vec4<f32>(s15_3), b1_3, fma(vec4<f32>(s15_2), b1_2, fma(vec4<f32>(s15_1), b1_1, fma(vec4<f32>(s15_0), b1_0, acc15_1))));
    acc15_2 = fma(vec4<f32>(s15_3), b2_3, fma(vec4<f32>(s15_2), b2_2, fma(vec4<f32>(s15_1), b2_1, fma(vec4<f32>(s15_0), b2_0, acc15_2))));
    acc15_3 = fma(vec4<f32>(s15_3), b3_3, fma(vec4<f32>(s15_2), b3_2, fma(vec4<f32>(s15_1), b3_1, fma(vec4<f32>(s15_0), b3_0, acc15_3))));
    let s16_0 = subgroupBroadcast(a4, 0u);
    let s16_1 = subgroupBroadcast(a12, 0u);
    let s16_2 = subgroupBroadcast(a20, 0u);
    let s16_3 = subgroupBroadcast(a28, 0u);
    acc16_0 = fma(vec4<f32>(s16_3), b0_3, fma(vec4<f32>(s16_2), b0_2, fma(vec4<f32>(s16_1), b0_1, fma(vec4<f32>(s16_0), b0_0, acc16_0))));
    acc16_1 = fma(vec4<f32>(s16_3), b1_3, fma(vec4<f32>(s16_2), b1_2, fma(vec4<f32>(s16_1), b1_1, fma(vec4<f32>(s16_0), b1_0, acc16_1))));
    acc16_2 = fma(vec4<f32>(s16_3), b2_3, fma(vec4<f32>(s16_2), b2_2, fma(vec4<f32>(s16_1), b2_1, fma(vec4<f32>(s16_0), b2_0, acc16_2))));
    acc16_3 = fma(vec4<f32>(s16_3), b3_3, fma(vec4<f32>(s16_2), b3_2, fma(vec4<f32>(s16_1), b3_1, fma(vec4<f32>(s16_0), b3_0, acc16_3))));
    let s17_0 = subgroupBroadcast(a4, 1u);
    let s17_1 = subgroupBroadcast(a12, 1u);
    let s17_2 = subgroupBroadcast(a20, 1u);
    let s17_3 = subgroupBroadcast(a28, 1u);
    acc17_0 = fma(vec4<f32>(s17_3), b0_3, fma(vec4<f32>(s17_2), b0_2, fma(vec4<f32>(s17_1), b0_1, fma(vec4<f32>(s17_0), b0_0, acc17_0))));
    acc17_1 = fma(vec4<f32>(s17_3), b1_3, fma(vec4<f32>(s17_2), b1_2, fma(vec4<f32>(s17_1), b1_1, fma(vec4<f32>(s17_0), b1_0, acc17_1))));
    acc17_2 = fma(vec4<f32>(s17_3), b2_3, fma(vec4<f32>(s17_2), b2_2, fma(vec4<f32>(s17_1), b2_1, fma(vec4<f32>(s17_0), b2_0, acc17_2))));
    acc17_3 = fma(vec4<f32>(s17_3), b3_3, fma(vec4<f32>(s17_2), b3_2, fma(vec4<f32>(s17_1), b3_1, fma(vec4<f32>(s17_0), b3_0, acc17_3))));
    let s18_0 = subgroupBroadcast(a4, 2u);
    let s18_1 = subgroupBroadcast(a12, 2u);
    let s18_2 = subgroupBroadcast(a20, 2u);
    let s18_3 = subgroupBroadcast(a28, 2u);
    acc18_0 = fma(vec4<f32>(s18_3), b0_3, fma(vec4<f32>(s18_2), b0_2, fma(vec4<f32>(s18_1), b0_1, fma(vec4<f32>(s18_0), b0_0, acc18_0))));
    acc18_1 = fma(vec4<f32>(s18_3), b1_3, fma(vec4<f32>(s18_2), b1_2, fma(vec4<f32>(s18_1), b1_1, fma(vec4<f32>(s18_0), b1_0, acc18_1))));
    acc18_2 = fma(vec4<f32>(s18_3), b2_3, fma(vec4<f32>(s18_2), b2_2, fma(vec4<f32>(s18_1), b2_1, fma(vec4<f32>(s18_0), b2_0, acc18_2))));
    acc18_3 = fma(vec4<f32>(s18_3), b3_3, fma(vec4<f32>(s18_2), b3_2, fma(vec4<f32>(s18_1), b3_1, fma(vec4<f32>(s18_0), b3_0, acc18_3))));
    let s19_0 = subgroupBroadcast(a4, 3u);
    let s19_1 = subgroupBroadcast(a12, 3u);
    let s19_2 = subgroupBroadcast(a20, 3u);
    let s19_3 = subgroupBroadcast(a28, 3u);
    acc19_0 = fma(vec4<f32>(s19_3), b0_3, fma(vec4<f32>(s19_2), b0_2, fma(vec4<f32>(s19_1), b0_1, fma(vec4<f32>(s19_0), b0_0, acc19_0))));
    acc19_1 = fma(vec4<f32>(s19_3), b1_3, fma(vec4<f32>(s19_2), b1_2, fma(vec4<f32>(s19_1), b1_1, fma(vec4<f32>(s19_0), b1_0, acc19_1))));
    acc19_2 = fma(vec4<f32>(s19_3), b2_3, fma(vec4<f32>(s19_2), b2_2, fma(vec4<f32>(s19_1), b2_1, fma(vec4<f32>(s19_0), b2_0, acc19_2))));
    acc19_3 = fma(vec4<f32>(s19_3), b3_3, fma(vec4<f32>(s19_2), b3_2, fma(vec4<f32>(s19_1), b3_1, fma(vec4<f32>(s19_0), b3_0, acc19_3))));
    let s20_0 = subgroupBroadcast(a5, 0u);
    let s20_1 = subgroupBroadcast(a13, 0u);
    let s20_2 = subgroupBroadcast(a21, 0u);
    let s20_3 = subgroupBroadcast(a29, 0u);
    acc20_0 = fma(vec4<f32>(s20_3), b0_3, fma(vec4<f32>(s20_2), b0_2, fma(vec4<f32>(s20_1), b0_1, fma(vec4<f32>(s20_0), b0_0, acc20_0))));
    acc20_1 = fma(vec4<f32>(s20_3), b1_3, fma(vec4<f32>(s20_2), b1_2, fma(vec4<f32>(s20_1), b1_1, fma(vec4<f32>(s20_0), b1_0, acc20_1))));
    acc20_2 = fma(vec4<f32>(s20_3), b2_3, fma(vec4<f32>(s20_2), b2_2, fma(vec4<f32>(s20_1), b2_1, fma(vec4<f32>(s20_0), b2_0, acc20_2))));
    acc20_3 = fma(vec4<f32>(s20_3), b3_3, fma(vec4<f32>(s20_2), b3_2, fma(vec4<f32>(s20_1), b3_1, fma(vec4<f32>(s20_0), b3_0, acc20_3))));
    let s21_0 = subgroupBroadcast(a5, 1u);
    let s21_1 = subgroupBroadcast(a13, 1u);
    let s21_2 = subgroupBroadcast(a21, 1u);
    let s21_3 = subgroupBroadcast(a29, 1u);
    acc21_0 = fma(vec4<f32>(s21_3), b0_3, fma(vec4<f32>(s21_2), b0_2, fma(vec4<f32>(s21_1), b0_1, fma(vec4<f32>(s21_0), b0_0, acc21_0))));
    acc21_1 = fma(vec4<f32>(s21_3), b1_3, fma(vec4<f32>(s21_2), b1_2, fma(vec4<f32>(s21_1), b1_1, fma(vec4<f32>(s21_0), b1_0, acc21_1))));
    acc21_2 = fma(vec4<f32>(s21_3), b2_3, fma(vec4<f32>(s21_2), b2_2, fma(vec4<f32>(s21_1), b2_1, fma(vec4<f32>(s21_0), b2_0, acc21_2))));
    acc21_3 = fma(vec4<f32>(s21_3), b3_3, fma(vec4<f32>(s21_2), b3_2, fma(vec4<f32>(s21_1), b3_1, fma(vec4<f32>(s21_0), b3_0, acc21_3))));
    let s22_0 = subgroupBroadcast(a5, 2u);
    let s22_1 = subgroupBroadcast(a13, 2u);
    let s22_2 = subgroupBroadcast(a21, 2u);
    let s22_3 = subgroupBroadcast(a29, 2u);
    acc22_0 = fma(vec4<f32>(s22_3), b0_3, fma(vec4<f32>(s22_2), b0_2, fma(vec4<f32>(s22_1), b0_1, fma(vec4<f32>(s22_0), b0_0, acc22_0))));
    acc22_1 = fma(vec4<f32>(s22_3), b1_3, fma(vec4<f32>(s22_2), b1_2, fma(vec4<f32>(s22_1), b1_1, fma(vec4<f32>(s22_0), b1_0, acc22_1))));
    acc22_2 = fma(vec4<f32>(s22_3), b2_3, fma(vec4<f32>(s22_2), b2_2, fma(vec4<f32>(s22_1), b2_1, fma(vec4<f32>(s22_0), b2_0, acc22_2))));
    acc22_3 = fma(vec4<f32>(s22_3), b3_3, fma(vec4<f32>(s22_2), b3_2, fma(vec4<f32>(s22_1), b3_1, fma(vec4<f32>(s22_0), b3_0, acc22_3))));
    let s23_0 = subgroupBroadcast(a5, 3u);
    let s23_1 = subgroupBroadcast(a13, 3u);
    let s23_2 = subgroupBroadcast(a21, 3u);
    let s23_3 = subgroupBroadcast(a29, 3u);
    acc23_0 = fma(vec4<f32>(s23_3), b0_3, fma(vec4<f32>(s23_2), b0_2, fma(vec4<f32>(s23_1), b0_1, fma(vec4<f32>(s23_0), b0_0, acc23_0))));
    acc23_1 = fma(vec4<f32>(s23_3), b1_3, fma(vec4<f32>(s23_2), b1_2, fma(vec4<f32>(s23_1), b1_1, fma(vec4<f32>(s23_0), b1_0, acc23_1))));
    acc23_2 = fma(vec4<f32>(s23_3), b2_3, fma(vec4<f32>(s23_2), b2_2, fma(vec4<f32>(s23_1), b2_1, fma(vec4<f32>(s23_0), b2_0, acc23_2))));
    acc23_3 = fma(vec4<f32>(s23_3), b3_3, fma(vec4<f32>(s23_2), b3_2, fma(vec4<f32>(s23_1), b3_1, fma(vec4<f32>(s23_0), b3_0, acc23_3))));
    let s24_0 = subgroupBroadcast(a6, 0u);
    let s24_1 = subgroupBroadcast(a14, 0u);
    let s24_2 = subgroupBroadcast(a22, 0u);
    let s24_3 = subgroupBroadcast(a30, 0u);
    acc24_0 = fma(vec4<f32>(s24_3), b0_3, fma(vec4<f32>(s24_2), b0_2, fma(vec4<f32>(s24_1), b0_1, fma(vec4<f32>(s24_0), b0_0, acc24_0))));
    acc24_1 = fma(vec4<f32>(s24_3), b1_3, fma(vec4<f32>(s24_2), b1_2, fma(vec4<f32>(s24_1), b1_1, fma(vec4<f32>(s24_0), b1_0, acc24_1))));
    acc24_2 = fma(vec4<f32>(s24_3), b2_3, fma(vec4<f32>(s24_2), b2_2, fma(vec4<f32>(s24_1), b2_1, fma(vec4<f32>(s24_0), b2_0, acc24_2))));
    acc24_3 = fma(vec4<f32>(s24_3), b3_3, fma(vec4<f32>(s24_2), b3_2, fma(vec4<f32>(s24_1), b3_1, fma(vec4<f32>(s24_0), b3_0, acc24_3))));
    let s25_0 = subgroupBroadcast(a6, 1u);
    let s25_1 = subgroupBroadcast(a14, 1u);
    let s25_2 = subgroupBroadcast(a22, 1u);
    let s25_3 = subgroupBroadcast(a30, 1u);
    acc25_0 = fma(vec4<f32>(s25_3), b0_3, fma(vec4<f32>(s25_2), b0_2, fma(vec4<f32>(s25_1), b0_1, fma(vec4<f32>(s25_0), b0_0, acc25_0))));
    acc25_1 = fma(vec4<f32>(s25_3), b1_3, fma(vec4<f32>(s25_2), b1_2, fma(vec4<f32>(s25_1), b1_1, fma(vec4<f32>(s25_0), b1_0, acc25_1))));
    acc25_2 = fma(vec4<f32>(s25_3), b2_3, fma(vec4<f32>(s25_2), b2_2, fma(vec4<f32>(s25_1), b2_1, fma(vec4<f32>(s25_0), b2_0, acc25_2))));
    acc25_3 = fma(vec4<f32>(s25_3), b3_3, fma(vec4<f32>(s25_2), b3_2, fma(vec4<f32>(s25_1), b3_1, fma(vec4<f32>(s25_0), b3_0, acc25_3))));
    let s26_0 = subgroupBroadcast(a6, 2u);
    let s26_1 = subgroupBroadcast(a14, 2u);
    let s26_2 = subgroupBroadcast(a22, 2u);
    let s26_3 = subgroupBroadcast(a30, 2u);
    acc26_0 = fma(vec4<f32>(s26_3), b0_3, fma(vec4<f32>(s26_2), b0_2, fma(vec4<f32>(s26_1), b0_1, fma(vec4<f32>(s26_0), b0_0, acc26_0))));
    acc26_1 = fma(vec4<f32>(s26_3), b1_3, fma(vec4<f32>(s26_2), b1_2, fma(vec4<f32>(s26_1), b1_1, fma(vec4<f32>(s26_0), b1_0, acc26_1))));
    acc26_2 = fma(vec4<f32>(s26_3), b2_3, fma(vec4<f32>(s26_2), b2_2, fma(vec4<f32>(s26_1), b2_1, fma(vec4<f32>(s26_0), b2_0, acc26_2))));
    acc26_3 = fma(vec4<f32>(s26_3), b3_3, fma(vec4<f32>(s26_2), b3_2, fma(vec4<f32>(s26_1), b3_1, fma(vec4<f32>(s26_0), b3_0, acc26_3))));
    let s27_0 = subgroupBroadcast(a6, 3u);
    let s27_1 = subgroupBroadcast(a14, 3u);
    let s27_2 = subgroupBroadcast(a22, 3u);
    let s27_3 = subgroupBroadcast(a30, 3u);
    acc27_0 = fma(vec4<f32>(s27_3), b0_3, fma(vec4<f32>(s27_2), b0_2, fma(vec4<f32>(s27_1), b0_1, fma(vec4<f32>(s27_0), b0_0, acc27_0))));
    acc27_1 = fma(vec4<f32>(s27_3), b1_3, fma(vec4<f32>(s27_2), b1_2, fma(vec4<f32>(s27_1), b1_1, fma(vec4<f32>(s27_0), b1_0, acc27_1))));
    acc27_2 = fma(vec4<f32>(s27_3), b2_3, fma(vec4<f32>(s27_2), b2_2, fma(vec4<f32>(s27_1), b2_1, fma(vec4<f32>(s27_0), b2_0, acc27_2))));
    acc27_3 = fma(vec4<f32>(s27_3), b3_3, fma(vec4<f32>(s27_2), b3_2, fma(vec4<f32>(s27_1), b3_1, fma(vec4<f32>(s27_0), b3_0, acc27_3))));
    let s28_0 = subgroupBroadcast(a7, 0u);
    let s28_1 = subgroupBroadcast(a15, 0u);
    let s28_2 = subgroupBroadcast(a23, 0u);
    let s28_3 = subgroupBroadcast(a31, 0u);
    acc28_0 = fma(vec4<f32>(s28_3), b0_3, fma(vec4<f32>(s28_2), b0_2, fma(vec4<f32>(s28_1), b0_1, fma(vec4<f32>(s28_0), b0_0, acc28_0))));
    acc28_1 = fma(vec4<f32>(s28_3), b1_3, fma(vec4<f32>(s28_2), b1_2, fma(vec4<f32>(s28_1), b1_1, fma(vec4<f32>(s28_0), b1_0, acc28_1))));
    acc28_2 = fma(vec4<f32>(s28_3), b2_3, fma(vec4<f32>(s28_2), b2_2, fma(vec4<f32>(s28_1), b2_1, fma(vec4<f32>(s28_0), b2_0, acc28_2))));
    acc28_3 = fma(vec4<f32>(s28_3), b3_3, fma(vec4<f32>(s28_2), b3_2, fma(vec4<f32>(s28_1), b3_1, fma(vec4<f32>(s28_0), b3_0, acc28_3))));
    let s29_0 = subgroupBroadcast(a7, 1u);
    let s29_1 = subgroupBroadcast(a15, 1u);
    let s29_2 = subgroupBroadcast(a23, 1u);
    let s29_3 = subgroupBroadcast(a31, 1u);
    acc29_0 = fma(vec4<f32>(s29_3), b0_3, fma(vec4<f32>(s29_2), b0_2, fma(vec4<f32>(s29_1), b0_1, fma(vec4<f32>(s29_0), b0_0, acc29_0))));
    acc29_1 = fma(vec4<f32>(s29_3), b1_3, fma(vec4<f32>(s29_2), b1_2, fma(vec4<f32>(s29_1), b1_1, fma(vec4<f32>(s29_0), b1_0, acc29_1))));
    acc29_2 = fma(vec4<f32>(s29_3), b2_3, fma(vec4<f32>(s29_2), b2_2, fma(vec4<f32>(s29_1), b2_1, fma(vec4<f32>(s29_0), b2_0, acc29_2))));
    acc29_3 = fma(vec4<f32>(s29_3), b3_3, fma(vec4<f32>(s29_2), b3_2, fma(vec4<f32>(s29_1), b3_1, fma(vec4<f32>(s29_0), b3_0, acc29_3))));
    let s30_0 = subgroupBroadcast(a7, 2u);
    let s30_1 = subgroupBroadcast(a15, 2u);
    let s30_2 = subgroupBroadcast(a23, 2u);
    let s30_3 = subgroupBroadcast(a31, 2u);
    acc30_0 = fma(vec4<f32>(s30_3), b0_3, fma(vec4<f32>(s30_2), b0_2, fma(vec4<f32>(s30_1), b0_1, fma(vec4<f32>(s30_0), b0_0, acc30_0))));
    acc30_1 = fma(vec4<f32>(s30_3), b1_3, fma(vec4<f32>(s30_2), b1_2, fma(vec4<f32>(s30_1), b1_1, fma(vec4<f32>(s30_0), b1_0, acc30_1))));
    acc30_2 = fma(vec4<f32>(s30_3), b2_3, fma(vec4<f32>(s30_2), b2_2, fma(vec4<f32>(s30_1), b2_1, fma(vec4<f32>(s30_0), b2_0, acc30_2))));
    acc30_3 = fma(vec4<f32>(s30_3), b3_3, fma(vec4<f32>(s30_2), b3_2, fma(vec4<f32>(s30_1), b3_1, fma(vec4<f32>(s30_0), b3_0, acc30_3))));
    let s31_0 = subgroupBroadcast(a7, 3u);
    let s31_1 = subgroupBroadcast(a15, 3u);
    let s31_2 = subgroupBroadcast(a23, 3u);
    let s31_3 = subgroupBroadcast(a31, 3u);
    acc31_0 = fma(vec4<f32>(s31_3), b0_3, fma(vec4<f32>(s31_2), b0_2, fma(vec4<f32>(s31_1), b0_1, fma(vec4<f32>(s31_0), b0_0, acc31_0))));
    acc31_1 = fma(vec4<f32>(s31_3), b1_3, fma(vec4<f32>(s31_2), b1_2, fma(vec4<f32>(s31_1), b1_1, fma(vec4<f32>(s31_0), b1_0, acc31_1))));
    acc31_2 = fma(vec4<f32>(s31_3), b2_3, fma(vec4<f32>(s31_2), b2_2, fma(vec4<f32>(s31_1), b2_1, fma(vec4<f32>(s31_0), b2_0, acc31_2))));
    acc31_3 = fma(vec4<f32>(s31_3), b3_3, fma(vec4<f32>(s31_2), b3_2, fma(vec4<f32>(s31_1), b3_1, fma(vec4<f32>(s31_0), b3_0, acc31_3))));
  }
  if (whole < params.k) {
    let a0At = params.aOffset + min(m0 + lane % 32u, group.y - 1u) * params.aStride + lane / 32u;
    let a1At = params.aOffset + min(m0 + (4u + lane) % 32u, group.y - 1u) * params.aStride + (4u + lane) / 32u;
    let a2At = params.aOffset + min(m0 + (8u + lane) % 32u, group.y - 1u) * params.aStride + (8u + lane) / 32u;
    let a3At = params.aOffset + min(m0 + (12u + lane) % 32u, group.y - 1u) * params.aStride + (12u + lane) / 32u;
    let a4At = params.aOffset + min(m0 + (16u + lane) % 32u, group.y - 1u) * params.aStride + (16u + lane) / 32u;
    let a5At = params.aOffset + min(m0 + (20u + lane) % 32u, group.y - 1u) * params.aStride + (20u + lane) / 32u;
    let a6At = params.aOffset + min(m0 + (24u + lane) % 32u, group.y - 1u) * params.aStride + (24u + lane) / 32u;
    let a7At = params.aOffset + min(m0 + (28u + lane) % 32u, group.y - 1u) * params.aStride + (28u + lane) / 32u;
    for (var k = whole; k < params.k; k += 1u) {
      let b0_0 = loadB(b0At + k * bStep);
      let b1_0 = loadB(b1At + k * bStep);
      let b2_0 = loadB(b2At + k * bStep);
      let b3_0 = loadB(b3At + k * bStep);
      let a0 = a[a0At + k];
      let a1 = a[a1At + k];
      let a2 = a[a2At + k];
      let a3 = a[a3At + k];
      let a4 = a[a4At + k];
      let a5 = a[a5At + k];
      let a6 = a[a6At + k];
      let a7 = a[a7At + k];
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
      let s16_0 = subgroupBroadcast(a4, 0u);
      acc16_0 = fma(vec4<f32>(s16_0), b0_0, acc16_0);
      acc16_1 = fma(vec4<f32>(s16_0), b1_0, acc16_1);
      acc16_2 = fma(vec4<f32>(s16_0), b2_0, acc16_2);
      acc16_3 = fma(vec4<f32>(s16_0), b3_0, acc16_3);
      let s17_0 = subgroupBroadcast(a4, 1u);
      acc17_0 = fma(vec4<f32>(s17_0), b0_0, acc17_0);
      acc17_1 = fma(vec4<f32>(s17_0), b1_0, acc17_1);
      acc17_2 = fma(vec4<f32>(s17_0), b2_0, acc17_2);
      acc17_3 = fma(vec4<f32>(s17_0), b3_0, acc17_3);
      let s18_0 = subgroupBroadcast(a4, 2u);
      acc18_0 = fma(vec4<f32>(s18_0), b0_0, acc18_0);
      acc18_1 = fma(vec4<f32>(s18_0), b1_0, acc18_1);
      acc18_2 = fma(vec4<f32>(s18_0), b2_0, acc18_2);
      acc18_3 = fma(vec4<f32>(s18_0), b3_0, acc18_3);
      let s19_0 = subgroupBroadcast(a4, 3u);
      acc19_0 = fma(vec4<f32>(s19_0), b0_0, acc19_0);
      acc19_1 = fma(vec4<f32>(s19_0), b1_0, acc19_1);
      acc19_2 = fma(vec4<f32>(s19_0), b2_0, acc19_2);
      acc19_3 = fma(vec4<f32>(s19_0), b3_0, acc19_3);
      let s20_0 = subgroupBroadcast(a5, 0u);
      acc20_0 = fma(vec4<f32>(s20_0), b0_0, acc20_0);
      acc20_1 = fma(vec4<f32>(s20_0), b1_0, acc20_1);
      acc20_2 = fma(vec4<f32>(s20_0), b2_0, acc20_2);
      acc20_3 = fma(vec4<f32>(s20_0), b3_0, acc20_3);
      let s21_0 = subgroupBroadcast(a5, 1u);
      acc21_0 = fma(vec4<f32>(s21_0), b0_0, acc21_0);
      acc21_1 = fma(vec4<f32>(s21_0), b1_0, acc21_1);
      acc21_2 = fma(vec4<f32>(s21_0), b2_0, acc21_2);
      acc21_3 = fma(vec4<f32>(s21_0), b3_0, acc21_3);
      let s22_0 = subgroupBroadcast(a5, 2u);
      acc22_0 = fma(vec4<f32>(s22_0), b0_0, acc22_0);
      acc22_1 = fma(vec4<f32>(s22_0), b1_0, acc22_1);
      acc22_2 = fma(vec4<f32>(s22_0), b2_0, acc22_2);
      acc22_3 = fma(vec4<f32>(s22_0), b3_0, acc22_3);
      let s23_0 = subgroupBroadcast(a5, 3u);
      acc23_0 = fma(vec4<f32>(s23_0), b0_0, acc23_0);
      acc23_1 = fma(vec4<f32>(s23_0), b1_0, acc23_1);
      acc23_2 = fma(vec4<f32>(s23_0), b2_0, acc23_2);
      acc23_3 = fma(vec4<f32>(s23_0), b3_0, acc23_3);
      let s24_0 = subgroupBroadcast(a6, 0u);
      acc24_0 = fma(vec4<f32>(s24_0), b0_0, acc24_0);
      acc24_1 = fma(vec4<f32>(s24_0), b1_0, acc24_1);
      acc24_2 = fma(vec4<f32>(s24_0), b2_0, acc24_2);
      acc24_3 = fma(vec4<f32>(s24_0), b3_0, acc24_3);
      let s25_0 = subgroupBroadcast(a6, 1u);
      acc25_0 = fma(vec4<f32>(s25_0), b0_0, acc25_0);
      acc25_1 = fma(vec4<f32>(s25_0), b1_0, acc25_1);
      acc25_2 = fma(vec4<f32>(s25_0), b2_0, acc25_2);
      acc25_3 = fma(vec4<f32>(s25_0), b3_0, acc25_3);
      let s26_0 = subgroupBroadcast(a6, 2u);
      acc26_0 = fma(vec4<f32>(s26_0), b0_0, acc26_0);
      acc26_1 = fma(vec4<f32>(s26_0), b1_0, acc26_1);
      acc26_2 = fma(vec4<f32>(s26_0), b2_0, acc26_2);
      acc26_3 = fma(vec4<f32>(s26_0), b3_0, acc26_3);
      let s27_0 = subgroupBroadcast(a6, 3u);
      acc27_0 = fma(vec4<f32>(s27_0), b0_0, acc27_0);
      acc27_1 = fma(vec4<f32>(s27_0), b1_0, acc27_1);
      acc27_2 = fma(vec4<f32>(s27_0), b2_0, acc27_2);
      acc27_3 = fma(vec4<f32>(s27_0), b3_0, acc27_3);
      let s28_0 = subgroupBroadcast(a7, 0u);
      acc28_0 = fma(vec4<f32>(s28_0), b0_0, acc28_0);
      acc28_1 = fma(vec4<f32>(s28_0), b1_0, acc28_1);
      acc28_2 = fma(vec4<f32>(s28_0), b2_0, acc28_2);
      acc28_3 = fma(vec4<f32>(s28_0), b3_0, acc28_3);
      let s29_0 = subgroupBroadcast(a7, 1u);
      acc29_0 = fma(vec4<f32>(s29_0), b0_0, acc29_0);
      acc29_1 = fma(vec4<f32>(s29_0), b1_0, acc29_1);
      acc29_2 = fma(vec4<f32>(s29_0), b2_0, acc29_2);
      acc29_3 = fma(vec4<f32>(s29_0), b3_0, acc29_3);
      let s30_0 = subgroupBroadcast(a7, 2u);
      acc30_0 = fma(vec4<f32>(s30_0), b0_0, acc30_0);
      acc30_1 = fma(vec4<f32>(s30_0), b1_0, acc30_1);
      acc30_2 = fma(vec4<f32>(s30_0), b2_0, acc30_2);
      acc30_3 = fma(vec4<f32>(s30_0), b3_0, acc30_3);
      let s31_0 = subgroupBroadcast(a7, 3u);
      acc31_0 = fma(vec4<f32>(s31_0), b0_0, acc31_0);
      acc31_1 = fma(vec4<f32>(s31_0), b1_0, acc31_1);
      acc31_2 = fma(vec4<f32>(s31_0), b2_0, acc31_2);
      acc31_3 = fma(vec4<f32>(s31_0), b3_0, acc31_3);
    }
  }
  var results = array<vec4<f32>, 128>(
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
    acc16_0, acc16_1, acc16_2, acc16_3,
    acc17_0, acc17_1, acc17_2, acc17_3,
    acc18_0, acc18_1, acc18_2, acc18_3,
    acc19_0, acc19_1, acc19_2, acc19_3,
    acc20_0, acc20_1, acc20_2, acc20_3,
    acc21_0, acc21_1, acc21_2, acc21_3,
    acc22_0, acc22_1, acc22_2, acc22_3,
    acc23_0, acc23_1, acc23_2, acc23_3,
    acc24_0, acc24_1, acc24_2, acc24_3,
    acc25_0, acc25_1, acc25_2, acc25_3,
    acc26_0, acc26_1, acc26_2, acc26_3,
    acc27_0, acc27_1, acc27_2, acc27_3,
    acc28_0, acc28_1, acc28_2, acc28_3,
    acc29_0, acc29_1, acc29_2, acc29_3,
    acc30_0, acc30_1, acc30_2, acc30_3,
    acc31_0, acc31_1, acc31_2, acc31_3,
  );
  // Rolled, over rows whose first the compiler cannot know: unrolled stores take seconds to compile.
  for (var m = m0; m < min(m0 + 32u, group.y); m++) {
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
