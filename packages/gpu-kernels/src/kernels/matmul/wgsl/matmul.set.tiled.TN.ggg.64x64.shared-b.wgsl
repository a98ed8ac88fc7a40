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
  firstGroup0: u32,
  groupCount0: u32,
  groupStride0: u32,
  workgroupsPerGroup0: u32,
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
  firstGroup1: u32,
  groupCount1: u32,
  groupStride1: u32,
  workgroupsPerGroup1: u32,
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
  firstGroup2: u32,
  groupCount2: u32,
  groupStride2: u32,
  workgroupsPerGroup2: u32,
  end2: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> aOf0: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> aOf1: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> aOf2: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> b: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> cOf0: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> cOf1: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> cOf2: array<vec4<f32>>;
@group(0) @binding(8) var<storage, read> groups: array<vec4<u32>>;

var<workgroup> aSlabs: array<vec4<f32>, 512>;
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
    let index = workgroup / params.workgroupsPerGroup0;
    if (index >= params.groupCount0) { return; }
    let group = groups[params.firstGroup0 + index];
    let cOffset = params.cOffset0 + group.z * params.groupStride0;
    let biasOffset = params.biasOffset0 + group.z * params.n0;
    let m0 = workgroup % params.workgroupsPerGroup0 / params.workgroupsPerRow0 * 64u;
    let n0 = workgroup % params.workgroupsPerRow0 * 64u;
    let firstK = group.x;
    let slabs = (group.y - firstK + 15u) / 16u;
    endOfRows = params.m0;
    endOfColumns = params.n0;
    endOfK = group.y;
    aFirst = params.aOffset0;
    aStride = params.aStride0;
    bFirst = params.bOffset0;
    bStride = params.bStride0;
    cStride = params.cStride0;
    biasFirst = biasOffset;
    useBias = params.useBias0;
    accumulate = params.accumulate0;
    cFirst = cOffset;
    firstRow = m0;
    firstColumn = n0;
    begin = firstK;
    slabCount = slabs;
    chunkSlabs = params.chunkSlabs0;
    member = 0u;
  } else if (workgroup < params.end1) {
    let index = (workgroup - params.end0) / params.workgroupsPerGroup1;
    if (index >= params.groupCount1) { return; }
    let group = groups[params.firstGroup1 + index];
    let cOffset = params.cOffset1 + group.z * params.groupStride1;
    let biasOffset = params.biasOffset1 + group.z * params.n1;
    let m0 = (workgroup - params.end0) % params.workgroupsPerGroup1 / params.workgroupsPerRow1 * 64u;
    let n0 = (workgroup - params.end0) % params.workgroupsPerRow1 * 64u;
    let firstK = group.x;
    let slabs = (group.y - firstK + 15u) / 16u;
    endOfRows = params.m1;
    endOfColumns = params.n1;
    endOfK = group.y;
    aFirst = params.aOffset1;
    aStride = params.aStride1;
    bFirst = params.bOffset1;
    bStride = params.bStride1;
    cStride = params.cStride1;
    biasFirst = biasOffset;
    useBias = params.useBias1;
    accumulate = params.accumulate1;
    cFirst = cOffset;
    firstRow = m0;
    firstColumn = n0;
    begin = firstK;
    slabCount = slabs;
    chunkSlabs = params.chunkSlabs1;
    member = 1u;
  } else if (workgroup < params.end2) {
    let index = (workgroup - params.end1) / params.workgroupsPerGroup2;
    if (index >= params.groupCount2) { return; }
    let group = groups[params.firstGroup2 + index];
    let cOffset = params.cOffset2 + group.z * params.groupStride2;
    let biasOffset = params.biasOffset2 + group.z * params.n2;
    let m0 = (workgroup - params.end1) % params.workgroupsPerGroup2 / params.workgroupsPerRow2 * 64u;
    let n0 = (workgroup - params.end1) % params.workgroupsPerRow2 * 64u;
    let firstK = group.x;
    let slabs = (group.y - firstK + 15u) / 16u;
    endOfRows = params.m2;
    endOfColumns = params.n2;
    endOfK = group.y;
    aFirst = params.aOffset2;
    aStride = params.aStride2;
    bFirst = params.bOffset2;
    bStride = params.bStride2;
    cStride = params.cStride2;
    biasFirst = biasOffset;
    useBias = params.useBias2;
    accumulate = params.accumulate2;
    cFirst = cOffset;
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
  var held4 = vec4<f32>();
  var held5 = vec4<f32>();
  var held6 = vec4<f32>();
  var held7 = vec4<f32>();
  var acc0_0 = vec4<f32>(); var acc0_1 = vec4<f32>();
  var acc1_0 = vec4<f32>(); var acc1_1 = vec4<f32>();
  var acc2_0 = vec4<f32>(); var acc2_1 = vec4<f32>();
  var acc3_0 = vec4<f32>(); var acc3_1 = vec4<f32>();
  var acc4_0 = vec4<f32>(); var acc4_1 = vec4<f32>();
  var acc5_0 = vec4<f32>(); var acc5_1 = vec4<f32>();
  var acc6_0 = vec4<f32>(); var acc6_1 = vec4<f32>();
  var acc7_0 = vec4<f32>(); var acc7_1 = vec4<f32>();
  for (var step = 0u; step <= slabs; step++) {
    let k0 = firstK + step * 16u;
    if (step < slabs) {
      if (stagesA) {
        if (member == 0u) {
          {
            let id = own;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf0[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held0 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 32u;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf0[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held1 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 64u;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf0[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held2 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 96u;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf0[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held3 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 128u;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf0[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held4 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 160u;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf0[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held5 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 192u;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf0[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held6 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 224u;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf0[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held7 = select(vec4<f32>(), value, k < endOfK);
          } } else if (member == 1u) {
          {
            let id = own;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf1[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held0 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 32u;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf1[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held1 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 64u;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf1[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held2 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 96u;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf1[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held3 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 128u;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf1[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held4 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 160u;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf1[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held5 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 192u;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf1[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held6 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 224u;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf1[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held7 = select(vec4<f32>(), value, k < endOfK);
          } } else {
          {
            let id = own;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf2[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held0 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 32u;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf2[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held1 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 64u;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf2[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held2 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 96u;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf2[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held3 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 128u;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf2[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held4 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 160u;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf2[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held5 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 192u;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf2[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held6 = select(vec4<f32>(), value, k < endOfK);
          }
          {
            let id = own + 224u;
            let k = k0 + id / 16u;
            let x = m0 + id % 16u * 4u;
            let value = aOf2[(aFirst + min(k, endOfK - 1u) * aStride + min(x, endOfRows - 4u)) / 4u];
            held7 = select(vec4<f32>(), value, k < endOfK);
          } }
      } else {
        {
          let id = own;
          let k = k0 + id / 16u;
          let x = n0 + id % 16u * 4u;
          let value = b[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
          held0 = select(vec4<f32>(), value, k < endOfK);
        }
        {
          let id = own + 32u;
          let k = k0 + id / 16u;
          let x = n0 + id % 16u * 4u;
          let value = b[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
          held1 = select(vec4<f32>(), value, k < endOfK);
        }
        {
          let id = own + 64u;
          let k = k0 + id / 16u;
          let x = n0 + id % 16u * 4u;
          let value = b[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
          held2 = select(vec4<f32>(), value, k < endOfK);
        }
        {
          let id = own + 96u;
          let k = k0 + id / 16u;
          let x = n0 + id % 16u * 4u;
          let value = b[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
          held3 = select(vec4<f32>(), value, k < endOfK);
        }
        {
          let id = own + 128u;
          let k = k0 + id / 16u;
          let x = n0 + id % 16u * 4u;
          let value = b[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
          held4 = select(vec4<f32>(), value, k < endOfK);
        }
        {
          let id = own + 160u;
          let k = k0 + id / 16u;
          let x = n0 + id % 16u * 4u;
          let value = b[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
          held5 = select(vec4<f32>(), value, k < endOfK);
        }
        {
          let id = own + 192u;
          let k = k0 + id / 16u;
          let x = n0 + id % 16u * 4u;
          let value = b[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
          held6 = select(vec4<f32>(), value, k < endOfK);
        }
        {
          let id = own + 224u;
          let k = k0 + id / 16u;
          let x = n0 + id % 16u * 4u;
          let value = b[(bFirst + min(k, endOfK - 1u) * bStride + min(x, endOfColumns - 4u)) / 4u];
          held7 = select(vec4<f32>(), value, k < endOfK);
        }
      }
    }
    if (step > 0u) {
      let buffer = (step - 1u) & 1u;
      for (var group = 0u; group < 4u; group++) {
        let swizzle = group << 1u;
        {
          let a0 = aSlabs[buffer * 256u + group * 64u + (ty ^ swizzle)];
          let a1 = aSlabs[buffer * 256u + group * 64u + 8u + (ty ^ swizzle)];
          let b0 = bSlabs[buffer * 256u + group * 64u + (tx ^ swizzle)];
          let b1 = bSlabs[buffer * 256u + group * 64u + 8u + (tx ^ swizzle)];
          acc0_0 = fma(vec4<f32>(a0.x), b0, acc0_0); acc0_1 = fma(vec4<f32>(a0.x), b1, acc0_1);
          acc1_0 = fma(vec4<f32>(a0.y), b0, acc1_0); acc1_1 = fma(vec4<f32>(a0.y), b1, acc1_1);
          acc2_0 = fma(vec4<f32>(a0.z), b0, acc2_0); acc2_1 = fma(vec4<f32>(a0.z), b1, acc2_1);
          acc3_0 = fma(vec4<f32>(a0.w), b0, acc3_0); acc3_1 = fma(vec4<f32>(a0.w), b1, acc3_1);
          acc4_0 = fma(vec4<f32>(a1.x), b0, acc4_0); acc4_1 = fma(vec4<f32>(a1.x), b1, acc4_1);
          acc5_0 = fma(vec4<f32>(a1.y), b0, acc5_0); acc5_1 = fma(vec4<f32>(a1.y), b1, acc5_1);
          acc6_0 = fma(vec4<f32>(a1.z), b0, acc6_0); acc6_1 = fma(vec4<f32>(a1.z), b1, acc6_1);
          acc7_0 = fma(vec4<f32>(a1.w), b0, acc7_0); acc7_1 = fma(vec4<f32>(a1.w), b1, acc7_1);
        }
        {
          let a0 = aSlabs[buffer * 256u + group * 64u + 16u + (ty ^ swizzle)];
          let a1 = aSlabs[buffer * 256u + group * 64u + 24u + (ty ^ swizzle)];
          let b0 = bSlabs[buffer * 256u + group * 64u + 16u + (tx ^ swizzle)];
          let b1 = bSlabs[buffer * 256u + group * 64u + 24u + (tx ^ swizzle)];
          acc0_0 = fma(vec4<f32>(a0.x), b0, acc0_0); acc0_1 = fma(vec4<f32>(a0.x), b1, acc0_1);
          acc1_0 = fma(vec4<f32>(a0.y), b0, acc1_0); acc1_1 = fma(vec4<f32>(a0.y), b1, acc1_1);
          acc2_0 = fma(vec4<f32>(a0.z), b0, acc2_0); acc2_1 = fma(vec4<f32>(a0.z), b1, acc2_1);
          acc3_0 = fma(vec4<f32>(a0.w), b0, acc3_0); acc3_1 = fma(vec4<f32>(a0.w), b1, acc3_1);
          acc4_0 = fma(vec4<f32>(a1.x), b0, acc4_0); acc4_1 = fma(vec4<f32>(a1.x), b1, acc4_1);
          acc5_0 = fma(vec4<f32>(a1.y), b0, acc5_0); acc5_1 = fma(vec4<f32>(a1.y), b1, acc5_1);
          acc6_0 = fma(vec4<f32>(a1.z), b0, acc6_0); acc6_1 = fma(vec4<f32>(a1.z), b1, acc6_1);
          acc7_0 = fma(vec4<f32>(a1.w), b0, acc7_0); acc7_1 = fma(vec4<f32>(a1.w), b1, acc7_1);
        }
        {
          let a0 = aSlabs[buffer * 256u + group * 64u + 32u + (ty ^ swizzle)];
          let a1 = aSlabs[buffer * 256u + group * 64u + 40u + (ty ^ swizzle)];
          let b0 = bSlabs[buffer * 256u + group * 64u + 32u + (tx ^ swizzle)];
          let b1 = bSlabs[buffer * 256u + group * 64u + 40u + (tx ^ swizzle)];
          acc0_0 = fma(vec4<f32>(a0.x), b0, acc0_0); acc0_1 = fma(vec4<f32>(a0.x), b1, acc0_1);
          acc1_0 = fma(vec4<f32>(a0.y), b0, acc1_0); acc1_1 = fma(vec4<f32>(a0.y), b1, acc1_1);
          acc2_0 = fma(vec4<f32>(a0.z), b0, acc2_0); acc2_1 = fma(vec4<f32>(a0.z), b1, acc2_1);
          acc3_0 = fma(vec4<f32>(a0.w), b0, acc3_0); acc3_1 = fma(vec4<f32>(a0.w), b1, acc3_1);
          acc4_0 = fma(vec4<f32>(a1.x), b0, acc4_0); acc4_1 = fma(vec4<f32>(a1.x), b1, acc4_1);
          acc5_0 = fma(vec4<f32>(a1.y), b0, acc5_0); acc5_1 = fma(vec4<f32>(a1.y), b1, acc5_1);
          acc6_0 = fma(vec4<f32>(a1.z), b0, acc6_0); acc6_1 = fma(vec4<f32>(a1.z), b1, acc6_1);
          acc7_0 = fma(vec4<f32>(a1.w), b0, acc7_0); acc7_1 = fma(vec4<f32>(a1.w), b1, acc7_1);
        }
        {
          let a0 = aSlabs[buffer * 256u + group * 64u + 48u + (ty ^ swizzle)];
          let a1 = aSlabs[buffer * 256u + group * 64u + 56u + (ty ^ swizzle)];
          let b0 = bSlabs[buffer * 256u + group * 64u + 48u + (tx ^ swizzle)];
          let b1 = bSlabs[buffer * 256u + group * 64u + 56u + (tx ^ swizzle)];
          acc0_0 = fma(vec4<f32>(a0.x), b0, acc0_0); acc0_1 = fma(vec4<f32>(a0.x), b1, acc0_1);
          acc1_0 = fma(vec4<f32>(a0.y), b0, acc1_0); acc1_1 = fma(vec4<f32>(a0.y), b1, acc1_1);
          acc2_0 = fma(vec4<f32>(a0.z), b0, acc2_0); acc2_1 = fma(vec4<f32>(a0.z), b1, acc2_1);
          acc3_0 = fma(vec4<f32>(a0.w), b0, acc3_0); acc3_1 = fma(vec4<f32>(a0.w), b1, acc3_1);
          acc4_0 = fma(vec4<f32>(a1.x), b0, acc4_0); acc4_1 = fma(vec4<f32>(a1.x), b1, acc4_1);
          acc5_0 = fma(vec4<f32>(a1.y), b0, acc5_0); acc5_1 = fma(vec4<f32>(a1.y), b1, acc5_1);
          acc6_0 = fma(vec4<f32>(a1.z), b0, acc6_0); acc6_1 = fma(vec4<f32>(a1.z), b1, acc6_1);
          acc7_0 = fma(vec4<f32>(a1.w), b0, acc7_0); acc7_1 = fma(vec4<f32>(a1.w), b1, acc7_1);
        }
      }
    }
    if (step < slabs) {
      let buffer = step & 1u;
      if (stagesA) {
        {
          let id = own;
          let k = id / 16u;
          aSlabs[buffer * 256u + k * 16u + ((id % 16u) ^ ((k >> 2u) << 1u))] = held0;
        }
        {
          let id = own + 32u;
          let k = id / 16u;
          aSlabs[buffer * 256u + k * 16u + ((id % 16u) ^ ((k >> 2u) << 1u))] = held1;
        }
        {
          let id = own + 64u;
          let k = id / 16u;
          aSlabs[buffer * 256u + k * 16u + ((id % 16u) ^ ((k >> 2u) << 1u))] = held2;
        }
        {
          let id = own + 96u;
          let k = id / 16u;
          aSlabs[buffer * 256u + k * 16u + ((id % 16u) ^ ((k >> 2u) << 1u))] = held3;
        }
        {
          let id = own + 128u;
          let k = id / 16u;
          aSlabs[buffer * 256u + k * 16u + ((id % 16u) ^ ((k >> 2u) << 1u))] = held4;
        }
        {
          let id = own + 160u;
          let k = id / 16u;
          aSlabs[buffer * 256u + k * 16u + ((id % 16u) ^ ((k >> 2u) << 1u))] = held5;
        }
        {
          let id = own + 192u;
          let k = id / 16u;
          aSlabs[buffer * 256u + k * 16u + ((id % 16u) ^ ((k >> 2u) << 1u))] = held6;
        }
        {
          let id = own + 224u;
          let k = id / 16u;
          aSlabs[buffer * 256u + k * 16u + ((id % 16u) ^ ((k >> 2u) << 1u))] = held7;
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
  var results = array<vec4<f32>, 16>(
    acc0_0, acc0_1,
    acc1_0, acc1_1,
    acc2_0, acc2_1,
    acc3_0, acc3_1,
    acc4_0, acc4_1,
    acc5_0, acc5_1,
    acc6_0, acc6_1,
    acc7_0, acc7_1,
  );
  // Rolled, to an end that the compiler cannot know: unrolled stores take seconds to compile on software adapters.
  for (var r = 0u; r < min(8u, endOfRows); r++) {
    let m = m0 + ty * 4u + (r >> 2u) * 32u + (r & 3u);
    for (var q = 0u; q < 2u; q++) {
      let n = n0 + tx * 4u + q * 32u;
      if (member == 0u) {
        if (m < endOfRows && n < endOfColumns) {
          let at = (cFirst + m * cStride + n) / 4u;
          var value = results[r * 2u + q];
          if (accumulate != 0u) { value += cOf0[at]; }
          cOf0[at] = value;
        } } else if (member == 1u) {
        if (m < endOfRows && n < endOfColumns) {
          let at = (cFirst + m * cStride + n) / 4u;
          var value = results[r * 2u + q];
          if (accumulate != 0u) { value += cOf1[at]; }
          cOf1[at] = value;
        } } else {
        if (m < endOfRows && n < endOfColumns) {
          let at = (cFirst + m * cStride + n) / 4u;
          var value = results[r * 2u + q];
          if (accumulate != 0u) { value += cOf2[at]; }
          cOf2[at] = value;
        } }
    }
  }
}
