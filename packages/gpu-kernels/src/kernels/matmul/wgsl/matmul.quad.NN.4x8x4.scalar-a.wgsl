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
@group(0) @binding(2) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<vec4<f32>>;

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
  let m0 = workgroup / params.workgroupsPerRow * 4u;
  let n0 = workgroup % params.workgroupsPerRow * 32u;
  if (m0 >= params.m) { return; }
  // Rows and columns past the end are those at the end, so that every lane stays active.
  let run0 = min(n0 + lane * 4u, params.n - 4u);
  let run1 = min(n0 + (4u + lane) * 4u, params.n - 4u);
  let aFirst = params.aOffset;
  let aStep = params.aStride;
  let a0At = aFirst + min(m0 + lane, params.m - 1u) * aStep;
  let bStep = params.bStride >> 2u;
  let b0At = (params.bOffset + run0) >> 2u;
  let b1At = (params.bOffset + run1) >> 2u;
  var sum0_0_0 = 0.0;
  var sum0_0_1 = 0.0;
  var sum0_0_2 = 0.0;
  var sum0_0_3 = 0.0;
  var sum0_0_4 = 0.0;
  var sum0_0_5 = 0.0;
  var sum0_0_6 = 0.0;
  var sum0_0_7 = 0.0;
  var sum0_1_0 = 0.0;
  var sum0_1_1 = 0.0;
  var sum0_1_2 = 0.0;
  var sum0_1_3 = 0.0;
  var sum0_1_4 = 0.0;
  var sum0_1_5 = 0.0;
  var sum0_1_6 = 0.0;
  var sum0_1_7 = 0.0;
  var sum0_2_0 = 0.0;
  var sum0_2_1 = 0.0;
  var sum0_2_2 = 0.0;
  var sum0_2_3 = 0.0;
  var sum0_2_4 = 0.0;
  var sum0_2_5 = 0.0;
  var sum0_2_6 = 0.0;
  var sum0_2_7 = 0.0;
  var sum0_3_0 = 0.0;
  var sum0_3_1 = 0.0;
  var sum0_3_2 = 0.0;
  var sum0_3_3 = 0.0;
  var sum0_3_4 = 0.0;
  var sum0_3_5 = 0.0;
  var sum0_3_6 = 0.0;
  var sum0_3_7 = 0.0;
  let lastK = max(params.k, 1u) - 1u;
  let turns = (params.k + 3u) >> 2u;
  for (var turn = 0u; turn < turns; turn++) {
    let k = turn * 4u;
    let step0 = min(k, lastK);
    let there0 = k < params.k;
    let step1 = min(k + 1u, lastK);
    let there1 = k + 1u < params.k;
    let step2 = min(k + 2u, lastK);
    let there2 = k + 2u < params.k;
    let step3 = min(k + 3u, lastK);
    let there3 = k + 3u < params.k;
    let b0_0 = select(vec4<f32>(), loadB(b0At + step0 * bStep), there0);
    let b0_1 = select(vec4<f32>(), loadB(b0At + step1 * bStep), there1);
    let b0_2 = select(vec4<f32>(), loadB(b0At + step2 * bStep), there2);
    let b0_3 = select(vec4<f32>(), loadB(b0At + step3 * bStep), there3);
    let b1_0 = select(vec4<f32>(), loadB(b1At + step0 * bStep), there0);
    let b1_1 = select(vec4<f32>(), loadB(b1At + step1 * bStep), there1);
    let b1_2 = select(vec4<f32>(), loadB(b1At + step2 * bStep), there2);
    let b1_3 = select(vec4<f32>(), loadB(b1At + step3 * bStep), there3);
    let a0_0 = select(f32(), a[a0At + step0], there0);
    let a0_1 = select(f32(), a[a0At + step1], there1);
    let a0_2 = select(f32(), a[a0At + step2], there2);
    let a0_3 = select(f32(), a[a0At + step3], there3);
    sum0_0_0 = fma(a0_3, b0_3.x, fma(a0_2, b0_2.x, fma(a0_1, b0_1.x, fma(a0_0, b0_0.x, sum0_0_0))));
    sum0_0_1 = fma(a0_3, b0_3.y, fma(a0_2, b0_2.y, fma(a0_1, b0_1.y, fma(a0_0, b0_0.y, sum0_0_1))));
    sum0_0_2 = fma(a0_3, b0_3.z, fma(a0_2, b0_2.z, fma(a0_1, b0_1.z, fma(a0_0, b0_0.z, sum0_0_2))));
    sum0_0_3 = fma(a0_3, b0_3.w, fma(a0_2, b0_2.w, fma(a0_1, b0_1.w, fma(a0_0, b0_0.w, sum0_0_3))));
    sum0_0_4 = fma(a0_3, b1_3.x, fma(a0_2, b1_2.x, fma(a0_1, b1_1.x, fma(a0_0, b1_0.x, sum0_0_4))));
    sum0_0_5 = fma(a0_3, b1_3.y, fma(a0_2, b1_2.y, fma(a0_1, b1_1.y, fma(a0_0, b1_0.y, sum0_0_5))));
    sum0_0_6 = fma(a0_3, b1_3.z, fma(a0_2, b1_2.z, fma(a0_1, b1_1.z, fma(a0_0, b1_0.z, sum0_0_6))));
    sum0_0_7 = fma(a0_3, b1_3.w, fma(a0_2, b1_2.w, fma(a0_1, b1_1.w, fma(a0_0, b1_0.w, sum0_0_7))));
    let a0_1_0 = quadSwapX(a0_0);
    let a0_1_1 = quadSwapX(a0_1);
    let a0_1_2 = quadSwapX(a0_2);
    let a0_1_3 = quadSwapX(a0_3);
    sum0_1_0 = fma(a0_1_3, b0_3.x, fma(a0_1_2, b0_2.x, fma(a0_1_1, b0_1.x, fma(a0_1_0, b0_0.x, sum0_1_0))));
    sum0_1_1 = fma(a0_1_3, b0_3.y, fma(a0_1_2, b0_2.y, fma(a0_1_1, b0_1.y, fma(a0_1_0, b0_0.y, sum0_1_1))));
    sum0_1_2 = fma(a0_1_3, b0_3.z, fma(a0_1_2, b0_2.z, fma(a0_1_1, b0_1.z, fma(a0_1_0, b0_0.z, sum0_1_2))));
    sum0_1_3 = fma(a0_1_3, b0_3.w, fma(a0_1_2, b0_2.w, fma(a0_1_1, b0_1.w, fma(a0_1_0, b0_0.w, sum0_1_3))));
    sum0_1_4 = fma(a0_1_3, b1_3.x, fma(a0_1_2, b1_2.x, fma(a0_1_1, b1_1.x, fma(a0_1_0, b1_0.x, sum0_1_4))));
    sum0_1_5 = fma(a0_1_3, b1_3.y, fma(a0_1_2, b1_2.y, fma(a0_1_1, b1_1.y, fma(a0_1_0, b1_0.y, sum0_1_5))));
    sum0_1_6 = fma(a0_1_3, b1_3.z, fma(a0_1_2, b1_2.z, fma(a0_1_1, b1_1.z, fma(a0_1_0, b1_0.z, sum0_1_6))));
    sum0_1_7 = fma(a0_1_3, b1_3.w, fma(a0_1_2, b1_2.w, fma(a0_1_1, b1_1.w, fma(a0_1_0, b1_0.w, sum0_1_7))));
    let a0_2_0 = quadSwapY(a0_0);
    let a0_2_1 = quadSwapY(a0_1);
    let a0_2_2 = quadSwapY(a0_2);
    let a0_2_3 = quadSwapY(a0_3);
    sum0_2_0 = fma(a0_2_3, b0_3.x, fma(a0_2_2, b0_2.x, fma(a0_2_1, b0_1.x, fma(a0_2_0, b0_0.x, sum0_2_0))));
    sum0_2_1 = fma(a0_2_3, b0_3.y, fma(a0_2_2, b0_2.y, fma(a0_2_1, b0_1.y, fma(a0_2_0, b0_0.y, sum0_2_1))));
    sum0_2_2 = fma(a0_2_3, b0_3.z, fma(a0_2_2, b0_2.z, fma(a0_2_1, b0_1.z, fma(a0_2_0, b0_0.z, sum0_2_2))));
    sum0_2_3 = fma(a0_2_3, b0_3.w, fma(a0_2_2, b0_2.w, fma(a0_2_1, b0_1.w, fma(a0_2_0, b0_0.w, sum0_2_3))));
    sum0_2_4 = fma(a0_2_3, b1_3.x, fma(a0_2_2, b1_2.x, fma(a0_2_1, b1_1.x, fma(a0_2_0, b1_0.x, sum0_2_4))));
    sum0_2_5 = fma(a0_2_3, b1_3.y, fma(a0_2_2, b1_2.y, fma(a0_2_1, b1_1.y, fma(a0_2_0, b1_0.y, sum0_2_5))));
    sum0_2_6 = fma(a0_2_3, b1_3.z, fma(a0_2_2, b1_2.z, fma(a0_2_1, b1_1.z, fma(a0_2_0, b1_0.z, sum0_2_6))));
    sum0_2_7 = fma(a0_2_3, b1_3.w, fma(a0_2_2, b1_2.w, fma(a0_2_1, b1_1.w, fma(a0_2_0, b1_0.w, sum0_2_7))));
    let a0_3_0 = quadSwapDiagonal(a0_0);
    let a0_3_1 = quadSwapDiagonal(a0_1);
    let a0_3_2 = quadSwapDiagonal(a0_2);
    let a0_3_3 = quadSwapDiagonal(a0_3);
    sum0_3_0 = fma(a0_3_3, b0_3.x, fma(a0_3_2, b0_2.x, fma(a0_3_1, b0_1.x, fma(a0_3_0, b0_0.x, sum0_3_0))));
    sum0_3_1 = fma(a0_3_3, b0_3.y, fma(a0_3_2, b0_2.y, fma(a0_3_1, b0_1.y, fma(a0_3_0, b0_0.y, sum0_3_1))));
    sum0_3_2 = fma(a0_3_3, b0_3.z, fma(a0_3_2, b0_2.z, fma(a0_3_1, b0_1.z, fma(a0_3_0, b0_0.z, sum0_3_2))));
    sum0_3_3 = fma(a0_3_3, b0_3.w, fma(a0_3_2, b0_2.w, fma(a0_3_1, b0_1.w, fma(a0_3_0, b0_0.w, sum0_3_3))));
    sum0_3_4 = fma(a0_3_3, b1_3.x, fma(a0_3_2, b1_2.x, fma(a0_3_1, b1_1.x, fma(a0_3_0, b1_0.x, sum0_3_4))));
    sum0_3_5 = fma(a0_3_3, b1_3.y, fma(a0_3_2, b1_2.y, fma(a0_3_1, b1_1.y, fma(a0_3_0, b1_0.y, sum0_3_5))));
    sum0_3_6 = fma(a0_3_3, b1_3.z, fma(a0_3_2, b1_2.z, fma(a0_3_1, b1_1.z, fma(a0_3_0, b1_0.z, sum0_3_6))));
    sum0_3_7 = fma(a0_3_3, b1_3.w, fma(a0_3_2, b1_2.w, fma(a0_3_1, b1_1.w, fma(a0_3_0, b1_0.w, sum0_3_7))));
  }
  let cFirst = params.cOffset >> 2u;
  let cStep = params.cStride >> 2u;
  let at0_0 = cFirst + min(m0 + lane, params.m - 1u) * cStep;
  let at0_1 = cFirst + min(m0 + (lane ^ 1u), params.m - 1u) * cStep;
  let at0_2 = cFirst + min(m0 + (lane ^ 2u), params.m - 1u) * cStep;
  let at0_3 = cFirst + min(m0 + (lane ^ 3u), params.m - 1u) * cStep;
  let vector0 = run0 >> 2u;
  var bias0 = vec4<f32>();
  if (params.useBias != 0u) { bias0 = vec4<f32>(bias[params.biasOffset + run0], bias[params.biasOffset + run0 + 1u], bias[params.biasOffset + run0 + 2u], bias[params.biasOffset + run0 + 3u]); }
  let vector1 = run1 >> 2u;
  var bias1 = vec4<f32>();
  if (params.useBias != 0u) { bias1 = vec4<f32>(bias[params.biasOffset + run1], bias[params.biasOffset + run1 + 1u], bias[params.biasOffset + run1 + 2u], bias[params.biasOffset + run1 + 3u]); }
  c[at0_0 + vector0] = vec4<f32>(sum0_0_0, sum0_0_1, sum0_0_2, sum0_0_3) + bias0;
  c[at0_0 + vector1] = vec4<f32>(sum0_0_4, sum0_0_5, sum0_0_6, sum0_0_7) + bias1;
  c[at0_1 + vector0] = vec4<f32>(sum0_1_0, sum0_1_1, sum0_1_2, sum0_1_3) + bias0;
  c[at0_1 + vector1] = vec4<f32>(sum0_1_4, sum0_1_5, sum0_1_6, sum0_1_7) + bias1;
  c[at0_2 + vector0] = vec4<f32>(sum0_2_0, sum0_2_1, sum0_2_2, sum0_2_3) + bias0;
  c[at0_2 + vector1] = vec4<f32>(sum0_2_4, sum0_2_5, sum0_2_6, sum0_2_7) + bias1;
  c[at0_3 + vector0] = vec4<f32>(sum0_3_0, sum0_3_1, sum0_3_2, sum0_3_3) + bias0;
  c[at0_3 + vector1] = vec4<f32>(sum0_3_4, sum0_3_5, sum0_3_6, sum0_3_7) + bias1;
}
