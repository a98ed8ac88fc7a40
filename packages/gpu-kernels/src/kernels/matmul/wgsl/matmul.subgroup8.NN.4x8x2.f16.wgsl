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
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<vec4<f32>>;

fn loadB(at: u32) -> vec4<f32> {
  let words = b[at];
  return vec4<f32>(unpack2x16float(words.x), unpack2x16float(words.y));
}

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let m0 = workgroup / params.workgroupsPerRow * 4u;
  let n0 = workgroup % params.workgroupsPerRow * 64u;
  if (m0 >= params.m) { return; }
  // Rows and columns past the end read those at the end, so that every lane stays active.
  let bStep = params.bStride / 4u;
  let b0At = (params.bOffset + min(n0 + lane * 4u, params.n - 4u)) / 4u;
  let b1At = (params.bOffset + min(n0 + (8u + lane) * 4u, params.n - 4u)) / 4u;
  var acc0_0 = vec4<f32>();
  var acc0_1 = vec4<f32>();
  var acc1_0 = vec4<f32>();
  var acc1_1 = vec4<f32>();
  var acc2_0 = vec4<f32>();
  var acc2_1 = vec4<f32>();
  var acc3_0 = vec4<f32>();
  var acc3_1 = vec4<f32>();
  let whole = params.k / 2u * 2u;
  let a0At = params.aOffset + min(m0 + lane % 4u, params.m - 1u) * params.aStride + lane / 4u;
  for (var k = 0u; k < whole; k += 2u) {
    let b0_0 = loadB(b0At + k * bStep);
    let b1_0 = loadB(b1At + k * bStep);
    let b0_1 = loadB(b0At + (k + 1u) * bStep);
    let b1_1 = loadB(b1At + (k + 1u) * bStep);
    let a0 = a[a0At + k];
    let s0_0 = subgroupShuffle(a0, 0u);
    let s0_1 = subgroupShuffle(a0, 4u);
    acc0_0 = fma(vec4<f32>(s0_1), b0_1, fma(vec4<f32>(s0_0), b0_0, acc0_0));
    acc0_1 = fma(vec4<f32>(s0_1), b1_1, fma(vec4<f32>(s0_0), b1_0, acc0_1));
    let s1_0 = subgroupShuffle(a0, 1u);
    let s1_1 = subgroupShuffle(a0, 5u);
    acc1_0 = fma(vec4<f32>(s1_1), b0_1, fma(vec4<f32>(s1_0), b0_0, acc1_0));
    acc1_1 = fma(vec4<f32>(s1_1), b1_1, fma(vec4<f32>(s1_0), b1_0, acc1_1));
    let s2_0 = subgroupShuffle(a0, 2u);
    let s2_1 = subgroupShuffle(a0, 6u);
    acc2_0 = fma(vec4<f32>(s2_1), b0_1, fma(vec4<f32>(s2_0), b0_0, acc2_0));
    acc2_1 = fma(vec4<f32>(s2_1), b1_1, fma(vec4<f32>(s2_0), b1_0, acc2_1));
    let s3_0 = subgroupShuffle(a0, 3u);
    let s3_1 = subgroupShuffle(a0, 7u);
    acc3_0 = fma(vec4<f32>(s3_1), b0_1, fma(vec4<f32>(s3_0), b0_0, acc3_0));
    acc3_1 = fma(vec4<f32>(s3_1), b1_1, fma(vec4<f32>(s3_0), b1_0, acc3_1));
  }
  if (whole < params.k) {
    let a0At = params.aOffset + min(m0 + min(lane, 3u) % 4u, params.m - 1u) * params.aStride + min(lane, 3u) / 4u;
    for (var k = whole; k < params.k; k += 1u) {
      let b0_0 = loadB(b0At + k * bStep);
      let b1_0 = loadB(b1At + k * bStep);
      let a0 = a[a0At + k];
      let s0_0 = subgroupShuffle(a0, 0u);
      acc0_0 = fma(vec4<f32>(s0_0), b0_0, acc0_0);
      acc0_1 = fma(vec4<f32>(s0_0), b1_0, acc0_1);
      let s1_0 = subgroupShuffle(a0, 1u);
      acc1_0 = fma(vec4<f32>(s1_0), b0_0, acc1_0);
      acc1_1 = fma(vec4<f32>(s1_0), b1_0, acc1_1);
      let s2_0 = subgroupShuffle(a0, 2u);
      acc2_0 = fma(vec4<f32>(s2_0), b0_0, acc2_0);
      acc2_1 = fma(vec4<f32>(s2_0), b1_0, acc2_1);
      let s3_0 = subgroupShuffle(a0, 3u);
      acc3_0 = fma(vec4<f32>(s3_0), b0_0, acc3_0);
      acc3_1 = fma(vec4<f32>(s3_0), b1_0, acc3_1);
    }
  }
  var results = array<vec4<f32>, 8>(
    acc0_0, acc0_1,
    acc1_0, acc1_1,
    acc2_0, acc2_1,
    acc3_0, acc3_1,
  );
  // Rolled, over rows whose first the compiler cannot know: unrolled stores take seconds to compile.
  for (var m = m0; m < min(m0 + 4u, params.m); m++) {
    for (var q = 0u; q < 2u; q++) {
      let n = n0 + (q * 8u + lane) * 4u;
      if (n < params.n) {
        let at = (params.cOffset + m * params.cStride + n) / 4u;
        var value = results[(m - m0) * 2u + q];
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
