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
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> aOf0: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> aOf1: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bOf0: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> bOf1: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> c: array<vec4<f32>>;

var<workgroup> aSlabs: array<vec4<f32>, 256>;
var<workgroup> bSlabs: array<vec4<f32>, 512>;

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
    let tiles = tilesHigh * ((params.n0 + 63u) / 64u);
    let split = workgroup / tiles;
    let m0 = workgroup % tiles % tilesHigh * 32u;
    let n0 = workgroup % tiles / tilesHigh * 64u;
    let firstK = split * params.groupSlabs0 * 16u;
    if (split > 0u && firstK >= params.k0) { return; }
    let slabs = min(params.groupSlabs0, (params.k0 - firstK + 15u) / 16u);
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
    cFirst = params.cOffset0 + split * params.m0 * params.n0;
    firstRow = m0;
    firstColumn = n0;
    begin = firstK;
    slabCount = slabs;
    chunkSlabs = params.chunkSlabs0;
    member = 0u;
  } else if (workgroup < params.end1) {
    let tilesHigh = (params.m1 + 31u) / 32u;
    let tiles = tilesHigh * ((params.n1 + 63u) / 64u);
    let split = (workgroup - params.end0) / tiles;
    let m0 = (workgroup - params.end0) % tiles % tilesHigh * 32u;
    let n0 = (workgroup - params.end0) % tiles / tilesHigh * 64u;
    let firstK = split * params.groupSlabs1 * 16u;
    if (split > 0u && firstK >= params.k1) { return; }
    let slabs = min(params.groupSlabs1, (params.k1 - firstK + 15u) / 16u);
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
    cFirst = params.cOffset1 + split * params.m1 * params.n1;
    firstRow = m0;
    firstColumn = n0;
    begin = firstK;
    slabCount = slabs;
    chunkSlabs = params.chunkSlabs1;
    member = 1u;
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
  var held4 = vec4<f32>();
  var held5 = vec4<f32>();
  var held6 = vec4<f32>();
  var held7 = vec4<f32>();
  var acc0_0 = vec4<f32>(); var acc0_1 = vec4<f32>();
  var acc1_0 = vec4<f32>(); var acc1_1 = vec4<f32>();
  var acc2_0 = vec4<f32>(); var acc2_1 = vec4<f32>();
  var acc3_0 = vec4<f32>(); var acc3_1 = vec4<f32>();
  var sum0_0 = vec4<f32>(); var sum0_1 = vec4<f32>();
  var sum1_0 = vec4<f32>(); var sum1_1 = vec4<f32>();
  var sum2_0 = vec4<f32>(); var sum2_1 = vec4<f32>();
  var sum3_0 = vec4<f32>(); var sum3_1 = vec4<f32>();
  for (var step = 0u; step <= slabs; step++) {
    let k0 = firstK + step * 16u;
    if (step < slabs) {
      if (stagesA) {
        if (member == 0u) {
          {
            let id = own;
            let k = k0 + (id & 3u) * 4u;
            let x = m0 + (id >> 2u) * 4u;
            let row0 = aFirst + min(x + 0u, endOfRows - 1u) * aStride;
            let row1 = aFirst + min(x + 1u, endOfRows - 1u) * aStride;
            let row2 = aFirst + min(x + 2u, endOfRows - 1u) * aStride;
            let row3 = aFirst + min(x + 3u, endOfRows - 1u) * aStride;
            let column = min(k, endOfK - 4u);
            held0 = select(vec4<f32>(), aOf0[(row0 + column) / 4u], k < endOfK);
            held1 = select(vec4<f32>(), aOf0[(row1 + column) / 4u], k < endOfK);
            held2 = select(vec4<f32>(), aOf0[(row2 + column) / 4u], k < endOfK);
            held3 = select(vec4<f32>(), aOf0[(row3 + column) / 4u], k < endOfK);
          } } else {
          {
            let id = own;
            let k = k0 + (id & 3u) * 4u;
            let x = m0 + (id >> 2u) * 4u;
            let row0 = aFirst + min(x + 0u, endOfRows - 1u) * aStride;
            let row1 = aFirst + min(x + 1u, endOfRows - 1u) * aStride;
            let row2 = aFirst + min(x + 2u, endOfRows - 1u) * aStride;
            let row3 = aFirst + min(x + 3u, endOfRows - 1u) * aStride;
            let column = min(k, endOfK - 4u);
            held0 = select(vec4<f32>(), aOf1[(row0 + column) / 4u], k < endOfK);
            held1 = select(vec4<f32>(), aOf1[(row1 + column) / 4u], k < endOfK);
            held2 = select(vec4<f32>(), aOf1[(row2 + column) / 4u], k < endOfK);
            held3 = select(vec4<f32>(), aOf1[(row3 + column) / 4u], k < endOfK);
          } }
      } else {
        if (member == 0u) {
          {
            let id = own;
            let k = k0 + id / 16u;
            let x = n0 + id % 16u * 4u;
            let value = bOf0[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
            held0 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 32u;
            let k = k0 + id / 16u;
            let x = n0 + id % 16u * 4u;
            let value = bOf0[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
            held1 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 64u;
            let k = k0 + id / 16u;
            let x = n0 + id % 16u * 4u;
            let value = bOf0[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
            held2 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 96u;
            let k = k0 + id / 16u;
            let x = n0 + id % 16u * 4u;
            let value = bOf0[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
            held3 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 128u;
            let k = k0 + id / 16u;
            let x = n0 + id % 16u * 4u;
            let value = bOf0[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
            held4 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 160u;
            let k = k0 + id / 16u;
            let x = n0 + id % 16u * 4u;
            let value = bOf0[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
            held5 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 192u;
            let k = k0 + id / 16u;
            let x = n0 + id % 16u * 4u;
            let value = bOf0[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
            held6 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 224u;
            let k = k0 + id / 16u;
            let x = n0 + id % 16u * 4u;
            let value = bOf0[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
            held7 = select(vec4<f32>(), value, k < endOfK);
          } } else {
          {
            let id = own;
            let k = k0 + id / 16u;
            let x = n0 + id % 16u * 4u;
            let value = bOf1[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
            held0 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 32u;
            let k = k0 + id / 16u;
            let x = n0 + id % 16u * 4u;
            let value = bOf1[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
            held1 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 64u;
            let k = k0 + id / 16u;
            let x = n0 + id % 16u * 4u;
            let value = bOf1[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
            held2 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 96u;
            let k = k0 + id / 16u;
            let x = n0 + id % 16u * 4u;
            let value = bOf1[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
            held3 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 128u;
            let k = k0 + id / 16u;
            let x = n0 + id % 16u * 4u;
            let value = bOf1[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
            held4 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 160u;
            let k = k0 + id / 16u;
            let x = n0 + id % 16u * 4u;
            let value = bOf1[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
            held5 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 192u;
            let k = k0 + id / 16u;
            let x = n0 + id % 16u * 4u;
            let value = bOf1[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
            held6 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 224u;
            let k = k0 + id / 16u;
            let x = n0 + id % 16u * 4u;
            let value = bOf1[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
            held7 = select(vec4<f32>(), value, k < endOfK);
          } }
      }
    }
    if (step > 0u) {
      let buffer = (step - 1u) & 1u;
      for (var group = 0u; group < 4u; group++) {
        let swizzle = group << 1u;
        {
          let a0 = aSlabs[buffer * 128u + group * 32u + (ty ^ swizzle)];
          let b0 = bSlabs[buffer * 256u + group * 64u + (tx ^ swizzle)];
          let b1 = bSlabs[buffer * 256u + group * 64u + 8u + (tx ^ swizzle)];
          acc0_0 = fma(vec4<f32>(a0.x), b0, acc0_0); acc0_1 = fma(vec4<f32>(a0.x), b1, acc0_1);
          acc1_0 = fma(vec4<f32>(a0.y), b0, acc1_0); acc1_1 = fma(vec4<f32>(a0.y), b1, acc1_1);
          acc2_0 = fma(vec4<f32>(a0.z), b0, acc2_0); acc2_1 = fma(vec4<f32>(a0.z), b1, acc2_1);
          acc3_0 = fma(vec4<f32>(a0.w), b0, acc3_0); acc3_1 = fma(vec4<f32>(a0.w), b1, acc3_1);
        }
        {
          let a0 = aSlabs[buffer * 128u + group * 32u + 8u + (ty ^ swizzle)];
          let b0 = bSlabs[buffer * 256u + group * 64u + 16u + (tx ^ swizzle)];
          let b1 = bSlabs[buffer * 256u + group * 64u + 24u + (tx ^ swizzle)];
          acc0_0 = fma(vec4<f32>(a0.x), b0, acc0_0); acc0_1 = fma(vec4<f32>(a0.x), b1, acc0_1);
          acc1_0 = fma(vec4<f32>(a0.y), b0, acc1_0); acc1_1 = fma(vec4<f32>(a0.y), b1, acc1_1);
          acc2_0 = fma(vec4<f32>(a0.z), b0, acc2_0); acc2_1 = fma(vec4<f32>(a0.z), b1, acc2_1);
          acc3_0 = fma(vec4<f32>(a0.w), b0, acc3_0); acc3_1 = fma(vec4<f32>(a0.w), b1, acc3_1);
        }
        {
          let a0 = aSlabs[buffer * 128u + group * 32u + 16u + (ty ^ swizzle)];
          let b0 = bSlabs[buffer * 256u + group * 64u + 32u + (tx ^ swizzle)];
          let b1 = bSlabs[buffer * 256u + group * 64u + 40u + (tx ^ swizzle)];
          acc0_0 = fma(vec4<f32>(a0.x), b0, acc0_0); acc0_1 = fma(vec4<f32>(a0.x), b1, acc0_1);
          acc1_0 = fma(vec4<f32>(a0.y), b0, acc1_0); acc1_1 = fma(vec4<f32>(a0.y), b1, acc1_1);
          acc2_0 = fma(vec4<f32>(a0.z), b0, acc2_0); acc2_1 = fma(vec4<f32>(a0.z), b1, acc2_1);
          acc3_0 = fma(vec4<f32>(a0.w), b0, acc3_0); acc3_1 = fma(vec4<f32>(a0.w), b1, acc3_1);
        }
        {
          let a0 = aSlabs[buffer * 128u + group * 32u + 24u + (ty ^ swizzle)];
          let b0 = bSlabs[buffer * 256u + group * 64u + 48u + (tx ^ swizzle)];
          let b1 = bSlabs[buffer * 256u + group * 64u + 56u + (tx ^ swizzle)];
          acc0_0 = fma(vec4<f32>(a0.x), b0, acc0_0); acc0_1 = fma(vec4<f32>(a0.x), b1, acc0_1);
          acc1_0 = fma(vec4<f32>(a0.y), b0, acc1_0); acc1_1 = fma(vec4<f32>(a0.y), b1, acc1_1);
          acc2_0 = fma(vec4<f32>(a0.z), b0, acc2_0); acc2_1 = fma(vec4<f32>(a0.z), b1, acc2_1);
          acc3_0 = fma(vec4<f32>(a0.w), b0, acc3_0); acc3_1 = fma(vec4<f32>(a0.w), b1, acc3_1);
        }
      }
      if (step % chunkSlabs == 0u || step == slabs) {
        sum0_0 += acc0_0; acc0_0 = vec4<f32>(); sum0_1 += acc0_1; acc0_1 = vec4<f32>();
        sum1_0 += acc1_0; acc1_0 = vec4<f32>(); sum1_1 += acc1_1; acc1_1 = vec4<f32>();
        sum2_0 += acc2_0; acc2_0 = vec4<f32>(); sum2_1 += acc2_1; acc2_1 = vec4<f32>();
        sum3_0 += acc3_0; acc3_0 = vec4<f32>(); sum3_1 += acc3_1; acc3_1 = vec4<f32>();
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
          let k = id / 16u;
          bSlabs[buffer * 256u + k * 16u + ((id % 16u) ^ ((k >> 2u) << 1u))] = held0;
        }
        {
          let id = own + 32u;
          let k = id / 16u;
          bSlabs[buffer * 256u + k * 16u + ((id % 16u) ^ ((k >> 2u) << 1u))] = held1;
        }
        {
          let id = own + 64u;
          let k = id / 16u;
          bSlabs[buffer * 256u + k * 16u + ((id % 16u) ^ ((k >> 2u) << 1u))] = held2;
        }
        {
          let id = own + 96u;
          let k = id / 16u;
          bSlabs[buffer * 256u + k * 16u + ((id % 16u) ^ ((k >> 2u) << 1u))] = held3;
        }
        {
          let id = own + 128u;
          let k = id / 16u;
          bSlabs[buffer * 256u + k * 16u + ((id % 16u) ^ ((k >> 2u) << 1u))] = held4;
        }
        {
          let id = own + 160u;
          let k = id / 16u;
          bSlabs[buffer * 256u + k * 16u + ((id % 16u) ^ ((k >> 2u) << 1u))] = held5;
        }
        {
          let id = own + 192u;
          let k = id / 16u;
          bSlabs[buffer * 256u + k * 16u + ((id % 16u) ^ ((k >> 2u) << 1u))] = held6;
        }
        {
          let id = own + 224u;
          let k = id / 16u;
          bSlabs[buffer * 256u + k * 16u + ((id % 16u) ^ ((k >> 2u) << 1u))] = held7;
        }
      }
    }
    workgroupBarrier();
  }
  var results = array<vec4<f32>, 8>(
    sum0_0, sum0_1,
    sum1_0, sum1_1,
    sum2_0, sum2_1,
    sum3_0, sum3_1,
  );
  // Rolled, to an end that the compiler cannot know: unrolled stores take seconds to compile on software adapters.
  for (var r = 0u; r < min(4u, endOfRows); r++) {
    let m = m0 + ty * 4u + r;
    for (var q = 0u; q < 2u; q++) {
      let n = n0 + tx * 4u + q * 32u;
      if (m < endOfRows && n < endOfColumns) {
        let at = (cFirst + m * cStride + n) / 4u;
        var value = results[r * 2u + q];
        if (accumulate != 0u) { value += c[at]; }
        c[at] = value;
      }
    }
  }
}
