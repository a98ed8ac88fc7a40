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
@group(0) @binding(5) var<storage, read_write> out: array<vec4<f32>>;

fn loadB(at: u32) -> vec4<f32> {
  let words = b[at];
  return vec4<f32>(unpack2x16float(words.x), unpack2x16float(words.y));
}
fn sigmoid(v: f32) -> f32 {
  let e = exp(-abs(v));
  return select(e, 1.0, v >= 0.0) / (1.0 + e);
}

fn sigmoidSlope(v: f32) -> f32 {
  let e = exp(-abs(v));
  return e / ((1.0 + e) * (1.0 + e));
}

fn activation(x: f32) -> f32 {
  return x * sigmoid(x);
}

var<workgroup> aSlabs: array<vec4<f32>, 256>;
var<workgroup> bSlabs: array<vec4<f32>, 512>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let tilesHigh = (params.m + 31u) / 32u;
  let tiles = tilesHigh * ((params.n + 63u) / 64u);
  let split = workgroup / tiles;
  let m0 = workgroup % tiles % tilesHigh * 32u;
  let n0 = workgroup % tiles / tilesHigh * 64u;
  let firstK = split * params.groupSlabs * 16u;
  if (split > 0u && firstK >= params.k) { return; }
  let slabs = min(params.groupSlabs, (params.k - firstK + 15u) / 16u);
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
        {
          let id = own + 32u;
          let k = k0 + (id & 3u) * 4u;
          let x = n0 + (id >> 2u) * 4u;
          let row0 = params.bOffset + min(x + 0u, params.n - 1u) * params.bStride;
          let row1 = params.bOffset + min(x + 1u, params.n - 1u) * params.bStride;
          let row2 = params.bOffset + min(x + 2u, params.n - 1u) * params.bStride;
          let row3 = params.bOffset + min(x + 3u, params.n - 1u) * params.bStride;
          let column = min(k, params.k - 4u);
          held4 = select(vec4<f32>(), loadB((row0 + column) / 4u), k < params.k);
          held5 = select(vec4<f32>(), loadB((row1 + column) / 4u), k < params.k);
          held6 = select(vec4<f32>(), loadB((row2 + column) / 4u), k < params.k);
          held7 = select(vec4<f32>(), loadB((row3 + column) / 4u), k < params.k);
        }
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
      if (step % params.chunkSlabs == 0u || step == slabs) {
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
          let group = id & 3u;
          let at = group * 64u + ((id >> 2u) ^ (group << 1u));
          bSlabs[buffer * 256u + at + 0u] = vec4<f32>(held0.x, held1.x, held2.x, held3.x);
          bSlabs[buffer * 256u + at + 16u] = vec4<f32>(held0.y, held1.y, held2.y, held3.y);
          bSlabs[buffer * 256u + at + 32u] = vec4<f32>(held0.z, held1.z, held2.z, held3.z);
          bSlabs[buffer * 256u + at + 48u] = vec4<f32>(held0.w, held1.w, held2.w, held3.w);
        }
        {
          let id = own + 32u;
          let group = id & 3u;
          let at = group * 64u + ((id >> 2u) ^ (group << 1u));
          bSlabs[buffer * 256u + at + 0u] = vec4<f32>(held4.x, held5.x, held6.x, held7.x);
          bSlabs[buffer * 256u + at + 16u] = vec4<f32>(held4.y, held5.y, held6.y, held7.y);
          bSlabs[buffer * 256u + at + 32u] = vec4<f32>(held4.z, held5.z, held6.z, held7.z);
          bSlabs[buffer * 256u + at + 48u] = vec4<f32>(held4.w, held5.w, held6.w, held7.w);
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
  for (var r = 0u; r < min(4u, params.m); r++) {
    let m = m0 + ty * 4u + r;
    for (var q = 0u; q < 2u; q++) {
      let n = n0 + tx * 4u + q * 32u;
      if (m < params.m && n < params.n) {
        let at = (params.cOffset + split * params.m * params.n + m * params.cStride + n) / 4u;
        var value = results[r * 2u + q];
        if (params.useBias != 0u) {
          let first = params.biasOffset + n;
          value += vec4<f32>(bias[first], bias[first + 1u], bias[first + 2u], bias[first + 3u]);
        }
        if (params.accumulate != 0u) { value += c[at]; }
        c[at] = value; out[at] = vec4<f32>(activation(value.x), activation(value.y), activation(value.z), activation(value.w));
      }
    }
  }
}
