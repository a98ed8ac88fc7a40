struct Params {
  rows: u32,
  width: u32,
  heads0: u32,
  heads1: u32,
  epsilon: f32,
  half: u32,
  direction: f32,
  tokens: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x0: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> x1: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> weight0: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> weight1: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> out0: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> out1: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read> positions: array<u32>;
@group(0) @binding(8) var<storage, read> table: array<vec4<f32>>;

fn xAt(isSecond: bool, at: u32) -> vec4<f32> {
  if (isSecond) { return x1[at]; }
  return x0[at];
}

fn weightAt(isSecond: bool, at: u32) -> vec4<f32> {
  if (isSecond) { return weight1[at]; }
  return weight0[at];
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
  let isSecond = index >= rows0;
  let own = select(index, index - rows0, isSecond) * width;
  var squares = vec4<f32>();
  for (var c = lane0; c < end; c += 128u) {
    let value = xAt(isSecond, own + c); squares += value * value;
  }
  let inverse = 1.0 / sqrt(totals(dot(squares, vec4<f32>(1.0)), localIndex) / f32(params.width) + params.epsilon);
  let position = positions[min(own / width / select(params.heads0, params.heads1, isSecond), params.tokens - 1u)];
  for (var c = lane0; c < end; c += 128u) {
    let value = xAt(isSecond, own + c) * inverse * weightAt(isSecond, c);
    var result = value;
    if (c < 2u * params.half) {
      let isFirst = c < params.half;
      let other = select(c - params.half, c + params.half, isFirst);
      let partner = xAt(isSecond, own + other) * inverse * weightAt(isSecond, other);
      let first = (position * params.half + c % params.half) * 2u;
      let low = table[first];
      let high = table[first + 1u];
      let cosine = vec4<f32>(low.x, low.z, high.x, high.z);
      let sine = params.direction * vec4<f32>(low.y, low.w, high.y, high.w);
      result = select(value * cosine + partner * sine, value * cosine - partner * sine, isFirst);
    }
    if (isSecond) { out1[own + c] = result; } else { out0[own + c] = result; }
  }
}
