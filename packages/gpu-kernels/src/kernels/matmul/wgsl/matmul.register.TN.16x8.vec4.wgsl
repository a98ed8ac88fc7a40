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
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;

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
  let n0 = (workgroup % params.workgroupsPerRow * 4u + local.x) * 8u;
  let m0 = workgroup / params.workgroupsPerRow * 32u + local.y * 16u;
  if (m0 >= params.m || n0 >= params.n) { return; }
  let row0 = min(m0, params.m - 1u);
  let row1 = min(m0 + 1u, params.m - 1u);
  let row2 = min(m0 + 2u, params.m - 1u);
  let row3 = min(m0 + 3u, params.m - 1u);
  let row4 = min(m0 + 4u, params.m - 1u);
  let row5 = min(m0 + 5u, params.m - 1u);
  let row6 = min(m0 + 6u, params.m - 1u);
  let row7 = min(m0 + 7u, params.m - 1u);
  let row8 = min(m0 + 8u, params.m - 1u);
  let row9 = min(m0 + 9u, params.m - 1u);
  let row10 = min(m0 + 10u, params.m - 1u);
  let row11 = min(m0 + 11u, params.m - 1u);
  let row12 = min(m0 + 12u, params.m - 1u);
  let row13 = min(m0 + 13u, params.m - 1u);
  let row14 = min(m0 + 14u, params.m - 1u);
  let row15 = min(m0 + 15u, params.m - 1u);
  let column0 = (params.bOffset + min(n0, params.n - 4u)) / 4u;
  let column1 = (params.bOffset + min(n0 + 4u, params.n - 4u)) / 4u;
  let bStep = params.bStride / 4u;
  let a0At = params.aOffset + row0;
  let a1At = params.aOffset + row1;
  let a2At = params.aOffset + row2;
  let a3At = params.aOffset + row3;
  let a4At = params.aOffset + row4;
  let a5At = params.aOffset + row5;
  let a6At = params.aOffset + row6;
  let a7At = params.aOffset + row7;
  let a8At = params.aOffset + row8;
  let a9At = params.aOffset + row9;
  let a10At = params.aOffset + row10;
  let a11At = params.aOffset + row11;
  let a12At = params.aOffset + row12;
  let a13At = params.aOffset + row13;
  let a14At = params.aOffset + row14;
  let a15At = params.aOffset + row15;
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
  var acc8_0 = vec4<f32>();
  var acc8_1 = vec4<f32>();
  var acc9_0 = vec4<f32>();
  var acc9_1 = vec4<f32>();
  var acc10_0 = vec4<f32>();
  var acc10_1 = vec4<f32>();
  var acc11_0 = vec4<f32>();
  var acc11_1 = vec4<f32>();
  var acc12_0 = vec4<f32>();
  var acc12_1 = vec4<f32>();
  var acc13_0 = vec4<f32>();
  var acc13_1 = vec4<f32>();
  var acc14_0 = vec4<f32>();
  var acc14_1 = vec4<f32>();
  var acc15_0 = vec4<f32>();
  var acc15_1 = vec4<f32>();
  for (var k = 0u; k < params.k; k++) {
    let b0 = loadB(column0 + k * bStep);
    let b1 = loadB(column1 + k * bStep);
    let a0 = a[a0At + k * params.aStride];
    acc0_0 = fma(vec4<f32>(a0), b0, acc0_0);
    acc0_1 = fma(vec4<f32>(a0), b1, acc0_1);
    let a1 = a[a1At + k * params.aStride];
    acc1_0 = fma(vec4<f32>(a1), b0, acc1_0);
    acc1_1 = fma(vec4<f32>(a1), b1, acc1_1);
    let a2 = a[a2At + k * params.aStride];
    acc2_0 = fma(vec4<f32>(a2), b0, acc2_0);
    acc2_1 = fma(vec4<f32>(a2), b1, acc2_1);
    let a3 = a[a3At + k * params.aStride];
    acc3_0 = fma(vec4<f32>(a3), b0, acc3_0);
    acc3_1 = fma(vec4<f32>(a3), b1, acc3_1);
    let a4 = a[a4At + k * params.aStride];
    acc4_0 = fma(vec4<f32>(a4), b0, acc4_0);
    acc4_1 = fma(vec4<f32>(a4), b1, acc4_1);
    let a5 = a[a5At + k * params.aStride];
    acc5_0 = fma(vec4<f32>(a5), b0, acc5_0);
    acc5_1 = fma(vec4<f32>(a5), b1, acc5_1);
    let a6 = a[a6At + k * params.aStride];
    acc6_0 = fma(vec4<f32>(a6), b0, acc6_0);
    acc6_1 = fma(vec4<f32>(a6), b1, acc6_1);
    let a7 = a[a7At + k * params.aStride];
    acc7_0 = fma(vec4<f32>(a7), b0, acc7_0);
    acc7_1 = fma(vec4<f32>(a7), b1, acc7_1);
    let a8 = a[a8At + k * params.aStride];
    acc8_0 = fma(vec4<f32>(a8), b0, acc8_0);
    acc8_1 = fma(vec4<f32>(a8), b1, acc8_1);
    let a9 = a[a9At + k * params.aStride];
    acc9_0 = fma(vec4<f32>(a9), b0, acc9_0);
    acc9_1 = fma(vec4<f32>(a9), b1, acc9_1);
    let a10 = a[a10At + k * params.aStride];
    acc10_0 = fma(vec4<f32>(a10), b0, acc10_0);
    acc10_1 = fma(vec4<f32>(a10), b1, acc10_1);
    let a11 = a[a11At + k * params.aStride];
    acc11_0 = fma(vec4<f32>(a11), b0, acc11_0);
    acc11_1 = fma(vec4<f32>(a11), b1, acc11_1);
    let a12 = a[a12At + k * params.aStride];
    acc12_0 = fma(vec4<f32>(a12), b0, acc12_0);
    acc12_1 = fma(vec4<f32>(a12), b1, acc12_1);
    let a13 = a[a13At + k * params.aStride];
    acc13_0 = fma(vec4<f32>(a13), b0, acc13_0);
    acc13_1 = fma(vec4<f32>(a13), b1, acc13_1);
    let a14 = a[a14At + k * params.aStride];
    acc14_0 = fma(vec4<f32>(a14), b0, acc14_0);
    acc14_1 = fma(vec4<f32>(a14), b1, acc14_1);
    let a15 = a[a15At + k * params.aStride];
    acc15_0 = fma(vec4<f32>(a15), b0, acc15_0);
    acc15_1 = fma(vec4<f32>(a15), b1, acc15_1);
  }
  // Rolled: unrolled stores with their guards take seconds to compile on software adapters.
  var results = array<vec4<f32>, 32>(
    acc0_0, acc0_1,
    acc1_0, acc1_1,
    acc2_0, acc2_1,
    acc3_0, acc3_1,
    acc4_0, acc4_1,
    acc5_0, acc5_1,
    acc6_0, acc6_1,
    acc7_0, acc7_1,
    acc8_0, acc8_1,
    acc9_0, acc9_1,
    acc10_0, acc10_1,
    acc11_0, acc11_1,
    acc12_0, acc12_1,
    acc13_0, acc13_1,
    acc14_0, acc14_1,
    acc15_0, acc15_1,
  );
  for (var r = 0u; r < min(16u, params.m - m0); r++) {
    for (var e = 0u; e < min(8u, params.n - n0); e++) {
      let at = params.cOffset + (m0 + r) * params.cStride + n0 + e;
      var value = results[r * 2u + e / 4u][e % 4u];
      if (params.useBias != 0u) { value += bias[params.biasOffset + n0 + e]; }
      if (params.accumulate != 0u) { value += c[at]; }
      c[at] = value;
    }
  }
}
