diagnostic(off, chromium.subgroup_matrix_uniformity);
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
@group(0) @binding(2) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<f32>;

fn loadB(at: u32) -> vec4<f32> {
  return b[at];
}

alias Left = subgroup_matrix_left<f32, 8, 8>;
alias Right = subgroup_matrix_right<f32, 8, 8>;
alias Sums = subgroup_matrix_result<f32, 8, 8>;
var<workgroup> aSlab: array<vec4<f32>, 320>;
var<workgroup> bSlab: array<vec4<f32>, 320>;
var<workgroup> results: array<vec4<f32>, 64>;

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
  @builtin(subgroup_invocation_id) lane: u32,
  @builtin(subgroup_id) subgroup: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let tilesHigh = (params.m + 63u) / 64u;
  let m0 = workgroup % tilesHigh * 64u;
  let n0 = workgroup / tilesHigh * 64u;
  if (n0 >= params.n) { return; }
  let firstRow = subgroup % 2u * 32u;
  let firstColumn = subgroup / 2u * 32u;
  let aLine = localIndex / 4u;
  let aRow = aLine / 8u * 8u + aLine % 2u * 4u + aLine % 8u / 2u;
  let aColumn = localIndex % 4u;
  let aAt = aRow * 5u + aColumn;
  let aPlace0 = params.aOffset + min(m0 + aRow, params.m - 1u) * params.aStride;
  var aHeld0 = vec4<f32>();
  let aPlace1 = params.aOffset + min(m0 + aRow + 32u, params.m - 1u) * params.aStride;
  var aHeld1 = vec4<f32>();
  let bLine = localIndex / 4u;
  let bRow = bLine / 8u * 8u + bLine % 2u * 4u + bLine % 8u / 2u;
  let bColumn = localIndex % 4u;
  let bAt = bRow * 5u + bColumn;
  let bPlace0 = params.bOffset + min(n0 + bRow, params.n - 1u) * params.bStride;
  var bHeld0 = vec4<f32>();
  let bPlace1 = params.bOffset + min(n0 + bRow + 32u, params.n - 1u) * params.bStride;
  var bHeld1 = vec4<f32>();
  var sums0_0: Sums; var sums0_1: Sums; var sums0_2: Sums; var sums0_3: Sums;
  var sums1_0: Sums; var sums1_1: Sums; var sums1_2: Sums; var sums1_3: Sums;
  var sums2_0: Sums; var sums2_1: Sums; var sums2_2: Sums; var sums2_3: Sums;
  var sums3_0: Sums; var sums3_1: Sums; var sums3_2: Sums; var sums3_3: Sums;
  let slabs = (params.k + 15u) / 16u;
  for (var step = 0u; step <= slabs; step++) {
    if (step > 0u) {
      aSlab[aAt] = aHeld0;
      aSlab[aAt + 160u] = aHeld1;
      bSlab[bAt] = bHeld0;
      bSlab[bAt + 160u] = bHeld1;
    }
    workgroupBarrier();
    if (step < slabs) {
      let k0 = step * 16u;
      {
        let k = k0 + aColumn * 4u;
        let inside = k < params.k;
        let column = min(k, params.k - 4u);
        aHeld0 = select(vec4<f32>(), a[(aPlace0 + column) / 4u], inside);
        aHeld1 = select(vec4<f32>(), a[(aPlace1 + column) / 4u], inside);
      }
      {
        let k = k0 + bColumn * 4u;
        let inside = k < params.k;
        let column = min(k, params.k - 4u);
        bHeld0 = select(vec4<f32>(), loadB((bPlace0 + column) / 4u), inside);
        bHeld1 = select(vec4<f32>(), loadB((bPlace1 + column) / 4u), inside);
      }
    }
    if (step > 0u) {
      for (var k = 0u; k < 4u; k += 2u) {
        let right0 = subgroupMatrixLoad<Right, col_major>(&bSlab, (firstColumn) * 5u + k, 5u);
        let right1 = subgroupMatrixLoad<Right, col_major>(&bSlab, (firstColumn + 8u) * 5u + k, 5u);
        let right2 = subgroupMatrixLoad<Right, col_major>(&bSlab, (firstColumn + 16u) * 5u + k, 5u);
        let right3 = subgroupMatrixLoad<Right, col_major>(&bSlab, (firstColumn + 24u) * 5u + k, 5u);
        {
          let left = subgroupMatrixLoad<Left, row_major>(&aSlab, (firstRow) * 5u + k, 5u);
          sums0_0 = subgroupMatrixMultiplyAccumulate(left, right0, sums0_0);
          sums0_1 = subgroupMatrixMultiplyAccumulate(left, right1, sums0_1);
          sums0_2 = subgroupMatrixMultiplyAccumulate(left, right2, sums0_2);
          sums0_3 = subgroupMatrixMultiplyAccumulate(left, right3, sums0_3);
        }
        {
          let left = subgroupMatrixLoad<Left, row_major>(&aSlab, (firstRow + 8u) * 5u + k, 5u);
          sums1_0 = subgroupMatrixMultiplyAccumulate(left, right0, sums1_0);
          sums1_1 = subgroupMatrixMultiplyAccumulate(left, right1, sums1_1);
          sums1_2 = subgroupMatrixMultiplyAccumulate(left, right2, sums1_2);
          sums1_3 = subgroupMatrixMultiplyAccumulate(left, right3, sums1_3);
        }
        {
          let left = subgroupMatrixLoad<Left, row_major>(&aSlab, (firstRow + 16u) * 5u + k, 5u);
          sums2_0 = subgroupMatrixMultiplyAccumulate(left, right0, sums2_0);
          sums2_1 = subgroupMatrixMultiplyAccumulate(left, right1, sums2_1);
          sums2_2 = subgroupMatrixMultiplyAccumulate(left, right2, sums2_2);
          sums2_3 = subgroupMatrixMultiplyAccumulate(left, right3, sums2_3);
        }
        {
          let left = subgroupMatrixLoad<Left, row_major>(&aSlab, (firstRow + 24u) * 5u + k, 5u);
          sums3_0 = subgroupMatrixMultiplyAccumulate(left, right0, sums3_0);
          sums3_1 = subgroupMatrixMultiplyAccumulate(left, right1, sums3_1);
          sums3_2 = subgroupMatrixMultiplyAccumulate(left, right2, sums3_2);
          sums3_3 = subgroupMatrixMultiplyAccumulate(left, right3, sums3_3);
        }
      }
    }
    workgroupBarrier();
  }
  subgroupMatrixStore<row_major>(&results, subgroup * 16u, sums0_0, 2u);
  workgroupBarrier();
  for (var own = lane; own < 16u; own += 32u) {
    let place = subgroup * 16u + own;
    let m = m0 + firstRow + own / 2u;
    let n = n0 + firstColumn + own % 2u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e];
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&results, subgroup * 16u, sums0_1, 2u);
  workgroupBarrier();
  for (var own = lane; own < 16u; own += 32u) {
    let place = subgroup * 16u + own;
    let m = m0 + firstRow + own / 2u;
    let n = n0 + firstColumn + 8u + own % 2u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e];
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&results, subgroup * 16u, sums0_2, 2u);
  workgroupBarrier();
  for (var own = lane; own < 16u; own += 32u) {
    let place = subgroup * 16u + own;
    let m = m0 + firstRow + own / 2u;
    let n = n0 + firstColumn + 16u + own % 2u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e];
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&results, subgroup * 16u, sums0_3, 2u);
  workgroupBarrier();
  for (var own = lane; own < 16u; own += 32u) {
    let place = subgroup * 16u + own;
    let m = m0 + firstRow + own / 2u;
    let n = n0 + firstColumn + 24u + own % 2u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e];
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&results, subgroup * 16u, sums1_0, 2u);
  workgroupBarrier();
  for (var own = lane; own < 16u; own += 32u) {
    let place = subgroup * 16u + own;
    let m = m0 + firstRow + 8u + own / 2u;
    let n = n0 + firstColumn + own % 2u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e];
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&results, subgroup * 16u, sums1_1, 2u);
  workgroupBarrier();
  for (var own = lane; own < 16u; own += 32u) {
    let place = subgroup * 16u + own;
    let m = m0 + firstRow + 8u + own / 2u;
    let n = n0 + firstColumn + 8u + own % 2u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e];
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&results, subgroup * 16u, sums1_2, 2u);
  workgroupBarrier();
  for (var own = lane; own < 16u; own += 32u) {
    let place = subgroup * 16u + own;
    let m = m0 + firstRow + 8u + own / 2u;
    let n = n0 + firstColumn + 16u + own % 2u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e];
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&results, subgroup * 16u, sums1_3, 2u);
  workgroupBarrier();
  for (var own = lane; own < 16u; own += 32u) {
    let place = subgroup * 16u + own;
    let m = m0 + firstRow + 8u + own / 2u;
    let n = n0 + firstColumn + 24u + own % 2u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e];
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&results, subgroup * 16u, sums2_0, 2u);
  workgroupBarrier();
  for (var own = lane; own < 16u; own += 32u) {
    let place = subgroup * 16u + own;
    let m = m0 + firstRow + 16u + own / 2u;
    let n = n0 + firstColumn + own % 2u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e];
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&results, subgroup * 16u, sums2_1, 2u);
  workgroupBarrier();
  for (var own = lane; own < 16u; own += 32u) {
    let place = subgroup * 16u + own;
    let m = m0 + firstRow + 16u + own / 2u;
    let n = n0 + firstColumn + 8u + own % 2u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e];
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&results, subgroup * 16u, sums2_2, 2u);
  workgroupBarrier();
  for (var own = lane; own < 16u; own += 32u) {
    let place = subgroup * 16u + own;
    let m = m0 + firstRow + 16u + own / 2u;
    let n = n0 + firstColumn + 16u + own % 2u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e];
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&results, subgroup * 16u, sums2_3, 2u);
  workgroupBarrier();
  for (var own = lane; own < 16u; own += 32u) {
    let place = subgroup * 16u + own;
    let m = m0 + firstRow + 16u + own / 2u;
    let n = n0 + firstColumn + 24u + own % 2u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e];
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&results, subgroup * 16u, sums3_0, 2u);
  workgroupBarrier();
  for (var own = lane; own < 16u; own += 32u) {
    let place = subgroup * 16u + own;
    let m = m0 + firstRow + 24u + own / 2u;
    let n = n0 + firstColumn + own % 2u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e];
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&results, subgroup * 16u, sums3_1, 2u);
  workgroupBarrier();
  for (var own = lane; own < 16u; own += 32u) {
    let place = subgroup * 16u + own;
    let m = m0 + firstRow + 24u + own / 2u;
    let n = n0 + firstColumn + 8u + own % 2u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e];
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&results, subgroup * 16u, sums3_2, 2u);
  workgroupBarrier();
  for (var own = lane; own < 16u; own += 32u) {
    let place = subgroup * 16u + own;
    let m = m0 + firstRow + 24u + own / 2u;
    let n = n0 + firstColumn + 16u + own % 2u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e];
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
  subgroupMatrixStore<row_major>(&results, subgroup * 16u, sums3_3, 2u);
  workgroupBarrier();
  for (var own = lane; own < 16u; own += 32u) {
    let place = subgroup * 16u + own;
    let m = m0 + firstRow + 24u + own / 2u;
    let n = n0 + firstColumn + 24u + own % 2u * 4u;
    for (var e = 0u; e < 4u; e++) {
      if (m < params.m && n + e < params.n) {
        let at = params.cOffset + m * params.cStride + n + e;
        var value = results[place][e];
        if (params.useBias != 0u) { value += bias[params.biasOffset + n + e]; }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
  workgroupBarrier();
}
