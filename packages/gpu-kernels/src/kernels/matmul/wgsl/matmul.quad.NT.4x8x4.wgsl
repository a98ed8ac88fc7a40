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
  let aFirst = params.aOffset >> 2u;
  let aStep = params.aStride >> 2u;
  let a0At = aFirst + min(m0 + lane, params.m - 1u) * aStep;
  let bFirst = params.bOffset >> 2u;
  let bStep = params.bStride >> 2u;
  let b0At = bFirst + (run0) * bStep;
  let b1At = bFirst + (run0 + 1u) * bStep;
  let b2At = bFirst + (run0 + 2u) * bStep;
  let b3At = bFirst + (run0 + 3u) * bStep;
  let b4At = bFirst + (run1) * bStep;
  let b5At = bFirst + (run1 + 1u) * bStep;
  let b6At = bFirst + (run1 + 2u) * bStep;
  let b7At = bFirst + (run1 + 3u) * bStep;
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
  let turns = (params.k + 3u) >> 2u;
  for (var turn = 0u; turn < turns; turn++) {
    let k = turn * 4u;
    let b0 = loadB(b0At + turn);
    let b1 = loadB(b1At + turn);
    let b2 = loadB(b2At + turn);
    let b3 = loadB(b3At + turn);
    let b4 = loadB(b4At + turn);
    let b5 = loadB(b5At + turn);
    let b6 = loadB(b6At + turn);
    let b7 = loadB(b7At + turn);
    let a0 = a[a0At + turn];
    sum0_0_0 = fma(a0.w, b0.w, fma(a0.z, b0.z, fma(a0.y, b0.y, fma(a0.x, b0.x, sum0_0_0))));
    sum0_0_1 = fma(a0.w, b1.w, fma(a0.z, b1.z, fma(a0.y, b1.y, fma(a0.x, b1.x, sum0_0_1))));
    sum0_0_2 = fma(a0.w, b2.w, fma(a0.z, b2.z, fma(a0.y, b2.y, fma(a0.x, b2.x, sum0_0_2))));
    sum0_0_3 = fma(a0.w, b3.w, fma(a0.z, b3.z, fma(a0.y, b3.y, fma(a0.x, b3.x, sum0_0_3))));
    sum0_0_4 = fma(a0.w, b4.w, fma(a0.z, b4.z, fma(a0.y, b4.y, fma(a0.x, b4.x, sum0_0_4))));
    sum0_0_5 = fma(a0.w, b5.w, fma(a0.z, b5.z, fma(a0.y, b5.y, fma(a0.x, b5.x, sum0_0_5))));
    sum0_0_6 = fma(a0.w, b6.w, fma(a0.z, b6.z, fma(a0.y, b6.y, fma(a0.x, b6.x, sum0_0_6))));
    sum0_0_7 = fma(a0.w, b7.w, fma(a0.z, b7.z, fma(a0.y, b7.y, fma(a0.x, b7.x, sum0_0_7))));
    let a0_1_0 = quadSwapX(a0.x);
    let a0_1_1 = quadSwapX(a0.y);
    let a0_1_2 = quadSwapX(a0.z);
    let a0_1_3 = quadSwapX(a0.w);
    sum0_1_0 = fma(a0_1_3, b0.w, fma(a0_1_2, b0.z, fma(a0_1_1, b0.y, fma(a0_1_0, b0.x, sum0_1_0))));
    sum0_1_1 = fma(a0_1_3, b1.w, fma(a0_1_2, b1.z, fma(a0_1_1, b1.y, fma(a0_1_0, b1.x, sum0_1_1))));
    sum0_1_2 = fma(a0_1_3, b2.w, fma(a0_1_2, b2.z, fma(a0_1_1, b2.y, fma(a0_1_0, b2.x, sum0_1_2))));
    sum0_1_3 = fma(a0_1_3, b3.w, fma(a0_1_2, b3.z, fma(a0_1_1, b3.y, fma(a0_1_0, b3.x, sum0_1_3))));
    sum0_1_4 = fma(a0_1_3, b4.w, fma(a0_1_2, b4.z, fma(a0_1_1, b4.y, fma(a0_1_0, b4.x, sum0_1_4))));
    sum0_1_5 = fma(a0_1_3, b5.w, fma(a0_1_2, b5.z, fma(a0_1_1, b5.y, fma(a0_1_0, b5.x, sum0_1_5))));
    sum0_1_6 = fma(a0_1_3, b6.w, fma(a0_1_2, b6.z, fma(a0_1_1, b6.y, fma(a0_1_0, b6.x, sum0_1_6))));
    sum0_1_7 = fma(a0_1_3, b7.w, fma(a0_1_2, b7.z, fma(a0_1_1, b7.y, fma(a0_1_0, b7.x, sum0_1_7))));
    let a0_2_0 = quadSwapY(a0.x);
    let a0_2_1 = quadSwapY(a0.y);
    let a0_2_2 = quadSwapY(a0.z);
    let a0_2_3 = quadSwapY(a0.w);
    sum0_2_0 = fma(a0_2_3, b0.w, fma(a0_2_2, b0.z, fma(a0_2_1, b0.y, fma(a0_2_0, b0.x, sum0_2_0))));
    sum0_2_1 = fma(a0_2_3, b1.w, fma(a0_2_2, b1.z, fma(a0_2_1, b1.y, fma(a0_2_0, b1.x, sum0_2_1))));
    sum0_2_2 = fma(a0_2_3, b2.w, fma(a0_2_2, b2.z, fma(a0_2_1, b2.y, fma(a0_2_0, b2.x, sum0_2_2))));
    sum0_2_3 = fma(a0_2_3, b3.w, fma(a0_2_2, b3.z, fma(a0_2_1, b3.y, fma(a0_2_0, b3.x, sum0_2_3))));
    sum0_2_4 = fma(a0_2_3, b4.w, fma(a0_2_2, b4.z, fma(a0_2_1, b4.y, fma(a0_2_0, b4.x, sum0_2_4))));
    sum0_2_5 = fma(a0_2_3, b5.w, fma(a0_2_2, b5.z, fma(a0_2_1, b5.y, fma(a0_2_0, b5.x, sum0_2_5))));
    sum0_2_6 = fma(a0_2_3, b6.w, fma(a0_2_2, b6.z, fma(a0_2_1, b6.y, fma(a0_2_0, b6.x, sum0_2_6))));
    sum0_2_7 = fma(a0_2_3, b7.w, fma(a0_2_2, b7.z, fma(a0_2_1, b7.y, fma(a0_2_0, b7.x, sum0_2_7))));
    let a0_3_0 = quadSwapDiagonal(a0.x);
    let a0_3_1 = quadSwapDiagonal(a0.y);
    let a0_3_2 = quadSwapDiagonal(a0.z);
    let a0_3_3 = quadSwapDiagonal(a0.w);
    sum0_3_0 = fma(a0_3_3, b0.w, fma(a0_3_2, b0.z, fma(a0_3_1, b0.y, fma(a0_3_0, b0.x, sum0_3_0))));
    sum0_3_1 = fma(a0_3_3, b1.w, fma(a0_3_2, b1.z, fma(a0_3_1, b1.y, fma(a0_3_0, b1.x, sum0_3_1))));
    sum0_3_2 = fma(a0_3_3, b2.w, fma(a0_3_2, b2.z, fma(a0_3_1, b2.y, fma(a0_3_0, b2.x, sum0_3_2))));
    sum0_3_3 = fma(a0_3_3, b3.w, fma(a0_3_2, b3.z, fma(a0_3_1, b3.y, fma(a0_3_0, b3.x, sum0_3_3))));
    sum0_3_4 = fma(a0_3_3, b4.w, fma(a0_3_2, b4.z, fma(a0_3_1, b4.y, fma(a0_3_0, b4.x, sum0_3_4))));
    sum0_3_5 = fma(a0_3_3, b5.w, fma(a0_3_2, b5.z, fma(a0_3_1, b5.y, fma(a0_3_0, b5.x, sum0_3_5))));
    sum0_3_6 = fma(a0_3_3, b6.w, fma(a0_3_2, b6.z, fma(a0_3_1, b6.y, fma(a0_3_0, b6.x, sum0_3_6))));
    sum0_3_7 = fma(a0_3_3, b7.w, fma(a0_3_2, b7.z, fma(a0_3_1, b7.y, fma(a0_3_0, b7.x, sum0_3_7))));
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
