struct Params {
  rows: u32,
  width: u32,
  heads0: u32,
  parts0: u32,
  offset0: u32,
  heads1: u32,
  parts1: u32,
  offset1: u32,
  heads2: u32,
  parts2: u32,
  offset2: u32,
  epsilon: f32,
  half: u32,
  direction: f32,
  tokens: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> parts: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> x0: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> x1: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> x2: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> weight0: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read> weight1: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> out0: array<vec4<f32>>;
@group(0) @binding(8) var<storage, read_write> out1: array<vec4<f32>>;
@group(0) @binding(9) var<storage, read> positions: array<u32>;
@group(0) @binding(10) var<storage, read> table: array<vec4<f32>>;

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

fn xAt(member: u32, at: u32) -> vec4<f32> {
  if (member == 0u) { return x0[at]; }
  return x1[at];
}

fn weightAt(member: u32, at: u32) -> vec4<f32> {
  if (member == 0u) { return weight0[at]; }
  return weight1[at];
}

var<workgroup> partial: array<f32, 128>;

fn totals(value: f32, localIndex: u32) -> f32 {
  partial[localIndex] = value;
  workgroupBarrier();
  for (var stride = 64u; stride > 0u; stride >>= 1u) {
    if (localIndex % 128u < stride) { partial[localIndex] += partial[localIndex + stride]; }
    workgroupBarrier();
  }
  let result = partial[localIndex / 128u * 128u];
  workgroupBarrier();
  return result;
}

@compute @workgroup_size(128)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (workgroup * 1u >= params.rows) { return; }
  let index = workgroup * 1u + localIndex / 128u;
  let lane0 = localIndex % 128u;
  let width = params.width / 4u;
  // Past the last row the bound is 0: nothing is read or written there.
  let end = select(0u, width, index < params.rows);
  let row = index * width;
  let isFirst = lane0 == 0u && index < params.rows;
  let rows0 = params.tokens * params.heads0;
  let rows1 = params.tokens * params.heads1;
  let member = u32(index >= rows0) + u32(index >= rows0 + rows1);
  let own = (index - vec3<u32>(0u, rows0, rows0 + rows1)[member]) * width;
  let heads = vec3<u32>(params.heads0, params.heads1, params.heads2)[member];
  let count = vec3<u32>(params.parts0, params.parts1, params.parts2)[member];
  let partSize = params.tokens * heads * width;
  let first = vec3<u32>(params.offset0, params.offset1, params.offset2)[member] + own;
  var squares = vec4<f32>();
  for (var c = lane0; c < end; c += 128u) {
    let value = addedUpOf(first + c, partSize, count);
    squares += value * value;
    if (member == 0u) { x0[own + c] = value; } else if (member == 1u) { x1[own + c] = value; } else { x2[own + c] = value; }
  }
  // What turns a number is another invocation's.
  storageBarrier();
  let inverse = 1.0 / sqrt(totals(dot(squares, vec4<f32>(1.0)), localIndex) / f32(params.width) + params.epsilon);
  let position = positions[min(own / width / heads, params.tokens - 1u)];
  for (var c = lane0; c < end; c += 128u) {
    if (member < 2u) {
      let value = xAt(member, own + c) * inverse * weightAt(member, c);
      var result = value;
      if (c < 2u * params.half) {
        let isFirst = c < params.half;
        let other = select(c - params.half, c + params.half, isFirst);
        let partner = xAt(member, own + other) * inverse * weightAt(member, other);
        let first = (position * params.half + c % params.half) * 2u;
        let low = table[first];
        let high = table[first + 1u];
        let cosine = vec4<f32>(low.x, low.z, high.x, high.z);
        let sine = params.direction * vec4<f32>(low.y, low.w, high.y, high.w);
        result = select(value * cosine + partner * sine, value * cosine - partner * sine, isFirst);
      }
      if (member == 0u) { out0[own + c] = result; } else { out1[own + c] = result; }
    }
  }
}
