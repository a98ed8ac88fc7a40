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
@group(0) @binding(1) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> groups: array<vec4<u32>>;

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
  let index = workgroup / params.workgroupsPerRow;
  if (index >= params.groupCount) { return; }
  let group = groups[params.firstGroup + index];
  let bOffset = params.bOffset + group.z * params.groupStride;
  let biasOffset = params.biasOffset + group.z * params.n;
  let m0 = group.x;
  let n0 = workgroup % params.workgroupsPerRow * 32u;
  if (m0 >= group.y) { return; }
  // Rows and columns past the end read those at the end, so that every lane stays active.
  let column0At = (bOffset + min(n0 + lane * 4u, params.n - 1u) * params.bStride) / 4u;
  let column1At = (bOffset + min(n0 + lane * 4u + 1u, params.n - 1u) * params.bStride) / 4u;
  let column2At = (bOffset + min(n0 + lane * 4u + 2u, params.n - 1u) * params.bStride) / 4u;
  let column3At = (bOffset + min(n0 + lane * 4u + 3u, params.n - 1u) * params.bStride) / 4u;
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
  let a0At = (params.aOffset + min(m0 + lane, group.y - 1u) * params.aStride) / 4u;
  let a1At = (params.aOffset + min(m0 + (8u + lane), group.y - 1u) * params.aStride) / 4u;
  for (var k = 0u; k < params.k; k += 4u) {
    let column0 = loadB(column0At + k / 4u);
    let column1 = loadB(column1At + k / 4u);
    let column2 = loadB(column2At + k / 4u);
    let column3 = loadB(column3At + k / 4u);
    let b0_0 = vec4<f32>(column0.x, column1.x, column2.x, column3.x);
    let b0_1 = vec4<f32>(column0.y, column1.y, column2.y, column3.y);
    let b0_2 = vec4<f32>(column0.z, column1.z, column2.z, column3.z);
    let b0_3 = vec4<f32>(column0.w, column1.w, column2.w, column3.w);
    let a0 = a[a0At + k / 4u];
    let a1 = a[a1At + k / 4u];
    let s0_0 = subgroupShuffle(a0.x, 0u);
    let s0_1 = subgroupShuffle(a0.y, 0u);
    let s0_2 = subgroupShuffle(a0.z, 0u);
    let s0_3 = subgroupShuffle(a0.w, 0u);
    acc0_0 = fma(vec4<f32>(s0_3), b0_3, fma(vec4<f32>(s0_2), b0_2, fma(vec4<f32>(s0_1), b0_1, fma(vec4<f32>(s0_0), b0_0, acc0_0))));
    let s1_0 = subgroupShuffle(a0.x, 1u);
    let s1_1 = subgroupShuffle(a0.y, 1u);
    let s1_2 = subgroupShuffle(a0.z, 1u);
    let s1_3 = subgroupShuffle(a0.w, 1u);
    acc1_0 = fma(vec4<f32>(s1_3), b0_3, fma(vec4<f32>(s1_2), b0_2, fma(vec4<f32>(s1_1), b0_1, fma(vec4<f32>(s1_0), b0_0, acc1_0))));
    let s2_0 = subgroupShuffle(a0.x, 2u);
    let s2_1 = subgroupShuffle(a0.y, 2u);
    let s2_2 = subgroupShuffle(a0.z, 2u);
    let s2_3 = subgroupShuffle(a0.w, 2u);
    acc2_0 = fma(vec4<f32>(s2_3), b0_3, fma(vec4<f32>(s2_2), b0_2, fma(vec4<f32>(s2_1), b0_1, fma(vec4<f32>(s2_0), b0_0, acc2_0))));
    let s3_0 = subgroupShuffle(a0.x, 3u);
    let s3_1 = subgroupShuffle(a0.y, 3u);
    let s3_2 = subgroupShuffle(a0.z, 3u);
    let s3_3 = subgroupShuffle(a0.w, 3u);
    acc3_0 = fma(vec4<f32>(s3_3), b0_3, fma(vec4<f32>(s3_2), b0_2, fma(vec4<f32>(s3_1), b0_1, fma(vec4<f32>(s3_0), b0_0, acc3_0))));
    let s4_0 = subgroupShuffle(a0.x, 4u);
    let s4_1 = subgroupShuffle(a0.y, 4u);
    let s4_2 = subgroupShuffle(a0.z, 4u);
    let s4_3 = subgroupShuffle(a0.w, 4u);
    acc4_0 = fma(vec4<f32>(s4_3), b0_3, fma(vec4<f32>(s4_2), b0_2, fma(vec4<f32>(s4_1), b0_1, fma(vec4<f32>(s4_0), b0_0, acc4_0))));
    let s5_0 = subgroupShuffle(a0.x, 5u);
    let s5_1 = subgroupShuffle(a0.y, 5u);
    let s5_2 = subgroupShuffle(a0.z, 5u);
    let s5_3 = subgroupShuffle(a0.w, 5u);
    acc5_0 = fma(vec4<f32>(s5_3), b0_3, fma(vec4<f32>(s5_2), b0_2, fma(vec4<f32>(s5_1), b0_1, fma(vec4<f32>(s5_0), b0_0, acc5_0))));
    let s6_0 = subgroupShuffle(a0.x, 6u);
    let s6_1 = subgroupShuffle(a0.y, 6u);
    let s6_2 = subgroupShuffle(a0.z, 6u);
    let s6_3 = subgroupShuffle(a0.w, 6u);
    acc6_0 = fma(vec4<f32>(s6_3), b0_3, fma(vec4<f32>(s6_2), b0_2, fma(vec4<f32>(s6_1), b0_1, fma(vec4<f32>(s6_0), b0_0, acc6_0))));
    let s7_0 = subgroupShuffle(a0.x, 7u);
    let s7_1 = subgroupShuffle(a0.y, 7u);
    let s7_2 = subgroupShuffle(a0.z, 7u);
    let s7_3 = subgroupShuffle(a0.w, 7u);
    acc7_0 = fma(vec4<f32>(s7_3), b0_3, fma(vec4<f32>(s7_2), b0_2, fma(vec4<f32>(s7_1), b0_1, fma(vec4<f32>(s7_0), b0_0, acc7_0))));
    let s8_0 = subgroupShuffle(a1.x, 0u);
    let s8_1 = subgroupShuffle(a1.y, 0u);
    let s8_2 = subgroupShuffle(a1.z, 0u);
    let s8_3 = subgroupShuffle(a1.w, 0u);
    acc8_0 = fma(vec4<f32>(s8_3), b0_3, fma(vec4<f32>(s8_2), b0_2, fma(vec4<f32>(s8_1), b0_1, fma(vec4<f32>(s8_0), b0_0, acc8_0))));
    let s9_0 = subgroupShuffle(a1.x, 1u);
    let s9_1 = subgroupShuffle(a1.y, 1u);
    let s9_2 = subgroupShuffle(a1.z, 1u);
    let s9_3 = subgroupShuffle(a1.w, 1u);
    acc9_0 = fma(vec4<f32>(s9_3), b0_3, fma(vec4<f32>(s9_2), b0_2, fma(vec4<f32>(s9_1), b0_1, fma(vec4<f32>(s9_0), b0_0, acc9_0))));
    let s10_0 = subgroupShuffle(a1.x, 2u);
    let s10_1 = subgroupShuffle(a1.y, 2u);
    let s10_2 = subgroupShuffle(a1.z, 2u);
    let s10_3 = subgroupShuffle(a1.w, 2u);
    acc10_0 = fma(vec4<f32>(s10_3), b0_3, fma(vec4<f32>(s10_2), b0_2, fma(vec4<f32>(s10_1), b0_1, fma(vec4<f32>(s10_0), b0_0, acc10_0))));
    let s11_0 = subgroupShuffle(a1.x, 3u);
    let s11_1 = subgroupShuffle(a1.y, 3u);
    let s11_2 = subgroupShuffle(a1.z, 3u);
    let s11_3 = subgroupShuffle(a1.w, 3u);
    acc11_0 = fma(vec4<f32>(s11_3), b0_3, fma(vec4<f32>(s11_2), b0_2, fma(vec4<f32>(s11_1), b0_1, fma(vec4<f32>(s11_0), b0_0, acc11_0))));
    let s12_0 = subgroupShuffle(a1.x, 4u);
    let s12_1 = subgroupShuffle(a1.y, 4u);
    let s12_2 = subgroupShuffle(a1.z, 4u);
    let s12_3 = subgroupShuffle(a1.w, 4u);
    acc12_0 = fma(vec4<f32>(s12_3), b0_3, fma(vec4<f32>(s12_2), b0_2, fma(vec4<f32>(s12_1), b0_1, fma(vec4<f32>(s12_0), b0_0, acc12_0))));
    let s13_0 = subgroupShuffle(a1.x, 5u);
    let s13_1 = subgroupShuffle(a1.y, 5u);
    let s13_2 = subgroupShuffle(a1.z, 5u);
    let s13_3 = subgroupShuffle(a1.w, 5u);
    acc13_0 = fma(vec4<f32>(s13_3), b0_3, fma(vec4<f32>(s13_2), b0_2, fma(vec4<f32>(s13_1), b0_1, fma(vec4<f32>(s13_0), b0_0, acc13_0))));
    let s14_0 = subgroupShuffle(a1.x, 6u);
    let s14_1 = subgroupShuffle(a1.y, 6u);
    let s14_2 = subgroupShuffle(a1.z, 6u);
    let s14_3 = subgroupShuffle(a1.w, 6u);
    acc14_0 = fma(vec4<f32>(s14_3), b0_3, fma(vec4<f32>(s14_2), b0_2, fma(vec4<f32>(s14_1), b0_1, fma(vec4<f32>(s14_0), b0_0, acc14_0))));
    let s15_0 = subgroupShuffle(a1.x, 7u);
    let s15_1 = subgroupShuffle(a1.y, 7u);
    let s15_2 = subgroupShuffle(a1.z, 7u);
    let s15_3 = subgroupShuffle(a1.w, 7u);
    acc15_0 = fma(vec4<f32>(s15_3), b0_3, fma(vec4<f32>(s15_2), b0_2, fma(vec4<f32>(s15_1), b0_1, fma(vec4<f32>(s15_0), b0_0, acc15_0))));
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
  for (var m = m0; m < min(m0 + 16u, group.y); m++) {
    for (var q = 0u; q < 1u; q++) {
      let n = n0 + (q * 8u + lane) * 4u;
      if (n < params.n) {
        let at = (params.cOffset + m * params.cStride + n) / 4u;
        var value = results[(m - m0) * 1u + q];
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
