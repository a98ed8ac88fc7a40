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
  chunkSlabs: u32,
  groupSlabs: u32,
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

var<workgroup> aSlabs: array<vec4<f32>, 1024>;
var<workgroup> bSlabs: array<vec4<f32>, 1024>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let index = workgroup / params.workgroupsPerRow;
  if (index >= params.groupCount) { return; }
  let group = groups[params.firstGroup + index];
  let bOffset = params.bOffset + group.z * params.groupStride;
  let biasOffset = params.biasOffset + group.z * params.n;
  let m0 = group.x;
  let n0 = workgroup % params.workgroupsPerRow * 128u;
  let firstK = 0u;
  let slabs = (params.k - firstK + 15u) / 16u;
  // A subgroup of 32 is 4 invocations high and 8 wide.
  let tx = (localIndex & 7u) + (localIndex >> 5u) % 2u * 8u;
  let ty = ((localIndex >> 3u) & 3u) + (localIndex >> 5u) / 2u * 4u;
  let stagesA = localIndex < 128u;
  let own = localIndex % 128u;
  var held0 = vec4<f32>();
  var held1 = vec4<f32>();
  var held2 = vec4<f32>();
  var held3 = vec4<f32>();
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
        {
          let id = own;
          let k = k0 + (id & 3u) * 4u;
          let x = m0 + (id >> 2u) * 4u;
          let row0 = params.aOffset + min(x + 0u, group.y - 1u) * params.aStride;
          let row1 = params.aOffset + min(x + 1u, group.y - 1u) * params.aStride;
          let row2 = params.aOffset + min(x + 2u, group.y - 1u) * params.aStride;
          let row3 = params.aOffset + min(x + 3u, group.y - 1u) * params.aStride;
          let column = min(k, params.k - 4u);
          held0 = select(vec4<f32>(), a[(row0 + column) / 4u], k < params.k);
          held1 = select(vec4<f32>(), a[(row1 + column) / 4u], k < params.k);
          held2 = select(vec4<f32>(), a[(row2 + column) / 4u], k < params.k);
          held3 = select(vec4<f32>(), a[(row3 + column) / 4u], k < params.k);
        }
      } else {
        {
          let id = own;
          let k = k0 + (id & 3u) * 4u;
          let x = n0 + (id >> 2u) * 4u;
          let row0 = bOffset + min(x + 0u, params.n - 1u) * params.bStride;
          let row1 = bOffset + min(x + 1u, params.n - 1u) * params.bStride;
          let row2 = bOffset + min(x + 2u, params.n - 1u) * params.bStride;
          let row3 = bOffset + min(x + 3u, params.n - 1u) * params.bStride;
          let column = min(k, params.k - 4u);
          held0 = select(vec4<f32>(), loadB((row0 + column) / 4u), k < params.k);
          held1 = select(vec4<f32>(), loadB((row1 + column) / 4u), k < params.k);
          held2 = select(vec4<f32>(), loadB((row2 + column) / 4u), k < params.k);
          held3 = select(vec4<f32>(), loadB((row3 + column) / 4u), k < params.k);
        }
      }
    }
    if (step > 0u) {
      let buffer = (step - 1u) & 1u;
      for (var group = 0u; group < 4u; group++) {
        let swizzle = group << 1u;
        {
          let a0 = aSlabs[buffer * 512u + group * 128u + (ty ^ swizzle)];
          let a1 = aSlabs[buffer * 512u + group * 128u + 16u + (ty ^ swizzle)];
          let b0 = bSlabs[buffer * 512u + group * 128u + (tx ^ swizzle)];
          let b1 = bSlabs[buffer * 512u + group * 128u + 16u + (tx ^ swizzle)];
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
          let a0 = aSlabs[buffer * 512u + group * 128u + 32u + (ty ^ swizzle)];
          let a1 = aSlabs[buffer * 512u + group * 128u + 48u + (ty ^ swizzle)];
          let b0 = bSlabs[buffer * 512u + group * 128u + 32u + (tx ^ swizzle)];
          let b1 = bSlabs[buffer * 512u + group * 128u + 48u + (tx ^ swizzle)];
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
          let a0 = aSlabs[buffer * 512u + group * 128u + 64u + (ty ^ swizzle)];
          let a1 = aSlabs[buffer * 512u + group * 128u + 80u + (ty ^ swizzle)];
          let b0 = bSlabs[buffer * 512u + group * 128u + 64u + (tx ^ swizzle)];
          let b1 = bSlabs[buffer * 512u + group * 128u + 80u + (tx ^ swizzle)];
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
          let a0 = aSlabs[buffer * 512u + group * 128u + 96u + (ty ^ swizzle)];
          let a1 = aSlabs[buffer * 512u + group * 128u + 112u + (ty ^ swizzle)];
          let b0 = bSlabs[buffer * 512u + group * 128u + 96u + (tx ^ swizzle)];
          let b1 = bSlabs[buffer * 512u + group * 128u + 112u + (tx ^ swizzle)];
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
          let group = id & 3u;
          let at = group * 128u + ((id >> 2u) ^ (group << 1u));
          aSlabs[buffer * 512u + at + 0u] = vec4<f32>(held0.x, held1.x, held2.x, held3.x);
          aSlabs[buffer * 512u + at + 32u] = vec4<f32>(held0.y, held1.y, held2.y, held3.y);
          aSlabs[buffer * 512u + at + 64u] = vec4<f32>(held0.z, held1.z, held2.z, held3.z);
          aSlabs[buffer * 512u + at + 96u] = vec4<f32>(held0.w, held1.w, held2.w, held3.w);
        }
      } else {
        {
          let id = own;
          let group = id & 3u;
          let at = group * 128u + ((id >> 2u) ^ (group << 1u));
          bSlabs[buffer * 512u + at + 0u] = vec4<f32>(held0.x, held1.x, held2.x, held3.x);
          bSlabs[buffer * 512u + at + 32u] = vec4<f32>(held0.y, held1.y, held2.y, held3.y);
          bSlabs[buffer * 512u + at + 64u] = vec4<f32>(held0.z, held1.z, held2.z, held3.z);
          bSlabs[buffer * 512u + at + 96u] = vec4<f32>(held0.w, held1.w, held2.w, held3.w);
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
  for (var r = 0u; r < min(8u, group.y); r++) {
    let m = m0 + ty * 4u + (r >> 2u) * 64u + (r & 3u);
    for (var q = 0u; q < 2u; q++) {
      let n = n0 + tx * 4u + q * 64u;
      if (m < group.y && n < params.n) {
        let at = (params.cOffset + m * params.cStride + n) / 4u;
        var value = results[r * 2u + q];
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
