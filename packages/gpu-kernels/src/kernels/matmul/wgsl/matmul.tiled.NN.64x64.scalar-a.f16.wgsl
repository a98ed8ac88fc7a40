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
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> c: array<vec4<f32>>;

fn loadB(at: u32) -> vec4<f32> {
  let words = b[at];
  return vec4<f32>(unpack2x16float(words.x), unpack2x16float(words.y));
}

var<workgroup> aSlabs: array<vec4<f32>, 512>;
var<workgroup> bSlabs: array<vec4<f32>, 512>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let tilesHigh = (params.m + 63u) / 64u;
  let m0 = workgroup % tilesHigh * 64u;
  let n0 = workgroup / tilesHigh * 64u;
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
        {
          let id = own;
          let k = k0 + (id & 3u) * 4u;
          let x = m0 + (id >> 2u) * 4u;
          let row0 = params.aOffset + min(x + 0u, params.m - 1u) * params.aStride;
          let row1 = params.aOffset + min(x + 1u, params.m - 1u) * params.aStride;
          let row2 = params.aOffset + min(x + 2u, params.m - 1u) * params.aStride;
          let row3 = params.aOffset + min(x + 3u, params.m - 1u) * params.aStride;
          let inside = vec4<u32>(k, k + 1u, k + 2u, k + 3u) < vec4<u32>(params.k);
          held0 = select(vec4<f32>(), vec4<f32>(a[row0 + min(k + 0u, params.k - 1u)], a[row0 + min(k + 1u, params.k - 1u)], a[row0 + min(k + 2u, params.k - 1u)], a[row0 + min(k + 3u, params.k - 1u)]), inside);
          held1 = select(vec4<f32>(), vec4<f32>(a[row1 + min(k + 0u, params.k - 1u)], a[row1 + min(k + 1u, params.k - 1u)], a[row1 + min(k + 2u, params.k - 1u)], a[row1 + min(k + 3u, params.k - 1u)]), inside);
          held2 = select(vec4<f32>(), vec4<f32>(a[row2 + min(k + 0u, params.k - 1u)], a[row2 + min(k + 1u, params.k - 1u)], a[row2 + min(k + 2u, params.k - 1u)], a[row2 + min(k + 3u, params.k - 1u)]), inside);
          held3 = select(vec4<f32>(), vec4<f32>(a[row3 + min(k + 0u, params.k - 1u)], a[row3 + min(k + 1u, params.k - 1u)], a[row3 + min(k + 2u, params.k - 1u)], a[row3 + min(k + 3u, params.k - 1u)]), inside);
        }
        {
          let id = own + 32u;
          let k = k0 + (id & 3u) * 4u;
          let x = m0 + (id >> 2u) * 4u;
          let row0 = params.aOffset + min(x + 0u, params.m - 1u) * params.aStride;
          let row1 = params.aOffset + min(x + 1u, params.m - 1u) * params.aStride;
          let row2 = params.aOffset + min(x + 2u, params.m - 1u) * params.aStride;
          let row3 = params.aOffset + min(x + 3u, params.m - 1u) * params.aStride;
          let inside = vec4<u32>(k, k + 1u, k + 2u, k + 3u) < vec4<u32>(params.k);
          held4 = select(vec4<f32>(), vec4<f32>(a[row0 + min(k + 0u, params.k - 1u)], a[row0 + min(k + 1u, params.k - 1u)], a[row0 + min(k + 2u, params.k - 1u)], a[row0 + min(k + 3u, params.k - 1u)]), inside);
          held5 = select(vec4<f32>(), vec4<f32>(a[row1 + min(k + 0u, params.k - 1u)], a[row1 + min(k + 1u, params.k - 1u)], a[row1 + min(k + 2u, params.k - 1u)], a[row1 + min(k + 3u, params.k - 1u)]), inside);
          held6 = select(vec4<f32>(), vec4<f32>(a[row2 + min(k + 0u, params.k - 1u)], a[row2 + min(k + 1u, params.k - 1u)], a[row2 + min(k + 2u, params.k - 1u)], a[row2 + min(k + 3u, params.k - 1u)]), inside);
          held7 = select(vec4<f32>(), vec4<f32>(a[row3 + min(k + 0u, params.k - 1u)], a[row3 + min(k + 1u, params.k - 1u)], a[row3 + min(k + 2u, params.k - 1u)], a[row3 + min(k + 3u, params.k - 1u)]), inside);
        }
      } else {
        {
          let id = own;
          let k = k0 + id / 16u;
          let x = n0 + id % 16u * 4u;
          let value = loadB((params.bOffset + min(k, params.k - 1u) * params.bStride + min(x, params.n - 4u)) / 4u);
          held0 = select(vec4<f32>(), value, k < params.k);
        }
        {
          let id = own + 32u;
          let k = k0 + id / 16u;
          let x = n0 + id % 16u * 4u;
          let value = loadB((params.bOffset + min(k, params.k - 1u) * params.bStride + min(x, params.n - 4u)) / 4u);
          held1 = select(vec4<f32>(), value, k < params.k);
        }
        {
          let id = own + 64u;
          let k = k0 + id / 16u;
          let x = n0 + id % 16u * 4u;
          let value = loadB((params.bOffset + min(k, params.k - 1u) * params.bStride + min(x, params.n - 4u)) / 4u);
          held2 = select(vec4<f32>(), value, k < params.k);
        }
        {
          let id = own + 96u;
          let k = k0 + id / 16u;
          let x = n0 + id % 16u * 4u;
          let value = loadB((params.bOffset + min(k, params.k - 1u) * params.bStride + min(x, params.n - 4u)) / 4u);
          held3 = select(vec4<f32>(), value, k < params.k);
        }
        {
          let id = own + 128u;
          let k = k0 + id / 16u;
          let x = n0 + id % 16u * 4u;
          let value = loadB((params.bOffset + min(k, params.k - 1u) * params.bStride + min(x, params.n - 4u)) / 4u);
          held4 = select(vec4<f32>(), value, k < params.k);
        }
        {
          let id = own + 160u;
          let k = k0 + id / 16u;
          let x = n0 + id % 16u * 4u;
          let value = loadB((params.bOffset + min(k, params.k - 1u) * params.bStride + min(x, params.n - 4u)) / 4u);
          held5 = select(vec4<f32>(), value, k < params.k);
        }
        {
          let id = own + 192u;
          let k = k0 + id / 16u;
          let x = n0 + id % 16u * 4u;
          let value = loadB((params.bOffset + min(k, params.k - 1u) * params.bStride + min(x, params.n - 4u)) / 4u);
          held6 = select(vec4<f32>(), value, k < params.k);
        }
        {
          let id = own + 224u;
          let k = k0 + id / 16u;
          let x = n0 + id % 16u * 4u;
          let value = loadB((params.bOffset + min(k, params.k - 1u) * params.bStride + min(x, params.n - 4u)) / 4u);
          held7 = select(vec4<f32>(), value, k < params.k);
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
          let group = id & 3u;
          let at = group * 64u + ((id >> 2u) ^ (group << 1u));
          aSlabs[buffer * 256u + at + 0u] = vec4<f32>(held0.x, held1.x, held2.x, held3.x);
          aSlabs[buffer * 256u + at + 16u] = vec4<f32>(held0.y, held1.y, held2.y, held3.y);
          aSlabs[buffer * 256u + at + 32u] = vec4<f32>(held0.z, held1.z, held2.z, held3.z);
          aSlabs[buffer * 256u + at + 48u] = vec4<f32>(held0.w, held1.w, held2.w, held3.w);
        }
        {
          let id = own + 32u;
          let group = id & 3u;
          let at = group * 64u + ((id >> 2u) ^ (group << 1u));
          aSlabs[buffer * 256u + at + 0u] = vec4<f32>(held4.x, held5.x, held6.x, held7.x);
          aSlabs[buffer * 256u + at + 16u] = vec4<f32>(held4.y, held5.y, held6.y, held7.y);
          aSlabs[buffer * 256u + at + 32u] = vec4<f32>(held4.z, held5.z, held6.z, held7.z);
          aSlabs[buffer * 256u + at + 48u] = vec4<f32>(held4.w, held5.w, held6.w, held7.w);
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
  for (var r = 0u; r < min(8u, params.m); r++) {
    let m = m0 + ty * 4u + (r >> 2u) * 32u + (r & 3u);
    for (var q = 0u; q < 2u; q++) {
      let n = n0 + tx * 4u + q * 32u;
      if (m < params.m && n < params.n) {
        let at = (params.cOffset + m * params.cStride + n) / 4u;
        var value = results[r * 2u + q];
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
