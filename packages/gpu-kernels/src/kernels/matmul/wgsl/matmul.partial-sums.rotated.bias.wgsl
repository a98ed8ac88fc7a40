struct Params {
  count: u32,
  columns0: u32,
  parts0: u32,
  offset0: u32,
  size0: u32,
  end0: u32,
  useBias0: u32,
  columns1: u32,
  parts1: u32,
  offset1: u32,
  size1: u32,
  end1: u32,
  useBias1: u32,
  columns2: u32,
  parts2: u32,
  offset2: u32,
  size2: u32,
  end2: u32,
  useBias2: u32,
  half: u32,
  headSize: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> parts: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> bias0: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> bias1: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> bias2: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> c0: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> c1: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> c2: array<vec4<f32>>;
@group(0) @binding(8) var<storage, read> positions: array<u32>;
@group(0) @binding(9) var<storage, read> table: array<vec4<f32>>;

fn addedUpOf(at: u32, size: u32, count: u32) -> vec4<f32> {
  var sum = vec4<f32>();
  // A constant bound: no guard against loops without end.
  for (var i = 0u; i < 64u; i += 8u) {
    if (i >= count) { break; }
    let value0 = parts[at + i * size];
    let value1 = select(vec4<f32>(), parts[at + min(i + 1u, count - 1u) * size], i + 1u < count);
    let value2 = select(vec4<f32>(), parts[at + min(i + 2u, count - 1u) * size], i + 2u < count);
    let value3 = select(vec4<f32>(), parts[at + min(i + 3u, count - 1u) * size], i + 3u < count);
    let value4 = select(vec4<f32>(), parts[at + min(i + 4u, count - 1u) * size], i + 4u < count);
    let value5 = select(vec4<f32>(), parts[at + min(i + 5u, count - 1u) * size], i + 5u < count);
    let value6 = select(vec4<f32>(), parts[at + min(i + 6u, count - 1u) * size], i + 6u < count);
    let value7 = select(vec4<f32>(), parts[at + min(i + 7u, count - 1u) * size], i + 7u < count);
    sum += value0;
    sum += value1;
    sum += value2;
    sum += value3;
    sum += value4;
    sum += value5;
    sum += value6;
    sum += value7;
  }
  return sum;
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let i = workgroup * 256u + localIndex;
  if (i >= params.count) { return; }
  if (i < params.end0) {
    let j = i;
    let units = params.headSize - params.half;
    let vector = j / units;
    let unit = j % units;
    let isPair = unit < params.half;
    let first = vector * params.headSize + select(unit + params.half, unit, isPair);
    var a = addedUpOf(params.offset0 + first, params.size0, params.parts0);
    if (params.useBias0 != 0u) { a += bias0[(first) % params.columns0]; }
    if (isPair) {
      let second = first + params.half;
      var b = addedUpOf(params.offset0 + second, params.size0, params.parts0);
      if (params.useBias0 != 0u) { b += bias0[(second) % params.columns0]; }
      let place = (positions[vector / (params.columns0 / params.headSize)] * params.half + unit) * 2u;
      let low = table[place];
      let high = table[place + 1u];
      let cosine = vec4<f32>(low.x, low.z, high.x, high.z);
      let sine = vec4<f32>(low.y, low.w, high.y, high.w);
      c0[first] = a * cosine - b * sine;
      c0[second] = b * cosine + a * sine;
    } else {
      c0[first] = a;
    }
  } else if (i < params.end1) {
    let j = i - params.end0;
    let units = params.headSize - params.half;
    let vector = j / units;
    let unit = j % units;
    let isPair = unit < params.half;
    let first = vector * params.headSize + select(unit + params.half, unit, isPair);
    var a = addedUpOf(params.offset1 + first, params.size1, params.parts1);
    if (params.useBias1 != 0u) { a += bias1[(first) % params.columns1]; }
    if (isPair) {
      let second = first + params.half;
      var b = addedUpOf(params.offset1 + second, params.size1, params.parts1);
      if (params.useBias1 != 0u) { b += bias1[(second) % params.columns1]; }
      let place = (positions[vector / (params.columns1 / params.headSize)] * params.half + unit) * 2u;
      let low = table[place];
      let high = table[place + 1u];
      let cosine = vec4<f32>(low.x, low.z, high.x, high.z);
      let sine = vec4<f32>(low.y, low.w, high.y, high.w);
      c1[first] = a * cosine - b * sine;
      c1[second] = b * cosine + a * sine;
    } else {
      c1[first] = a;
    }
  } else if (i < params.end2) {
    let j = i - params.end1;
    var value = addedUpOf(params.offset2 + j, params.size2, params.parts2);
    if (params.useBias2 != 0u) { value += bias2[(j) % params.columns2]; }
    c2[j] = value;
  }
}
