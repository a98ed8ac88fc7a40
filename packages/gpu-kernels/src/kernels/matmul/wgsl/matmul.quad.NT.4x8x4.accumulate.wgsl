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
  // Rows and columns past the end read those at the end, so that every lane stays active.
  let run0 = n0 + lane * 4u;
  let run1 = n0 + (4u + lane) * 4u;
  let a0At = (params.aOffset + min(m0 + lane, params.m - 1u) * params.aStride) >> 2u;
  let b0At = (params.bOffset + min(run0, params.n - 1u) * params.bStride) >> 2u;
  let b1At = (params.bOffset + min(run0 + 1u, params.n - 1u) * params.bStride) >> 2u;
  let b2At = (params.bOffset + min(run0 + 2u, params.n - 1u) * params.bStride) >> 2u;
  let b3At = (params.bOffset + min(run0 + 3u, params.n - 1u) * params.bStride) >> 2u;
  let b4At = (params.bOffset + min(run1, params.n - 1u) * params.bStride) >> 2u;
  let b5At = (params.bOffset + min(run1 + 1u, params.n - 1u) * params.bStride) >> 2u;
  let b6At = (params.bOffset + min(run1 + 2u, params.n - 1u) * params.bStride) >> 2u;
  let b7At = (params.bOffset + min(run1 + 3u, params.n - 1u) * params.bStride) >> 2u;
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
  for (var k = 0u; k < params.k; k += 4u) {
    let b0_0 = loadB(b0At + (k >> 2u));
    let b1_0 = loadB(b1At + (k >> 2u));
    let b2_0 = loadB(b2At + (k >> 2u));
    let b3_0 = loadB(b3At + (k >> 2u));
    let b4_0 = loadB(b4At + (k >> 2u));
    let b5_0 = loadB(b5At + (k >> 2u));
    let b6_0 = loadB(b6At + (k >> 2u));
    let b7_0 = loadB(b7At + (k >> 2u));
    let a0_0 = a[a0At + (k >> 2u)];
    sum0_0_0 = fma(a0_0.w, b0_0.w, fma(a0_0.z, b0_0.z, fma(a0_0.y, b0_0.y, fma(a0_0.x, b0_0.x, sum0_0_0))));
    sum0_0_1 = fma(a0_0.w, b1_0.w, fma(a0_0.z, b1_0.z, fma(a0_0.y, b1_0.y, fma(a0_0.x, b1_0.x, sum0_0_1))));
    sum0_0_2 = fma(a0_0.w, b2_0.w, fma(a0_0.z, b2_0.z, fma(a0_0.y, b2_0.y, fma(a0_0.x, b2_0.x, sum0_0_2))));
    sum0_0_3 = fma(a0_0.w, b3_0.w, fma(a0_0.z, b3_0.z, fma(a0_0.y, b3_0.y, fma(a0_0.x, b3_0.x, sum0_0_3))));
    sum0_0_4 = fma(a0_0.w, b4_0.w, fma(a0_0.z, b4_0.z, fma(a0_0.y, b4_0.y, fma(a0_0.x, b4_0.x, sum0_0_4))));
    sum0_0_5 = fma(a0_0.w, b5_0.w, fma(a0_0.z, b5_0.z, fma(a0_0.y, b5_0.y, fma(a0_0.x, b5_0.x, sum0_0_5))));
    sum0_0_6 = fma(a0_0.w, b6_0.w, fma(a0_0.z, b6_0.z, fma(a0_0.y, b6_0.y, fma(a0_0.x, b6_0.x, sum0_0_6))));
    sum0_0_7 = fma(a0_0.w, b7_0.w, fma(a0_0.z, b7_0.z, fma(a0_0.y, b7_0.y, fma(a0_0.x, b7_0.x, sum0_0_7))));
    let a0_1_0 = quadSwapX(a0_0.x);
    let a0_1_1 = quadSwapX(a0_0.y);
    let a0_1_2 = quadSwapX(a0_0.z);
    let a0_1_3 = quadSwapX(a0_0.w);
    sum0_1_0 = fma(a0_1_3, b0_0.w, fma(a0_1_2, b0_0.z, fma(a0_1_1, b0_0.y, fma(a0_1_0, b0_0.x, sum0_1_0))));
    sum0_1_1 = fma(a0_1_3, b1_0.w, fma(a0_1_2, b1_0.z, fma(a0_1_1, b1_0.y, fma(a0_1_0, b1_0.x, sum0_1_1))));
    sum0_1_2 = fma(a0_1_3, b2_0.w, fma(a0_1_2, b2_0.z, fma(a0_1_1, b2_0.y, fma(a0_1_0, b2_0.x, sum0_1_2))));
    sum0_1_3 = fma(a0_1_3, b3_0.w, fma(a0_1_2, b3_0.z, fma(a0_1_1, b3_0.y, fma(a0_1_0, b3_0.x, sum0_1_3))));
    sum0_1_4 = fma(a0_1_3, b4_0.w, fma(a0_1_2, b4_0.z, fma(a0_1_1, b4_0.y, fma(a0_1_0, b4_0.x, sum0_1_4))));
    sum0_1_5 = fma(a0_1_3, b5_0.w, fma(a0_1_2, b5_0.z, fma(a0_1_1, b5_0.y, fma(a0_1_0, b5_0.x, sum0_1_5))));
    sum0_1_6 = fma(a0_1_3, b6_0.w, fma(a0_1_2, b6_0.z, fma(a0_1_1, b6_0.y, fma(a0_1_0, b6_0.x, sum0_1_6))));
    sum0_1_7 = fma(a0_1_3, b7_0.w, fma(a0_1_2, b7_0.z, fma(a0_1_1, b7_0.y, fma(a0_1_0, b7_0.x, sum0_1_7))));
    let a0_2_0 = quadSwapY(a0_0.x);
    let a0_2_1 = quadSwapY(a0_0.y);
    let a0_2_2 = quadSwapY(a0_0.z);
    let a0_2_3 = quadSwapY(a0_0.w);
    sum0_2_0 = fma(a0_2_3, b0_0.w, fma(a0_2_2, b0_0.z, fma(a0_2_1, b0_0.y, fma(a0_2_0, b0_0.x, sum0_2_0))));
    sum0_2_1 = fma(a0_2_3, b1_0.w, fma(a0_2_2, b1_0.z, fma(a0_2_1, b1_0.y, fma(a0_2_0, b1_0.x, sum0_2_1))));
    sum0_2_2 = fma(a0_2_3, b2_0.w, fma(a0_2_2, b2_0.z, fma(a0_2_1, b2_0.y, fma(a0_2_0, b2_0.x, sum0_2_2))));
    sum0_2_3 = fma(a0_2_3, b3_0.w, fma(a0_2_2, b3_0.z, fma(a0_2_1, b3_0.y, fma(a0_2_0, b3_0.x, sum0_2_3))));
    sum0_2_4 = fma(a0_2_3, b4_0.w, fma(a0_2_2, b4_0.z, fma(a0_2_1, b4_0.y, fma(a0_2_0, b4_0.x, sum0_2_4))));
    sum0_2_5 = fma(a0_2_3, b5_0.w, fma(a0_2_2, b5_0.z, fma(a0_2_1, b5_0.y, fma(a0_2_0, b5_0.x, sum0_2_5))));
    sum0_2_6 = fma(a0_2_3, b6_0.w, fma(a0_2_2, b6_0.z, fma(a0_2_1, b6_0.y, fma(a0_2_0, b6_0.x, sum0_2_6))));
    sum0_2_7 = fma(a0_2_3, b7_0.w, fma(a0_2_2, b7_0.z, fma(a0_2_1, b7_0.y, fma(a0_2_0, b7_0.x, sum0_2_7))));
    let a0_3_0 = quadSwapDiagonal(a0_0.x);
    let a0_3_1 = quadSwapDiagonal(a0_0.y);
    let a0_3_2 = quadSwapDiagonal(a0_0.z);
    let a0_3_3 = quadSwapDiagonal(a0_0.w);
    sum0_3_0 = fma(a0_3_3, b0_0.w, fma(a0_3_2, b0_0.z, fma(a0_3_1, b0_0.y, fma(a0_3_0, b0_0.x, sum0_3_0))));
    sum0_3_1 = fma(a0_3_3, b1_0.w, fma(a0_3_2, b1_0.z, fma(a0_3_1, b1_0.y, fma(a0_3_0, b1_0.x, sum0_3_1))));
    sum0_3_2 = fma(a0_3_3, b2_0.w, fma(a0_3_2, b2_0.z, fma(a0_3_1, b2_0.y, fma(a0_3_0, b2_0.x, sum0_3_2))));
    sum0_3_3 = fma(a0_3_3, b3_0.w, fma(a0_3_2, b3_0.z, fma(a0_3_1, b3_0.y, fma(a0_3_0, b3_0.x, sum0_3_3))));
    sum0_3_4 = fma(a0_3_3, b4_0.w, fma(a0_3_2, b4_0.z, fma(a0_3_1, b4_0.y, fma(a0_3_0, b4_0.x, sum0_3_4))));
    sum0_3_5 = fma(a0_3_3, b5_0.w, fma(a0_3_2, b5_0.z, fma(a0_3_1, b5_0.y, fma(a0_3_0, b5_0.x, sum0_3_5))));
    sum0_3_6 = fma(a0_3_3, b6_0.w, fma(a0_3_2, b6_0.z, fma(a0_3_1, b6_0.y, fma(a0_3_0, b6_0.x, sum0_3_6))));
    sum0_3_7 = fma(a0_3_3, b7_0.w, fma(a0_3_2, b7_0.z, fma(a0_3_1, b7_0.y, fma(a0_3_0, b7_0.x, sum0_3_7))));
  }
  let rowsLeft = params.m - m0;
  let cStep = params.cStride >> 2u;
  let row0 = lane;
  let row1 = (lane ^ 1u);
  let row2 = (lane ^ 2u);
  let row3 = (lane ^ 3u);
  let at0 = (params.cOffset + (m0 + row0) * params.cStride + run0) >> 2u;
  let at1 = (params.cOffset + (m0 + row1) * params.cStride + run0) >> 2u;
  let at2 = (params.cOffset + (m0 + row2) * params.cStride + run0) >> 2u;
  let at3 = (params.cOffset + (m0 + row3) * params.cStride + run0) >> 2u;
  let inside0 = run0 < params.n;
  var bias0 = vec4<f32>();
  if (params.useBias != 0u) { bias0 = vec4<f32>(bias[params.biasOffset + min(run0, params.n - 1u)], bias[params.biasOffset + min(run0 + 1u, params.n - 1u)], bias[params.biasOffset + min(run0 + 2u, params.n - 1u)], bias[params.biasOffset + min(run0 + 3u, params.n - 1u)]); }
  let inside1 = run1 < params.n;
  var bias1 = vec4<f32>();
  if (params.useBias != 0u) { bias1 = vec4<f32>(bias[params.biasOffset + min(run1, params.n - 1u)], bias[params.biasOffset + min(run1 + 1u, params.n - 1u)], bias[params.biasOffset + min(run1 + 2u, params.n - 1u)], bias[params.biasOffset + min(run1 + 3u, params.n - 1u)]); }
  {
    let inRows = row0 < rowsLeft;
    let at = at0;
    if (inRows & inside0) { c[at] = (vec4<f32>(sum0_0_0, sum0_0_1, sum0_0_2, sum0_0_3) + bias0) + c[at]; }
    if (inRows & inside1) { c[at + 4u] = (vec4<f32>(sum0_0_4, sum0_0_5, sum0_0_6, sum0_0_7) + bias1) + c[at + 4u]; }
  }
  {
    let inRows = row1 < rowsLeft;
    let at = at1;
    if (inRows & inside0) { c[at] = (vec4<f32>(sum0_1_0, sum0_1_1, sum0_1_2, sum0_1_3) + bias0) + c[at]; }
    if (inRows & inside1) { c[at + 4u] = (vec4<f32>(sum0_1_4, sum0_1_5, sum0_1_6, sum0_1_7) + bias1) + c[at + 4u]; }
  }
  {
    let inRows = row2 < rowsLeft;
    let at = at2;
    if (inRows & inside0) { c[at] = (vec4<f32>(sum0_2_0, sum0_2_1, sum0_2_2, sum0_2_3) + bias0) + c[at]; }
    if (inRows & inside1) { c[at + 4u] = (vec4<f32>(sum0_2_4, sum0_2_5, sum0_2_6, sum0_2_7) + bias1) + c[at + 4u]; }
  }
  {
    let inRows = row3 < rowsLeft;
    let at = at3;
    if (inRows & inside0) { c[at] = (vec4<f32>(sum0_3_0, sum0_3_1, sum0_3_2, sum0_3_3) + bias0) + c[at]; }
    if (inRows & inside1) { c[at + 4u] = (vec4<f32>(sum0_3_4, sum0_3_5, sum0_3_6, sum0_3_7) + bias1) + c[at + 4u]; }
  }
}
