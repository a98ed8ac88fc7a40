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
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<vec4<f32>>;

fn loadB(at: u32) -> vec4<f32> {
  return b[at];
}

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let m0 = workgroup / params.workgroupsPerRow * 16u;
  let n0 = workgroup % params.workgroupsPerRow * 32u;
  if (m0 >= params.m) { return; }
  // Rows and columns past the end read those at the end, so that every lane stays active.
  let bStep = params.bStride / 4u;
  let b0At = (params.bOffset + min(n0 + lane * 4u, params.n - 4u)) / 4u;
  let aStep = params.aStride / 4u;
  var acc0_0 = vec4<f32>();
  var acc1_0 = vec4<f32>();
  var acc2_0 = vec4<f32>();
  var acc3_0 = vec4<f32>();
  var acc4_0 = vec4<f32>();
  var acc5_0 = vec4<f32>();
  var acc6_0 = vec4<f32>();
  var acc7_0 = vec4<f32>();
  var acc8_0 = vec4<f32>();
  var acc9_0 = vec4<f32>();
  var acc10_0 = vec4<f32>();
  var acc11_0 = vec4<f32>();
  var acc12_0 = vec4<f32>();
  var acc13_0 = vec4<f32>();
  var acc14_0 = vec4<f32>();
  var acc15_0 = vec4<f32>();
  let whole = params.k / 2u * 2u;
  let a0At = (params.aOffset + lane / 4u * params.aStride + min(m0 + lane % 4u * 4u, params.m - 4u)) / 4u;
  for (var k = 0u; k < whole; k += 2u) {
    let b0_0 = loadB(b0At + k * bStep);
    let b0_1 = loadB(b0At + (k + 1u) * bStep);
    let a0 = a[a0At + k * aStep];
    let s0_0 = subgroupShuffle(a0.x, 0u);
    let s0_1 = subgroupShuffle(a0.x, 4u);
    acc0_0 = fma(vec4<f32>(s0_1), b0_1, fma(vec4<f32>(s0_0), b0_0, acc0_0));
    let s1_0 = subgroupShuffle(a0.y, 0u);
    let s1_1 = subgroupShuffle(a0.y, 4u);
    acc1_0 = fma(vec4<f32>(s1_1), b0_1, fma(vec4<f32>(s1_0), b0_0, acc1_0));
    let s2_0 = subgroupShuffle(a0.z, 0u);
    let s2_1 = subgroupShuffle(a0.z, 4u);
    acc2_0 = fma(vec4<f32>(s2_1), b0_1, fma(vec4<f32>(s2_0), b0_0, acc2_0));
    let s3_0 = subgroupShuffle(a0.w, 0u);
    let s3_1 = subgroupShuffle(a0.w, 4u);
    acc3_0 = fma(vec4<f32>(s3_1), b0_1, fma(vec4<f32>(s3_0), b0_0, acc3_0));
    let s4_0 = subgroupShuffle(a0.x, 1u);
    let s4_1 = subgroupShuffle(a0.x, 5u);
    acc4_0 = fma(vec4<f32>(s4_1), b0_1, fma(vec4<f32>(s4_0), b0_0, acc4_0));
    let s5_0 = subgroupShuffle(a0.y, 1u);
    let s5_1 = subgroupShuffle(a0.y, 5u);
    acc5_0 = fma(vec4<f32>(s5_1), b0_1, fma(vec4<f32>(s5_0), b0_0, acc5_0));
    let s6_0 = subgroupShuffle(a0.z, 1u);
    let s6_1 = subgroupShuffle(a0.z, 5u);
    acc6_0 = fma(vec4<f32>(s6_1), b0_1, fma(vec4<f32>(s6_0), b0_0, acc6_0));
    let s7_0 = subgroupShuffle(a0.w, 1u);
    let s7_1 = subgroupShuffle(a0.w, 5u);
    acc7_0 = fma(vec4<f32>(s7_1), b0_1, fma(vec4<f32>(s7_0), b0_0, acc7_0));
    let s8_0 = subgroupShuffle(a0.x, 2u);
    let s8_1 = subgroupShuffle(a0.x, 6u);
    acc8_0 = fma(vec4<f32>(s8_1), b0_1, fma(vec4<f32>(s8_0), b0_0, acc8_0));
    let s9_0 = subgroupShuffle(a0.y, 2u);
    let s9_1 = subgroupShuffle(a0.y, 6u);
    acc9_0 = fma(vec4<f32>(s9_1), b0_1, fma(vec4<f32>(s9_0), b0_0, acc9_0));
    let s10_0 = subgroupShuffle(a0.z, 2u);
    let s10_1 = subgroupShuffle(a0.z, 6u);
    acc10_0 = fma(vec4<f32>(s10_1), b0_1, fma(vec4<f32>(s10_0), b0_0, acc10_0));
    let s11_0 = subgroupShuffle(a0.w, 2u);
    let s11_1 = subgroupShuffle(a0.w, 6u);
    acc11_0 = fma(vec4<f32>(s11_1), b0_1, fma(vec4<f32>(s11_0), b0_0, acc11_0));
    let s12_0 = subgroupShuffle(a0.x, 3u);
    let s12_1 = subgroupShuffle(a0.x, 7u);
    acc12_0 = fma(vec4<f32>(s12_1), b0_1, fma(vec4<f32>(s12_0), b0_0, acc12_0));
    let s13_0 = subgroupShuffle(a0.y, 3u);
    let s13_1 = subgroupShuffle(a0.y, 7u);
    acc13_0 = fma(vec4<f32>(s13_1), b0_1, fma(vec4<f32>(s13_0), b0_0, acc13_0));
    let s14_0 = subgroupShuffle(a0.z, 3u);
    let s14_1 = subgroupShuffle(a0.z, 7u);
    acc14_0 = fma(vec4<f32>(s14_1), b0_1, fma(vec4<f32>(s14_0), b0_0, acc14_0));
    let s15_0 = subgroupShuffle(a0.w, 3u);
    let s15_1 = subgroupShuffle(a0.w, 7u);
    acc15_0 = fma(vec4<f32>(s15_1), b0_1, fma(vec4<f32>(s15_0), b0_0, acc15_0));
  }
  if (whole < params.k) {
    let a0At = (params.aOffset + min(lane, 3u) / 4u * params.aStride + min(m0 + min(lane, 3u) % 4u * 4u, params.m - 4u)) / 4u;
    for (var k = whole; k < params.k; k += 1u) {
      let b0_0 = loadB(b0At + k * bStep);
      let a0 = a[a0At + k * aStep];
      let s0_0 = subgroupShuffle(a0.x, 0u);
      acc0_0 = fma(vec4<f32>(s0_0), b0_0, acc0_0);
      let s1_0 = subgroupShuffle(a0.y, 0u);
      acc1_0 = fma(vec4<f32>(s1_0), b0_0, acc1_0);
      let s2_0 = subgroupShuffle(a0.z, 0u);
      acc2_0 = fma(vec4<f32>(s2_0), b0_0, acc2_0);
      let s3_0 = subgroupShuffle(a0.w, 0u);
      acc3_0 = fma(vec4<f32>(s3_0), b0_0, acc3_0);
      let s4_0 = subgroupShuffle(a0.x, 1u);
      acc4_0 = fma(vec4<f32>(s4_0), b0_0, acc4_0);
      let s5_0 = subgroupShuffle(a0.y, 1u);
      acc5_0 = fma(vec4<f32>(s5_0), b0_0, acc5_0);
      let s6_0 = subgroupShuffle(a0.z, 1u);
      acc6_0 = fma(vec4<f32>(s6_0), b0_0, acc6_0);
      let s7_0 = subgroupShuffle(a0.w, 1u);
      acc7_0 = fma(vec4<f32>(s7_0), b0_0, acc7_0);
      let s8_0 = subgroupShuffle(a0.x, 2u);
      acc8_0 = fma(vec4<f32>(s8_0), b0_0, acc8_0);
      let s9_0 = subgroupShuffle(a0.y, 2u);
      acc9_0 = fma(vec4<f32>(s9_0), b0_0, acc9_0);
      let s10_0 = subgroupShuffle(a0.z, 2u);
      acc10_0 = fma(vec4<f32>(s10_0), b0_0, acc10_0);
      let s11_0 = subgroupShuffle(a0.w, 2u);
      acc11_0 = fma(vec4<f32>(s11_0), b0_0, acc11_0);
      let s12_0 = subgroupShuffle(a0.x, 3u);
      acc12_0 = fma(vec4<f32>(s12_0), b0_0, acc12_0);
      let s13_0 = subgroupShuffle(a0.y, 3u);
      acc13_0 = fma(vec4<f32>(s13_0), b0_0, acc13_0);
      let s14_0 = subgroupShuffle(a0.z, 3u);
      acc14_0 = fma(vec4<f32>(s14_0), b0_0, acc14_0);
      let s15_0 = subgroupShuffle(a0.w, 3u);
      acc15_0 = fma(vec4<f32>(s15_0), b0_0, acc15_0);
    }
  }
  var results = array<vec4<f32>, 16>(
    acc0_0,
    acc1_0,
    acc2_0,
    acc3_0,
    acc4_0,
    acc5_0,
    acc6_0,
    acc7_0,
    acc8_0,
    acc9_0,
    acc10_0,
    acc11_0,
    acc12_0,
    acc13_0,
    acc14_0,
    acc15_0,
  );
  // Rolled, over rows whose first the compiler cannot know: unrolled stores take seconds to compile.
  for (var m = m0; m < min(m0 + 16u, params.m); m++) {
    for (var q = 0u; q < 1u; q++) {
      let n = n0 + (q * 8u + lane) * 4u;
      if (n < params.n) {
        let at = (params.cOffset + m * params.cStride + n) / 4u;
        var value = results[(m - m0) * 1u + q];
        if (params.useBias != 0u) {
          let first = params.biasOffset + n;
          value += vec4<f32>(bias[first], bias[first + 1u], bias[first + 2u], bias[first + 3u]);
        }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
}
