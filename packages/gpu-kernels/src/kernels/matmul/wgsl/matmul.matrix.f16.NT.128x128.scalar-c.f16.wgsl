diagnostic(off, chromium.subgroup_matrix_uniformity);
enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;

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
@group(0) @binding(2) var<storage, read> b: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;
@group(0) @binding(5) var<storage, read> scalesA: array<vec2<f32>>;

fn loadB(at: u32) -> vec4<f16> {
  return bitcast<vec4<f16>>(b[at]);
}

alias Left = subgroup_matrix_left<f16, 16, 16>;
alias Right = subgroup_matrix_right<f16, 16, 16>;
alias Sums = subgroup_matrix_result<f32, 16, 16>;
var<workgroup> aHi: array<vec4<f16>, 1280>;
var<workgroup> aLo: array<vec4<f16>, 1280>;
var<workgroup> bSlab: array<vec4<f16>, 1280>;
var<workgroup> results: array<vec4<f32>, 512>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
  @builtin(subgroup_invocation_id) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let tilesHigh = (params.m + 127u) / 128u;
  let m0 = workgroup % tilesHigh * 128u;
  let n0 = workgroup / tilesHigh * 128u;
  if (n0 >= params.n) { return; }
  let firstRow = subgroup % 2u * 64u;
  let firstColumn = subgroup / 2u * 32u;
  let aLine = localIndex / 8u;
  let aRow = aLine / 8u * 8u + aLine % 2u * 4u + aLine % 8u / 2u;
  let aColumn = localIndex % 8u;
  let aAt = aRow * 10u + aColumn;
  let aPlace0 = params.aOffset + min(m0 + aRow, params.m - 1u) * params.aStride;
  let aScale0 = scalesA[min(m0 + aRow, params.m - 1u)].x;
  var aHeld0 = vec4<f32>();
  let aPlace1 = params.aOffset + min(m0 + aRow + 32u, params.m - 1u) * params.aStride;
  let aScale1 = scalesA[min(m0 + aRow + 32u, params.m - 1u)].x;
  var aHeld1 = vec4<f32>();
  let aPlace2 = params.aOffset + min(m0 + aRow + 64u, params.m - 1u) * params.aStride;
  let aScale2 = scalesA[min(m0 + aRow + 64u, params.m - 1u)].x;
  var aHeld2 = vec4<f32>();
  let aPlace3 = params.aOffset + min(m0 + aRow + 96u, params.m - 1u) * params.aStride;
  let aScale3 = scalesA[min(m0 + aRow + 96u, params.m - 1u)].x;
  var aHeld3 = vec4<f32>();
  let bLine = localIndex / 8u;
  let bRow = bLine / 8u * 8u + bLine % 2u * 4u + bLine % 8u / 2u;
  let bColumn = localIndex % 8u;
  let bAt = bRow * 10u + bColumn;
  let bPlace0 = params.bOffset + min(n0 + bRow, params.n - 1u) * params.bStride;
  var bHeld0 = vec4<f16>();
  let bPlace1 = params.bOffset + min(n0 + bRow + 32u, params.n - 1u) * params.bStride;
  var bHeld1 = vec4<f16>();
  let bPlace2 = params.bOffset + min(n0 + bRow + 64u, params.n - 1u) * params.bStride;
  var bHeld2 = vec4<f16>();
  let bPlace3 = params.bOffset + min(n0 + bRow + 96u, params.n - 1u) * params.bStride;
  var bHeld3 = vec4<f16>();
  var sums0_0: Sums; var sums0_1: Sums;
  var sums1_0: Sums; var sums1_1: Sums;
  var sums2_0: Sums; var sums2_1: Sums;
  var sums3_0: Sums; var sums3_1: Sums;
  let slabs = (params.k + 31u) / 32u;
  for (var step = 0u; step <= slabs; step++) {
    if (step > 0u) {
      {
        let scaled = aHeld0 * aScale0;
        let hi = vec4<f16>(scaled);
        aHi[aAt] = hi;
        aLo[aAt] = vec4<f16>(scaled - vec4<f32>(hi));
      }
      {
        let scaled = aHeld1 * aScale1;
        let hi = vec4<f16>(scaled);
        aHi[aAt + 320u] = hi;
        aLo[aAt + 320u] = vec4<f16>(scaled - vec4<f32>(hi));
      }
      {
        let scaled = aHeld2 * aScale2;
        let hi = vec4<f16>(scaled);
        aHi[aAt + 640u] = hi;
        aLo[aAt + 640u] = vec4<f16>(scaled - vec4<f32>(hi));
      }
      {
        let scaled = aHeld3 * aScale3;
        let hi = vec4<f16>(scaled);
        aHi[aAt + 960u] = hi;
        aLo[aAt + 960u] = vec4<f16>(scaled - vec4<f32>(hi));
      }
      bSlab[bAt] = bHeld0;
      bSlab[bAt + 320u] = bHeld1;
      bSlab[bAt + 640u] = bHeld2;
      bSlab[bAt + 960u] = bHeld3;
    }
    workgroupBarrier();
    if (step < slabs) {
      let k0 = step * 32u;
      {
        let k = k0 + aColumn * 4u;
        let inside = k < params.k;
        let column = min(k, params.k - 4u);
        aHeld0 = select(vec4<f32>(), a[(aPlace0 + column) / 4u], inside);
        aHeld1 = select(vec4<f32>(), a[(aPlace1 + column) / 4u], inside);
        aHeld2 = select(vec4<f32>(), a[(aPlace2 + column) / 4u], inside);
        aHeld3 = select(vec4<f32>(), a[(aPlace3 + column) / 4u], inside);
      }
      {
        let k = k0 + bColumn * 4u;
        let inside = k < params.k;
        let column = min(k, params.k - 4u);
        bHeld0 = select(vec4<f16>(), loadB((bPlace0 + column) / 4u), inside);
        bHeld1 = select(vec4<f16>(), loadB((bPlace1 + column) / 4u), inside);
        bHeld2 = select(vec4<f16>(), loadB((bPlace2 + column) / 4u), inside);
        bHeld3 = select(vec4<f16>(), loadB((bPlace3 + column) / 4u), inside);
      }
    }
    if (step > 0u) {
      for (var k = 0u; k < 8u; k += 4u) {
        let right0 = subgroupMatrixLoad<Right, col_major>(&bSlab, (firstColumn) * 10u + k, 10u);
        let right1 = subgroupMatrixLoad<Right, col_major>(&bSlab, (firstColumn + 16u) * 10u + k, 10u);
        {
          let left = subgroupMatrixLoad<Left, row_major>(&aHi, (firstRow) * 10u + k, 10u);
          sums0_0 = subgroupMatrixMultiplyAccumulate(left, right0, sums0_0);
          sums0_1 = subgroupMatrixMultiplyAccumulate(left, right1, sums0_1);
        }
        {
          let left = subgroupMatrixLoad<Left, row_major>(&aHi, (firstRow + 16u) * 10u + k, 10u);
          sums1_0 = subgroupMatrixMultiplyAccumulate(left, right0, sums1_0);
          sums1_1 = subgroupMatrixMultiplyAccumulate(left, right1, sums1_1);
        }
        {
          let left = subgroupMatrixLoad<Left, row_major>(&aHi, (firstRow + 32u) * 10u + k, 10u);
          sums2_0 = subgroupMatrixMultiplyAccumulate(left, right0, sums2_0);
          sums2_1 = subgroupMatrixMultiplyAccumulate(left, right1, sums2_1);
        }
        {
          let left = subgroupMatrixLoad<Left, row_major>(&aHi, (firstRow + 48u) * 10u + k, 10u);
          sums3_0 = subgroupMatrixMultiplyAccumulate(left, right0, sums3_0);
          sums3_1 = subgroupMatrixMultiplyAccumulate(left, right1, sums3_1);
        }
        {
          let left = subgroupMatrixLoad<Left, row_major>(&aLo, (firstRow) * 10u + k, 10u);
          sums0_0 = subgroupMatrixMultiplyAccumulate(left, right0, sums0_0);
          sums0_1 = subgroupMatrixMultiplyAccumulate(left, right1, sums0_1);
        }
        {
          let left = subgroupMatrixLoad<Left, row_major>(&aLo, (firstRow + 16u) * 10u + k, 10u);
          sums1_0 = subgroupMatrixMultiplyAccumulate(left, right0, sums1_0);
          sums1_1 = subgroupMatrixMultiplyAccumulate(left, right1, sums1_1);
        }
        {
          let left = subgroupMatrixLoad<Left, row_major>(&aLo, (firstRow + 32u) * 10u + k, 10u);
          sums2_0 = subgroupMatrixMultiplyAccumulate(left, right0, sums2_0);
          sums2_1 = subgroupMatrixMultiplyAccumulate(left, right1, sums2_1);
        }
        {
          let left = subgroupMatrixLoad<Left, row_major>(&aLo, (firstRow + 48u) * 10u + k, 10u);
          sums3_0 = subgroupMatrixMultiplyAccumulate(left, right0, sums3_0);
          sums3_1 = subgroupMatrixMultiplyAccumulate(left, right1, sums3_1);
        }
      }
    }
    workgroupBarrier();
  }
  subgroupMatrixStore<row_major>(&results, subgroup * 64u, sums0_0, 4u);
  workgroupBarrier();
  for (var own = lane; own < 64u; own += 32u) {
    let place = subgroup * 64u + own;
    let m = m0 + firstRow + own / 4u;
    let n = n0 + firstColumn + own % 4u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e] * scalesA[m].y;
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&results, subgroup * 64u, sums0_1, 4u);
  workgroupBarrier();
  for (var own = lane; own < 64u; own += 32u) {
    let place = subgroup * 64u + own;
    let m = m0 + firstRow + own / 4u;
    let n = n0 + firstColumn + 16u + own % 4u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e] * scalesA[m].y;
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&results, subgroup * 64u, sums1_0, 4u);
  workgroupBarrier();
  for (var own = lane; own < 64u; own += 32u) {
    let place = subgroup * 64u + own;
    let m = m0 + firstRow + 16u + own / 4u;
    let n = n0 + firstColumn + own % 4u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e] * scalesA[m].y;
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&results, subgroup * 64u, sums1_1, 4u);
  workgroupBarrier();
  for (var own = lane; own < 64u; own += 32u) {
    let place = subgroup * 64u + own;
    let m = m0 + firstRow + 16u + own / 4u;
    let n = n0 + firstColumn + 16u + own % 4u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e] * scalesA[m].y;
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&results, subgroup * 64u, sums2_0, 4u);
  workgroupBarrier();
  for (var own = lane; own < 64u; own += 32u) {
    let place = subgroup * 64u + own;
    let m = m0 + firstRow + 32u + own / 4u;
    let n = n0 + firstColumn + own % 4u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e] * scalesA[m].y;
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&results, subgroup * 64u, sums2_1, 4u);
  workgroupBarrier();
  for (var own = lane; own < 64u; own += 32u) {
    let place = subgroup * 64u + own;
    let m = m0 + firstRow + 32u + own / 4u;
    let n = n0 + firstColumn + 16u + own % 4u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e] * scalesA[m].y;
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&results, subgroup * 64u, sums3_0, 4u);
  workgroupBarrier();
  for (var own = lane; own < 64u; own += 32u) {
    let place = subgroup * 64u + own;
    let m = m0 + firstRow + 48u + own / 4u;
    let n = n0 + firstColumn + own % 4u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e] * scalesA[m].y;
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&results, subgroup * 64u, sums3_1, 4u);
  workgroupBarrier();
  for (var own = lane; own < 64u; own += 32u) {
    let place = subgroup * 64u + own;
    let m = m0 + firstRow + 48u + own / 4u;
    let n = n0 + firstColumn + 16u + own % 4u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e] * scalesA[m].y;
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
}
