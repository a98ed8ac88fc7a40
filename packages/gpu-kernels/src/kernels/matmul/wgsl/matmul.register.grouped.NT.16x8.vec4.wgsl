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
@group(0) @binding(1) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;
@group(0) @binding(5) var<storage, read> groups: array<vec4<u32>>;

fn loadB(at: u32) -> vec4<f32> {
  return b[at];
}

@compute @workgroup_size(4, 2)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let index = workgroup / params.workgroupsPerRow;
  if (index >= params.groupCount) { return; }
  let group = groups[params.firstGroup + index];
  let bOffset = params.bOffset + group.z * params.groupStride;
  let biasOffset = params.biasOffset + group.z * params.n;
  let n0 = (workgroup % params.workgroupsPerRow * 4u + local.x) * 8u;
  let m0 = group.x + local.y * 16u;
  if (m0 >= group.y || n0 >= params.n) { return; }
  let row0 = min(m0, group.y - 1u);
  let row1 = min(m0 + 1u, group.y - 1u);
  let row2 = min(m0 + 2u, group.y - 1u);
  let row3 = min(m0 + 3u, group.y - 1u);
  let row4 = min(m0 + 4u, group.y - 1u);
  let row5 = min(m0 + 5u, group.y - 1u);
  let row6 = min(m0 + 6u, group.y - 1u);
  let row7 = min(m0 + 7u, group.y - 1u);
  let row8 = min(m0 + 8u, group.y - 1u);
  let row9 = min(m0 + 9u, group.y - 1u);
  let row10 = min(m0 + 10u, group.y - 1u);
  let row11 = min(m0 + 11u, group.y - 1u);
  let row12 = min(m0 + 12u, group.y - 1u);
  let row13 = min(m0 + 13u, group.y - 1u);
  let row14 = min(m0 + 14u, group.y - 1u);
  let row15 = min(m0 + 15u, group.y - 1u);
  let column0 = min(n0, params.n - 1u);
  let column1 = min(n0 + 1u, params.n - 1u);
  let column2 = min(n0 + 2u, params.n - 1u);
  let column3 = min(n0 + 3u, params.n - 1u);
  let column4 = min(n0 + 4u, params.n - 1u);
  let column5 = min(n0 + 5u, params.n - 1u);
  let column6 = min(n0 + 6u, params.n - 1u);
  let column7 = min(n0 + 7u, params.n - 1u);
  let b0At = (bOffset + column0 * params.bStride) / 4u;
  let b1At = (bOffset + column1 * params.bStride) / 4u;
  let b2At = (bOffset + column2 * params.bStride) / 4u;
  let b3At = (bOffset + column3 * params.bStride) / 4u;
  let b4At = (bOffset + column4 * params.bStride) / 4u;
  let b5At = (bOffset + column5 * params.bStride) / 4u;
  let b6At = (bOffset + column6 * params.bStride) / 4u;
  let b7At = (bOffset + column7 * params.bStride) / 4u;
  let a0At = (params.aOffset + row0 * params.aStride) / 4u;
  let a1At = (params.aOffset + row1 * params.aStride) / 4u;
  let a2At = (params.aOffset + row2 * params.aStride) / 4u;
  let a3At = (params.aOffset + row3 * params.aStride) / 4u;
  let a4At = (params.aOffset + row4 * params.aStride) / 4u;
  let a5At = (params.aOffset + row5 * params.aStride) / 4u;
  let a6At = (params.aOffset + row6 * params.aStride) / 4u;
  let a7At = (params.aOffset + row7 * params.aStride) / 4u;
  let a8At = (params.aOffset + row8 * params.aStride) / 4u;
  let a9At = (params.aOffset + row9 * params.aStride) / 4u;
  let a10At = (params.aOffset + row10 * params.aStride) / 4u;
  let a11At = (params.aOffset + row11 * params.aStride) / 4u;
  let a12At = (params.aOffset + row12 * params.aStride) / 4u;
  let a13At = (params.aOffset + row13 * params.aStride) / 4u;
  let a14At = (params.aOffset + row14 * params.aStride) / 4u;
  let a15At = (params.aOffset + row15 * params.aStride) / 4u;
  var acc0_0 = 0.0;
  var acc0_1 = 0.0;
  var acc0_2 = 0.0;
  var acc0_3 = 0.0;
  var acc0_4 = 0.0;
  var acc0_5 = 0.0;
  var acc0_6 = 0.0;
  var acc0_7 = 0.0;
  var acc1_0 = 0.0;
  var acc1_1 = 0.0;
  var acc1_2 = 0.0;
  var acc1_3 = 0.0;
  var acc1_4 = 0.0;
  var acc1_5 = 0.0;
  var acc1_6 = 0.0;
  var acc1_7 = 0.0;
  var acc2_0 = 0.0;
  var acc2_1 = 0.0;
  var acc2_2 = 0.0;
  var acc2_3 = 0.0;
  var acc2_4 = 0.0;
  var acc2_5 = 0.0;
  var acc2_6 = 0.0;
  var acc2_7 = 0.0;
  var acc3_0 = 0.0;
  var acc3_1 = 0.0;
  var acc3_2 = 0.0;
  var acc3_3 = 0.0;
  var acc3_4 = 0.0;
  var acc3_5 = 0.0;
  var acc3_6 = 0.0;
  var acc3_7 = 0.0;
  var acc4_0 = 0.0;
  var acc4_1 = 0.0;
  var acc4_2 = 0.0;
  var acc4_3 = 0.0;
  var acc4_4 = 0.0;
  var acc4_5 = 0.0;
  var acc4_6 = 0.0;
  var acc4_7 = 0.0;
  var acc5_0 = 0.0;
  var acc5_1 = 0.0;
  var acc5_2 = 0.0;
  var acc5_3 = 0.0;
  var acc5_4 = 0.0;
  var acc5_5 = 0.0;
  var acc5_6 = 0.0;
  var acc5_7 = 0.0;
  var acc6_0 = 0.0;
  var acc6_1 = 0.0;
  var acc6_2 = 0.0;
  var acc6_3 = 0.0;
  var acc6_4 = 0.0;
  var acc6_5 = 0.0;
  var acc6_6 = 0.0;
  var acc6_7 = 0.0;
  var acc7_0 = 0.0;
  var acc7_1 = 0.0;
  var acc7_2 = 0.0;
  var acc7_3 = 0.0;
  var acc7_4 = 0.0;
  var acc7_5 = 0.0;
  var acc7_6 = 0.0;
  var acc7_7 = 0.0;
  var acc8_0 = 0.0;
  var acc8_1 = 0.0;
  var acc8_2 = 0.0;
  var acc8_3 = 0.0;
  var acc8_4 = 0.0;
  var acc8_5 = 0.0;
  var acc8_6 = 0.0;
  var acc8_7 = 0.0;
  var acc9_0 = 0.0;
  var acc9_1 = 0.0;
  var acc9_2 = 0.0;
  var acc9_3 = 0.0;
  var acc9_4 = 0.0;
  var acc9_5 = 0.0;
  var acc9_6 = 0.0;
  var acc9_7 = 0.0;
  var acc10_0 = 0.0;
  var acc10_1 = 0.0;
  var acc10_2 = 0.0;
  var acc10_3 = 0.0;
  var acc10_4 = 0.0;
  var acc10_5 = 0.0;
  var acc10_6 = 0.0;
  var acc10_7 = 0.0;
  var acc11_0 = 0.0;
  var acc11_1 = 0.0;
  var acc11_2 = 0.0;
  var acc11_3 = 0.0;
  var acc11_4 = 0.0;
  var acc11_5 = 0.0;
  var acc11_6 = 0.0;
  var acc11_7 = 0.0;
  var acc12_0 = 0.0;
  var acc12_1 = 0.0;
  var acc12_2 = 0.0;
  var acc12_3 = 0.0;
  var acc12_4 = 0.0;
  var acc12_5 = 0.0;
  var acc12_6 = 0.0;
  var acc12_7 = 0.0;
  var acc13_0 = 0.0;
  var acc13_1 = 0.0;
  var acc13_2 = 0.0;
  var acc13_3 = 0.0;
  var acc13_4 = 0.0;
  var acc13_5 = 0.0;
  var acc13_6 = 0.0;
  var acc13_7 = 0.0;
  var acc14_0 = 0.0;
  var acc14_1 = 0.0;
  var acc14_2 = 0.0;
  var acc14_3 = 0.0;
  var acc14_4 = 0.0;
  var acc14_5 = 0.0;
  var acc14_6 = 0.0;
  var acc14_7 = 0.0;
  var acc15_0 = 0.0;
  var acc15_1 = 0.0;
  var acc15_2 = 0.0;
  var acc15_3 = 0.0;
  var acc15_4 = 0.0;
  var acc15_5 = 0.0;
  var acc15_6 = 0.0;
  var acc15_7 = 0.0;
  for (var k = 0u; k < params.k / 4u; k++) {
    let b0 = loadB(b0At + k);
    let b1 = loadB(b1At + k);
    let b2 = loadB(b2At + k);
    let b3 = loadB(b3At + k);
    let b4 = loadB(b4At + k);
    let b5 = loadB(b5At + k);
    let b6 = loadB(b6At + k);
    let b7 = loadB(b7At + k);
    let a0 = a[a0At + k];
    acc0_0 = fma(a0.w, b0.w, fma(a0.z, b0.z, fma(a0.y, b0.y, fma(a0.x, b0.x, acc0_0))));
    acc0_1 = fma(a0.w, b1.w, fma(a0.z, b1.z, fma(a0.y, b1.y, fma(a0.x, b1.x, acc0_1))));
    acc0_2 = fma(a0.w, b2.w, fma(a0.z, b2.z, fma(a0.y, b2.y, fma(a0.x, b2.x, acc0_2))));
    acc0_3 = fma(a0.w, b3.w, fma(a0.z, b3.z, fma(a0.y, b3.y, fma(a0.x, b3.x, acc0_3))));
    acc0_4 = fma(a0.w, b4.w, fma(a0.z, b4.z, fma(a0.y, b4.y, fma(a0.x, b4.x, acc0_4))));
    acc0_5 = fma(a0.w, b5.w, fma(a0.z, b5.z, fma(a0.y, b5.y, fma(a0.x, b5.x, acc0_5))));
    acc0_6 = fma(a0.w, b6.w, fma(a0.z, b6.z, fma(a0.y, b6.y, fma(a0.x, b6.x, acc0_6))));
    acc0_7 = fma(a0.w, b7.w, fma(a0.z, b7.z, fma(a0.y, b7.y, fma(a0.x, b7.x, acc0_7))));
    let a1 = a[a1At + k];
    acc1_0 = fma(a1.w, b0.w, fma(a1.z, b0.z, fma(a1.y, b0.y, fma(a1.x, b0.x, acc1_0))));
    acc1_1 = fma(a1.w, b1.w, fma(a1.z, b1.z, fma(a1.y, b1.y, fma(a1.x, b1.x, acc1_1))));
    acc1_2 = fma(a1.w, b2.w, fma(a1.z, b2.z, fma(a1.y, b2.y, fma(a1.x, b2.x, acc1_2))));
    acc1_3 = fma(a1.w, b3.w, fma(a1.z, b3.z, fma(a1.y, b3.y, fma(a1.x, b3.x, acc1_3))));
    acc1_4 = fma(a1.w, b4.w, fma(a1.z, b4.z, fma(a1.y, b4.y, fma(a1.x, b4.x, acc1_4))));
    acc1_5 = fma(a1.w, b5.w, fma(a1.z, b5.z, fma(a1.y, b5.y, fma(a1.x, b5.x, acc1_5))));
    acc1_6 = fma(a1.w, b6.w, fma(a1.z, b6.z, fma(a1.y, b6.y, fma(a1.x, b6.x, acc1_6))));
    acc1_7 = fma(a1.w, b7.w, fma(a1.z, b7.z, fma(a1.y, b7.y, fma(a1.x, b7.x, acc1_7))));
    let a2 = a[a2At + k];
    acc2_0 = fma(a2.w, b0.w, fma(a2.z, b0.z, fma(a2.y, b0.y, fma(a2.x, b0.x, acc2_0))));
    acc2_1 = fma(a2.w, b1.w, fma(a2.z, b1.z, fma(a2.y, b1.y, fma(a2.x, b1.x, acc2_1))));
    acc2_2 = fma(a2.w, b2.w, fma(a2.z, b2.z, fma(a2.y, b2.y, fma(a2.x, b2.x, acc2_2))));
    acc2_3 = fma(a2.w, b3.w, fma(a2.z, b3.z, fma(a2.y, b3.y, fma(a2.x, b3.x, acc2_3))));
    acc2_4 = fma(a2.w, b4.w, fma(a2.z, b4.z, fma(a2.y, b4.y, fma(a2.x, b4.x, acc2_4))));
    acc2_5 = fma(a2.w, b5.w, fma(a2.z, b5.z, fma(a2.y, b5.y, fma(a2.x, b5.x, acc2_5))));
    acc2_6 = fma(a2.w, b6.w, fma(a2.z, b6.z, fma(a2.y, b6.y, fma(a2.x, b6.x, acc2_6))));
    acc2_7 = fma(a2.w, b7.w, fma(a2.z, b7.z, fma(a2.y, b7.y, fma(a2.x, b7.x, acc2_7))));
    let a3 = a[a3At + k];
    acc3_0 = fma(a3.w, b0.w, fma(a3.z, b0.z, fma(a3.y, b0.y, fma(a3.x, b0.x, acc3_0))));
    acc3_1 = fma(a3.w, b1.w, fma(a3.z, b1.z, fma(a3.y, b1.y, fma(a3.x, b1.x, acc3_1))));
    acc3_2 = fma(a3.w, b2.w, fma(a3.z, b2.z, fma(a3.y, b2.y, fma(a3.x, b2.x, acc3_2))));
    acc3_3 = fma(a3.w, b3.w, fma(a3.z, b3.z, fma(a3.y, b3.y, fma(a3.x, b3.x, acc3_3))));
    acc3_4 = fma(a3.w, b4.w, fma(a3.z, b4.z, fma(a3.y, b4.y, fma(a3.x, b4.x, acc3_4))));
    acc3_5 = fma(a3.w, b5.w, fma(a3.z, b5.z, fma(a3.y, b5.y, fma(a3.x, b5.x, acc3_5))));
    acc3_6 = fma(a3.w, b6.w, fma(a3.z, b6.z, fma(a3.y, b6.y, fma(a3.x, b6.x, acc3_6))));
    acc3_7 = fma(a3.w, b7.w, fma(a3.z, b7.z, fma(a3.y, b7.y, fma(a3.x, b7.x, acc3_7))));
    let a4 = a[a4At + k];
    acc4_0 = fma(a4.w, b0.w, fma(a4.z, b0.z, fma(a4.y, b0.y, fma(a4.x, b0.x, acc4_0))));
    acc4_1 = fma(a4.w, b1.w, fma(a4.z, b1.z, fma(a4.y, b1.y, fma(a4.x, b1.x, acc4_1))));
    acc4_2 = fma(a4.w, b2.w, fma(a4.z, b2.z, fma(a4.y, b2.y, fma(a4.x, b2.x, acc4_2))));
    acc4_3 = fma(a4.w, b3.w, fma(a4.z, b3.z, fma(a4.y, b3.y, fma(a4.x, b3.x, acc4_3))));
    acc4_4 = fma(a4.w, b4.w, fma(a4.z, b4.z, fma(a4.y, b4.y, fma(a4.x, b4.x, acc4_4))));
    acc4_5 = fma(a4.w, b5.w, fma(a4.z, b5.z, fma(a4.y, b5.y, fma(a4.x, b5.x, acc4_5))));
    acc4_6 = fma(a4.w, b6.w, fma(a4.z, b6.z, fma(a4.y, b6.y, fma(a4.x, b6.x, acc4_6))));
    acc4_7 = fma(a4.w, b7.w, fma(a4.z, b7.z, fma(a4.y, b7.y, fma(a4.x, b7.x, acc4_7))));
    let a5 = a[a5At + k];
    acc5_0 = fma(a5.w, b0.w, fma(a5.z, b0.z, fma(a5.y, b0.y, fma(a5.x, b0.x, acc5_0))));
    acc5_1 = fma(a5.w, b1.w, fma(a5.z, b1.z, fma(a5.y, b1.y, fma(a5.x, b1.x, acc5_1))));
    acc5_2 = fma(a5.w, b2.w, fma(a5.z, b2.z, fma(a5.y, b2.y, fma(a5.x, b2.x, acc5_2))));
    acc5_3 = fma(a5.w, b3.w, fma(a5.z, b3.z, fma(a5.y, b3.y, fma(a5.x, b3.x, acc5_3))));
    acc5_4 = fma(a5.w, b4.w, fma(a5.z, b4.z, fma(a5.y, b4.y, fma(a5.x, b4.x, acc5_4))));
    acc5_5 = fma(a5.w, b5.w, fma(a5.z, b5.z, fma(a5.y, b5.y, fma(a5.x, b5.x, acc5_5))));
    acc5_6 = fma(a5.w, b6.w, fma(a5.z, b6.z, fma(a5.y, b6.y, fma(a5.x, b6.x, acc5_6))));
    acc5_7 = fma(a5.w, b7.w, fma(a5.z, b7.z, fma(a5.y, b7.y, fma(a5.x, b7.x, acc5_7))));
    let a6 = a[a6At + k];
    acc6_0 = fma(a6.w, b0.w, fma(a6.z, b0.z, fma(a6.y, b0.y, fma(a6.x, b0.x, acc6_0))));
    acc6_1 = fma(a6.w, b1.w, fma(a6.z, b1.z, fma(a6.y, b1.y, fma(a6.x, b1.x, acc6_1))));
    acc6_2 = fma(a6.w, b2.w, fma(a6.z, b2.z, fma(a6.y, b2.y, fma(a6.x, b2.x, acc6_2))));
    acc6_3 = fma(a6.w, b3.w, fma(a6.z, b3.z, fma(a6.y, b3.y, fma(a6.x, b3.x, acc6_3))));
    acc6_4 = fma(a6.w, b4.w, fma(a6.z, b4.z, fma(a6.y, b4.y, fma(a6.x, b4.x, acc6_4))));
    acc6_5 = fma(a6.w, b5.w, fma(a6.z, b5.z, fma(a6.y, b5.y, fma(a6.x, b5.x, acc6_5))));
    acc6_6 = fma(a6.w, b6.w, fma(a6.z, b6.z, fma(a6.y, b6.y, fma(a6.x, b6.x, acc6_6))));
    acc6_7 = fma(a6.w, b7.w, fma(a6.z, b7.z, fma(a6.y, b7.y, fma(a6.x, b7.x, acc6_7))));
    let a7 = a[a7At + k];
    acc7_0 = fma(a7.w, b0.w, fma(a7.z, b0.z, fma(a7.y, b0.y, fma(a7.x, b0.x, acc7_0))));
    acc7_1 = fma(a7.w, b1.w, fma(a7.z, b1.z, fma(a7.y, b1.y, fma(a7.x, b1.x, acc7_1))));
    acc7_2 = fma(a7.w, b2.w, fma(a7.z, b2.z, fma(a7.y, b2.y, fma(a7.x, b2.x, acc7_2))));
    acc7_3 = fma(a7.w, b3.w, fma(a7.z, b3.z, fma(a7.y, b3.y, fma(a7.x, b3.x, acc7_3))));
    acc7_4 = fma(a7.w, b4.w, fma(a7.z, b4.z, fma(a7.y, b4.y, fma(a7.x, b4.x, acc7_4))));
    acc7_5 = fma(a7.w, b5.w, fma(a7.z, b5.z, fma(a7.y, b5.y, fma(a7.x, b5.x, acc7_5))));
    acc7_6 = fma(a7.w, b6.w, fma(a7.z, b6.z, fma(a7.y, b6.y, fma(a7.x, b6.x, acc7_6))));
    acc7_7 = fma(a7.w, b7.w, fma(a7.z, b7.z, fma(a7.y, b7.y, fma(a7.x, b7.x, acc7_7))));
    let a8 = a[a8At + k];
    acc8_0 = fma(a8.w, b0.w, fma(a8.z, b0.z, fma(a8.y, b0.y, fma(a8.x, b0.x, acc8_0))));
    acc8_1 = fma(a8.w, b1.w, fma(a8.z, b1.z, fma(a8.y, b1.y, fma(a8.x, b1.x, acc8_1))));
    acc8_2 = fma(a8.w, b2.w, fma(a8.z, b2.z, fma(a8.y, b2.y, fma(a8.x, b2.x, acc8_2))));
    acc8_3 = fma(a8.w, b3.w, fma(a8.z, b3.z, fma(a8.y, b3.y, fma(a8.x, b3.x, acc8_3))));
    acc8_4 = fma(a8.w, b4.w, fma(a8.z, b4.z, fma(a8.y, b4.y, fma(a8.x, b4.x, acc8_4))));
    acc8_5 = fma(a8.w, b5.w, fma(a8.z, b5.z, fma(a8.y, b5.y, fma(a8.x, b5.x, acc8_5))));
    acc8_6 = fma(a8.w, b6.w, fma(a8.z, b6.z, fma(a8.y, b6.y, fma(a8.x, b6.x, acc8_6))));
    acc8_7 = fma(a8.w, b7.w, fma(a8.z, b7.z, fma(a8.y, b7.y, fma(a8.x, b7.x, acc8_7))));
    let a9 = a[a9At + k];
    acc9_0 = fma(a9.w, b0.w, fma(a9.z, b0.z, fma(a9.y, b0.y, fma(a9.x, b0.x, acc9_0))));
    acc9_1 = fma(a9.w, b1.w, fma(a9.z, b1.z, fma(a9.y, b1.y, fma(a9.x, b1.x, acc9_1))));
    acc9_2 = fma(a9.w, b2.w, fma(a9.z, b2.z, fma(a9.y, b2.y, fma(a9.x, b2.x, acc9_2))));
    acc9_3 = fma(a9.w, b3.w, fma(a9.z, b3.z, fma(a9.y, b3.y, fma(a9.x, b3.x, acc9_3))));
    acc9_4 = fma(a9.w, b4.w, fma(a9.z, b4.z, fma(a9.y, b4.y, fma(a9.x, b4.x, acc9_4))));
    acc9_5 = fma(a9.w, b5.w, fma(a9.z, b5.z, fma(a9.y, b5.y, fma(a9.x, b5.x, acc9_5))));
    acc9_6 = fma(a9.w, b6.w, fma(a9.z, b6.z, fma(a9.y, b6.y, fma(a9.x, b6.x, acc9_6))));
    acc9_7 = fma(a9.w, b7.w, fma(a9.z, b7.z, fma(a9.y, b7.y, fma(a9.x, b7.x, acc9_7))));
    let a10 = a[a10At + k];
    acc10_0 = fma(a10.w, b0.w, fma(a10.z, b0.z, fma(a10.y, b0.y, fma(a10.x, b0.x, acc10_0))));
    acc10_1 = fma(a10.w, b1.w, fma(a10.z, b1.z, fma(a10.y, b1.y, fma(a10.x, b1.x, acc10_1))));
    acc10_2 = fma(a10.w, b2.w, fma(a10.z, b2.z, fma(a10.y, b2.y, fma(a10.x, b2.x, acc10_2))));
    acc10_3 = fma(a10.w, b3.w, fma(a10.z, b3.z, fma(a10.y, b3.y, fma(a10.x, b3.x, acc10_3))));
    acc10_4 = fma(a10.w, b4.w, fma(a10.z, b4.z, fma(a10.y, b4.y, fma(a10.x, b4.x, acc10_4))));
    acc10_5 = fma(a10.w, b5.w, fma(a10.z, b5.z, fma(a10.y, b5.y, fma(a10.x, b5.x, acc10_5))));
    acc10_6 = fma(a10.w, b6.w, fma(a10.z, b6.z, fma(a10.y, b6.y, fma(a10.x, b6.x, acc10_6))));
    acc10_7 = fma(a10.w, b7.w, fma(a10.z, b7.z, fma(a10.y, b7.y, fma(a10.x, b7.x, acc10_7))));
    let a11 = a[a11At + k];
    acc11_0 = fma(a11.w, b0.w, fma(a11.z, b0.z, fma(a11.y, b0.y, fma(a11.x, b0.x, acc11_0))));
    acc11_1 = fma(a11.w, b1.w, fma(a11.z, b1.z, fma(a11.y, b1.y, fma(a11.x, b1.x, acc11_1))));
    acc11_2 = fma(a11.w, b2.w, fma(a11.z, b2.z, fma(a11.y, b2.y, fma(a11.x, b2.x, acc11_2))));
    acc11_3 = fma(a11.w, b3.w, fma(a11.z, b3.z, fma(a11.y, b3.y, fma(a11.x, b3.x, acc11_3))));
    acc11_4 = fma(a11.w, b4.w, fma(a11.z, b4.z, fma(a11.y, b4.y, fma(a11.x, b4.x, acc11_4))));
    acc11_5 = fma(a11.w, b5.w, fma(a11.z, b5.z, fma(a11.y, b5.y, fma(a11.x, b5.x, acc11_5))));
    acc11_6 = fma(a11.w, b6.w, fma(a11.z, b6.z, fma(a11.y, b6.y, fma(a11.x, b6.x, acc11_6))));
    acc11_7 = fma(a11.w, b7.w, fma(a11.z, b7.z, fma(a11.y, b7.y, fma(a11.x, b7.x, acc11_7))));
    let a12 = a[a12At + k];
    acc12_0 = fma(a12.w, b0.w, fma(a12.z, b0.z, fma(a12.y, b0.y, fma(a12.x, b0.x, acc12_0))));
    acc12_1 = fma(a12.w, b1.w, fma(a12.z, b1.z, fma(a12.y, b1.y, fma(a12.x, b1.x, acc12_1))));
    acc12_2 = fma(a12.w, b2.w, fma(a12.z, b2.z, fma(a12.y, b2.y, fma(a12.x, b2.x, acc12_2))));
    acc12_3 = fma(a12.w, b3.w, fma(a12.z, b3.z, fma(a12.y, b3.y, fma(a12.x, b3.x, acc12_3))));
    acc12_4 = fma(a12.w, b4.w, fma(a12.z, b4.z, fma(a12.y, b4.y, fma(a12.x, b4.x, acc12_4))));
    acc12_5 = fma(a12.w, b5.w, fma(a12.z, b5.z, fma(a12.y, b5.y, fma(a12.x, b5.x, acc12_5))));
    acc12_6 = fma(a12.w, b6.w, fma(a12.z, b6.z, fma(a12.y, b6.y, fma(a12.x, b6.x, acc12_6))));
    acc12_7 = fma(a12.w, b7.w, fma(a12.z, b7.z, fma(a12.y, b7.y, fma(a12.x, b7.x, acc12_7))));
    let a13 = a[a13At + k];
    acc13_0 = fma(a13.w, b0.w, fma(a13.z, b0.z, fma(a13.y, b0.y, fma(a13.x, b0.x, acc13_0))));
    acc13_1 = fma(a13.w, b1.w, fma(a13.z, b1.z, fma(a13.y, b1.y, fma(a13.x, b1.x, acc13_1))));
    acc13_2 = fma(a13.w, b2.w, fma(a13.z, b2.z, fma(a13.y, b2.y, fma(a13.x, b2.x, acc13_2))));
    acc13_3 = fma(a13.w, b3.w, fma(a13.z, b3.z, fma(a13.y, b3.y, fma(a13.x, b3.x, acc13_3))));
    acc13_4 = fma(a13.w, b4.w, fma(a13.z, b4.z, fma(a13.y, b4.y, fma(a13.x, b4.x, acc13_4))));
    acc13_5 = fma(a13.w, b5.w, fma(a13.z, b5.z, fma(a13.y, b5.y, fma(a13.x, b5.x, acc13_5))));
    acc13_6 = fma(a13.w, b6.w, fma(a13.z, b6.z, fma(a13.y, b6.y, fma(a13.x, b6.x, acc13_6))));
    acc13_7 = fma(a13.w, b7.w, fma(a13.z, b7.z, fma(a13.y, b7.y, fma(a13.x, b7.x, acc13_7))));
    let a14 = a[a14At + k];
    acc14_0 = fma(a14.w, b0.w, fma(a14.z, b0.z, fma(a14.y, b0.y, fma(a14.x, b0.x, acc14_0))));
    acc14_1 = fma(a14.w, b1.w, fma(a14.z, b1.z, fma(a14.y, b1.y, fma(a14.x, b1.x, acc14_1))));
    acc14_2 = fma(a14.w, b2.w, fma(a14.z, b2.z, fma(a14.y, b2.y, fma(a14.x, b2.x, acc14_2))));
    acc14_3 = fma(a14.w, b3.w, fma(a14.z, b3.z, fma(a14.y, b3.y, fma(a14.x, b3.x, acc14_3))));
    acc14_4 = fma(a14.w, b4.w, fma(a14.z, b4.z, fma(a14.y, b4.y, fma(a14.x, b4.x, acc14_4))));
    acc14_5 = fma(a14.w, b5.w, fma(a14.z, b5.z, fma(a14.y, b5.y, fma(a14.x, b5.x, acc14_5))));
    acc14_6 = fma(a14.w, b6.w, fma(a14.z, b6.z, fma(a14.y, b6.y, fma(a14.x, b6.x, acc14_6))));
    acc14_7 = fma(a14.w, b7.w, fma(a14.z, b7.z, fma(a14.y, b7.y, fma(a14.x, b7.x, acc14_7))));
    let a15 = a[a15At + k];
    acc15_0 = fma(a15.w, b0.w, fma(a15.z, b0.z, fma(a15.y, b0.y, fma(a15.x, b0.x, acc15_0))));
    acc15_1 = fma(a15.w, b1.w, fma(a15.z, b1.z, fma(a15.y, b1.y, fma(a15.x, b1.x, acc15_1))));
    acc15_2 = fma(a15.w, b2.w, fma(a15.z, b2.z, fma(a15.y, b2.y, fma(a15.x, b2.x, acc15_2))));
    acc15_3 = fma(a15.w, b3.w, fma(a15.z, b3.z, fma(a15.y, b3.y, fma(a15.x, b3.x, acc15_3))));
    acc15_4 = fma(a15.w, b4.w, fma(a15.z, b4.z, fma(a15.y, b4.y, fma(a15.x, b4.x, acc15_4))));
    acc15_5 = fma(a15.w, b5.w, fma(a15.z, b5.z, fma(a15.y, b5.y, fma(a15.x, b5.x, acc15_5))));
    acc15_6 = fma(a15.w, b6.w, fma(a15.z, b6.z, fma(a15.y, b6.y, fma(a15.x, b6.x, acc15_6))));
    acc15_7 = fma(a15.w, b7.w, fma(a15.z, b7.z, fma(a15.y, b7.y, fma(a15.x, b7.x, acc15_7))));
  }
  // Rolled: unrolled stores with their guards take seconds to compile on software adapters.
  var results = array<vec4<f32>, 32>(
    vec4<f32>(acc0_0, acc0_1, acc0_2, acc0_3), vec4<f32>(acc0_4, acc0_5, acc0_6, acc0_7),
    vec4<f32>(acc1_0, acc1_1, acc1_2, acc1_3), vec4<f32>(acc1_4, acc1_5, acc1_6, acc1_7),
    vec4<f32>(acc2_0, acc2_1, acc2_2, acc2_3), vec4<f32>(acc2_4, acc2_5, acc2_6, acc2_7),
    vec4<f32>(acc3_0, acc3_1, acc3_2, acc3_3), vec4<f32>(acc3_4, acc3_5, acc3_6, acc3_7),
    vec4<f32>(acc4_0, acc4_1, acc4_2, acc4_3), vec4<f32>(acc4_4, acc4_5, acc4_6, acc4_7),
    vec4<f32>(acc5_0, acc5_1, acc5_2, acc5_3), vec4<f32>(acc5_4, acc5_5, acc5_6, acc5_7),
    vec4<f32>(acc6_0, acc6_1, acc6_2, acc6_3), vec4<f32>(acc6_4, acc6_5, acc6_6, acc6_7),
    vec4<f32>(acc7_0, acc7_1, acc7_2, acc7_3), vec4<f32>(acc7_4, acc7_5, acc7_6, acc7_7),
    vec4<f32>(acc8_0, acc8_1, acc8_2, acc8_3), vec4<f32>(acc8_4, acc8_5, acc8_6, acc8_7),
    vec4<f32>(acc9_0, acc9_1, acc9_2, acc9_3), vec4<f32>(acc9_4, acc9_5, acc9_6, acc9_7),
    vec4<f32>(acc10_0, acc10_1, acc10_2, acc10_3), vec4<f32>(acc10_4, acc10_5, acc10_6, acc10_7),
    vec4<f32>(acc11_0, acc11_1, acc11_2, acc11_3), vec4<f32>(acc11_4, acc11_5, acc11_6, acc11_7),
    vec4<f32>(acc12_0, acc12_1, acc12_2, acc12_3), vec4<f32>(acc12_4, acc12_5, acc12_6, acc12_7),
    vec4<f32>(acc13_0, acc13_1, acc13_2, acc13_3), vec4<f32>(acc13_4, acc13_5, acc13_6, acc13_7),
    vec4<f32>(acc14_0, acc14_1, acc14_2, acc14_3), vec4<f32>(acc14_4, acc14_5, acc14_6, acc14_7),
    vec4<f32>(acc15_0, acc15_1, acc15_2, acc15_3), vec4<f32>(acc15_4, acc15_5, acc15_6, acc15_7),
  );
  for (var r = 0u; r < min(16u, group.y - m0); r++) {
    for (var e = 0u; e < min(8u, params.n - n0); e++) {
      let at = params.cOffset + (m0 + r) * params.cStride + n0 + e;
      var value = results[r * 2u + e / 4u][e % 4u];
      if (params.useBias != 0u) { value += bias[biasOffset + n0 + e]; }
      if (params.accumulate != 0u) { value += c[at]; }
      c[at] = value;
    }
  }
}
