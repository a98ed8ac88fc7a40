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
  chunkSlabs: u32,
  groupSlabs: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> b: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<vec4<f32>>;

fn loadB(at: u32) -> vec4<f32> {
  let words = b[at];
  return vec4<f32>(unpack2x16float(words.x), unpack2x16float(words.y));
}

var<workgroup> aSlabs: array<vec4<f32>, 256>;
var<workgroup> bSlabs: array<vec4<f32>, 256>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let tilesHigh = (params.m + 31u) / 32u;
  let m0 = workgroup % tilesHigh * 32u;
  let n0 = workgroup / tilesHigh * 32u;
  if (n0 >= params.n) { return; }
  let firstK = 0u;
  let slabs = (params.k - firstK + 15u) / 16u;
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
          let row0 = params.aOffset + min(x + 0u, params.m - 1u) * params.aStride;
          let row1 = params.aOffset + min(x + 1u, params.m - 1u) * params.aStride;
          let row2 = params.aOffset + min(x + 2u, params.m - 1u) * params.aStride;
          let row3 = params.aOffset + min(x + 3u, params.m - 1u) * params.aStride;
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
          let row0 = params.bOffset + min(x + 0u, params.n - 1u) * params.bStride;
          let row1 = params.bOffset + min(x + 1u, params.n - 1u) * params.bStride;
          let row2 = params.bOffset + min(x + 2u, params.n - 1u) * params.bStride;
          let row3 = params.bOffset + min(x + 3u, params.n - 1u) * params.bStride;
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
  for (var r = 0u; r < min(4u, params.m); r++) {
    let m = m0 + ty * 4u + r;
    for (var q = 0u; q < 1u; q++) {
      let n = n0 + tx * 4u + q * 32u;
      if (m < params.m && n < params.n) {
        let at = (params.cOffset + m * params.cStride + n) / 4u;
        var value = results[r * 1u + q];
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
