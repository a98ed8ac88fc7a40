struct Params {
  m0: u32,
  n0: u32,
  k0: u32,
  aOffset0: u32,
  aStride0: u32,
  bOffset0: u32,
  bStride0: u32,
  cOffset0: u32,
  cStride0: u32,
  biasOffset0: u32,
  workgroupsPerRow0: u32,
  useBias0: u32,
  accumulate0: u32,
  chunkSlabs0: u32,
  groupSlabs0: u32,
  end0: u32,
  m1: u32,
  n1: u32,
  k1: u32,
  aOffset1: u32,
  aStride1: u32,
  bOffset1: u32,
  bStride1: u32,
  cOffset1: u32,
  cStride1: u32,
  biasOffset1: u32,
  workgroupsPerRow1: u32,
  useBias1: u32,
  accumulate1: u32,
  chunkSlabs1: u32,
  groupSlabs1: u32,
  end1: u32,
  m2: u32,
  n2: u32,
  k2: u32,
  aOffset2: u32,
  aStride2: u32,
  bOffset2: u32,
  bStride2: u32,
  cOffset2: u32,
  cStride2: u32,
  biasOffset2: u32,
  workgroupsPerRow2: u32,
  useBias2: u32,
  accumulate2: u32,
  chunkSlabs2: u32,
  groupSlabs2: u32,
  end2: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> bOf0: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bOf1: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> bOf2: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> cOf0: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> cOf1: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> cOf2: array<vec4<f32>>;

var<workgroup> aSlabs: array<vec4<f32>, 256>;
var<workgroup> bSlabs: array<vec4<f32>, 256>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  var endOfRows = 0u;
  var endOfColumns = 0u;
  var endOfK = 0u;
  var aFirst = 0u;
  var aStride = 0u;
  var bFirst = 0u;
  var bStride = 0u;
  var cStride = 0u;
  var biasFirst = 0u;
  var useBias = 0u;
  var accumulate = 0u;
  var cFirst = 0u;
  var firstRow = 0u;
  var firstColumn = 0u;
  var begin = 0u;
  var slabCount = 0u;
  var chunkSlabs = 0u;
  var member = 0u;
  if (workgroup < params.end0) {
    let tilesHigh = (params.m0 + 31u) / 32u;
    let m0 = workgroup % tilesHigh * 32u;
    let n0 = workgroup / tilesHigh * 32u;
    if (n0 >= params.n0) { return; }
    let firstK = 0u;
    let slabs = (params.k0 - firstK + 15u) / 16u;
    endOfRows = params.m0;
    endOfColumns = params.n0;
    endOfK = params.k0;
    aFirst = params.aOffset0;
    aStride = params.aStride0;
    bFirst = params.bOffset0;
    bStride = params.bStride0;
    cStride = params.cStride0;
    biasFirst = params.biasOffset0;
    useBias = params.useBias0;
    accumulate = params.accumulate0;
    cFirst = params.cOffset0;
    firstRow = m0;
    firstColumn = n0;
    begin = firstK;
    slabCount = slabs;
    chunkSlabs = params.chunkSlabs0;
    member = 0u;
  } else if (workgroup < params.end1) {
    let tilesHigh = (params.m1 + 31u) / 32u;
    let m0 = (workgroup - params.end0) % tilesHigh * 32u;
    let n0 = (workgroup - params.end0) / tilesHigh * 32u;
    if (n0 >= params.n1) { return; }
    let firstK = 0u;
    let slabs = (params.k1 - firstK + 15u) / 16u;
    endOfRows = params.m1;
    endOfColumns = params.n1;
    endOfK = params.k1;
    aFirst = params.aOffset1;
    aStride = params.aStride1;
    bFirst = params.bOffset1;
    bStride = params.bStride1;
    cStride = params.cStride1;
    biasFirst = params.biasOffset1;
    useBias = params.useBias1;
    accumulate = params.accumulate1;
    cFirst = params.cOffset1;
    firstRow = m0;
    firstColumn = n0;
    begin = firstK;
    slabCount = slabs;
    chunkSlabs = params.chunkSlabs1;
    member = 1u;
  } else if (workgroup < params.end2) {
    let tilesHigh = (params.m2 + 31u) / 32u;
    let m0 = (workgroup - params.end1) % tilesHigh * 32u;
    let n0 = (workgroup - params.end1) / tilesHigh * 32u;
    if (n0 >= params.n2) { return; }
    let firstK = 0u;
    let slabs = (params.k2 - firstK + 15u) / 16u;
    endOfRows = params.m2;
    endOfColumns = params.n2;
    endOfK = params.k2;
    aFirst = params.aOffset2;
    aStride = params.aStride2;
    bFirst = params.bOffset2;
    bStride = params.bStride2;
    cStride = params.cStride2;
    biasFirst = params.biasOffset2;
    useBias = params.useBias2;
    accumulate = params.accumulate2;
    cFirst = params.cOffset2;
    firstRow = m0;
    firstColumn = n0;
    begin = firstK;
    slabCount = slabs;
    chunkSlabs = params.chunkSlabs2;
    member = 2u;
  }
  let m0 = firstRow;
  let n0 = firstColumn;
  let firstK = begin;
  let slabs = slabCount;
  // A subgroup of 32 is 4 invocations high and 8 wide.
  let tx = (localIndex & 7u) + (localIndex >> 5u) % 1u * 8u;
  let ty = ((localIndex >> 3u) & 3u) + (localIndex >> 5u) / 1u * 4u;
  let stagesA = localIndex < 32u;
  let own = localIndex % 32u;
  var held0 = vec4<f32>();
  var held1 = vec4<f32>();
  var held2 = vec4<f32>();
  var held3 = vec4<f32>();
  var acc0_0 = vec4<f32>();
  var acc1_0 = vec4<f32>();
  var acc2_0 = vec4<f32>();
  var acc3_0 = vec4<f32>();
  for (var step = 0u; step <= slabs; step++) {
    let k0 = firstK + step * 16u;
    if (step < slabs) {
      if (stagesA) {
        {
          let id = own;
          let k = k0 + (id & 3u) * 4u;
          let x = m0 + (id >> 2u) * 4u;
          let row0 = aFirst + min(x + 0u, endOfRows - 1u) * aStride;
          let row1 = aFirst + min(x + 1u, endOfRows - 1u) * aStride;
          let row2 = aFirst + min(x + 2u, endOfRows - 1u) * aStride;
          let row3 = aFirst + min(x + 3u, endOfRows - 1u) * aStride;
          let column = min(k, endOfK - 4u);
          held0 = select(vec4<f32>(), a[(row0 + column) / 4u], k < endOfK);
          held1 = select(vec4<f32>(), a[(row1 + column) / 4u], k < endOfK);
          held2 = select(vec4<f32>(), a[(row2 + column) / 4u], k < endOfK);
          held3 = select(vec4<f32>(), a[(row3 + column) / 4u], k < endOfK);
        }
      } else {
        if (member == 0u) {
          {
            let id = own;
            let k = k0 + (id & 3u) * 4u;
            let x = n0 + (id >> 2u) * 4u;
            let row0 = bFirst + min(x + 0u, endOfColumns - 1u) * bStride;
            let row1 = bFirst + min(x + 1u, endOfColumns - 1u) * bStride;
            let row2 = bFirst + min(x + 2u, endOfColumns - 1u) * bStride;
            let row3 = bFirst + min(x + 3u, endOfColumns - 1u) * bStride;
            let column = min(k, endOfK - 4u);
            held0 = select(vec4<f32>(), bOf0[(row0 + column) / 4u], k < endOfK);
            held1 = select(vec4<f32>(), bOf0[(row1 + column) / 4u], k < endOfK);
            held2 = select(vec4<f32>(), bOf0[(row2 + column) / 4u], k < endOfK);
            held3 = select(vec4<f32>(), bOf0[(row3 + column) / 4u], k < endOfK);
          } } else if (member == 1u) {
          {
            let id = own;
            let k = k0 + (id & 3u) * 4u;
            let x = n0 + (id >> 2u) * 4u;
            let row0 = bFirst + min(x + 0u, endOfColumns - 1u) * bStride;
            let row1 = bFirst + min(x + 1u, endOfColumns - 1u) * bStride;
            let row2 = bFirst + min(x + 2u, endOfColumns - 1u) * bStride;
            let row3 = bFirst + min(x + 3u, endOfColumns - 1u) * bStride;
            let column = min(k, endOfK - 4u);
            held0 = select(vec4<f32>(), bOf1[(row0 + column) / 4u], k < endOfK);
            held1 = select(vec4<f32>(), bOf1[(row1 + column) / 4u], k < endOfK);
            held2 = select(vec4<f32>(), bOf1[(row2 + column) / 4u], k < endOfK);
            held3 = select(vec4<f32>(), bOf1[(row3 + column) / 4u], k < endOfK);
          } } else {
          {
            let id = own;
            let k = k0 + (id & 3u) * 4u;
            let x = n0 + (id >> 2u) * 4u;
            let row0 = bFirst + min(x + 0u, endOfColumns - 1u) * bStride;
            let row1 = bFirst + min(x + 1u, endOfColumns - 1u) * bStride;
            let row2 = bFirst + min(x + 2u, endOfColumns - 1u) * bStride;
            let row3 = bFirst + min(x + 3u, endOfColumns - 1u) * bStride;
            let column = min(k, endOfK - 4u);
            held0 = select(vec4<f32>(), bOf2[(row0 + column) / 4u], k < endOfK);
            held1 = select(vec4<f32>(), bOf2[(row1 + column) / 4u], k < endOfK);
            held2 = select(vec4<f32>(), bOf2[(row2 + column) / 4u], k < endOfK);
            held3 = select(vec4<f32>(), bOf2[(row3 + column) / 4u], k < endOfK);
          } }
      }
    }
    if (step > 0u) {
      let buffer = (step - 1u) & 1u;
      for (var group = 0u; group < 4u; group++) {
        let swizzle = group << 1u;
        {
          let a0 = aSlabs[buffer * 128u + group * 32u + (ty ^ swizzle)];
          let b0 = bSlabs[buffer * 128u + group * 32u + (tx ^ swizzle)];
          acc0_0 = fma(vec4<f32>(a0.x), b0, acc0_0);
          acc1_0 = fma(vec4<f32>(a0.y), b0, acc1_0);
          acc2_0 = fma(vec4<f32>(a0.z), b0, acc2_0);
          acc3_0 = fma(vec4<f32>(a0.w), b0, acc3_0);
        }
        {
          let a0 = aSlabs[buffer * 128u + group * 32u + 8u + (ty ^ swizzle)];
          let b0 = bSlabs[buffer * 128u + group * 32u + 8u + (tx ^ swizzle)];
          acc0_0 = fma(vec4<f32>(a0.x), b0, acc0_0);
          acc1_0 = fma(vec4<f32>(a0.y), b0, acc1_0);
          acc2_0 = fma(vec4<f32>(a0.z), b0, acc2_0);
          acc3_0 = fma(vec4<f32>(a0.w), b0, acc3_0);
        }
        {
          let a0 = aSlabs[buffer * 128u + group * 32u + 16u + (ty ^ swizzle)];
          let b0 = bSlabs[buffer * 128u + group * 32u + 16u + (tx ^ swizzle)];
          acc0_0 = fma(vec4<f32>(a0.x), b0, acc0_0);
          acc1_0 = fma(vec4<f32>(a0.y), b0, acc1_0);
          acc2_0 = fma(vec4<f32>(a0.z), b0, acc2_0);
          acc3_0 = fma(vec4<f32>(a0.w), b0, acc3_0);
        }
        {
          let a0 = aSlabs[buffer * 128u + group * 32u + 24u + (ty ^ swizzle)];
          let b0 = bSlabs[buffer * 128u + group * 32u + 24u + (tx ^ swizzle)];
          acc0_0 = fma(vec4<f32>(a0.x), b0, acc0_0);
          acc1_0 = fma(vec4<f32>(a0.y), b0, acc1_0);
          acc2_0 = fma(vec4<f32>(a0.z), b0, acc2_0);
          acc3_0 = fma(vec4<f32>(a0.w), b0, acc3_0);
        }
      }
    }
    if (step < slabs) {
      let buffer = step & 1u;
      if (stagesA) {
        {
          let id = own;
          let group = id & 3u;
          let at = group * 32u + ((id >> 2u) ^ (group << 1u));
          aSlabs[buffer * 128u + at + 0u] = vec4<f32>(held0.x, held1.x, held2.x, held3.x);
          aSlabs[buffer * 128u + at + 8u] = vec4<f32>(held0.y, held1.y, held2.y, held3.y);
          aSlabs[buffer * 128u + at + 16u] = vec4<f32>(held0.z, held1.z, held2.z, held3.z);
          aSlabs[buffer * 128u + at + 24u] = vec4<f32>(held0.w, held1.w, held2.w, held3.w);
        }
      } else {
        {
          let id = own;
          let group = id & 3u;
          let at = group * 32u + ((id >> 2u) ^ (group << 1u));
          bSlabs[buffer * 128u + at + 0u] = vec4<f32>(held0.x, held1.x, held2.x, held3.x);
          bSlabs[buffer * 128u + at + 8u] = vec4<f32>(held0.y, held1.y, held2.y, held3.y);
          bSlabs[buffer * 128u + at + 16u] = vec4<f32>(held0.z, held1.z, held2.z, held3.z);
          bSlabs[buffer * 128u + at + 24u] = vec4<f32>(held0.w, held1.w, held2.w, held3.w);
        }
      }
    }
    workgroupBarrier();
  }
  var results = array<vec4<f32>, 4>(
    acc0_0,
    acc1_0,
    acc2_0,
    acc3_0,
  );
  // Rolled, to an end that the compiler cannot know: unrolled stores take seconds to compile on software adapters.
  for (var r = 0u; r < min(4u, endOfRows); r++) {
    let m = m0 + ty * 4u + r;
    for (var q = 0u; q < 1u; q++) {
      let n = n0 + tx * 4u + q * 32u;
      if (member == 0u) {
        if (m < endOfRows && n < endOfColumns) {
          let at = (cFirst + m * cStride + n) / 4u;
          var value = results[r * 1u + q];
          if (accumulate != 0u) { value += cOf0[at]; }
          cOf0[at] = value;
        } } else if (member == 1u) {
        if (m < endOfRows && n < endOfColumns) {
          let at = (cFirst + m * cStride + n) / 4u;
          var value = results[r * 1u + q];
          if (accumulate != 0u) { value += cOf1[at]; }
          cOf1[at] = value;
        } } else {
        if (m < endOfRows && n < endOfColumns) {
          let at = (cFirst + m * cStride + n) / 4u;
          var value = results[r * 1u + q];
          if (accumulate != 0u) { value += cOf2[at]; }
          cOf2[at] = value;
        } }
    }
  }
}
