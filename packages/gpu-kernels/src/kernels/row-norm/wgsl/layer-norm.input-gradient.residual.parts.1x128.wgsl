struct Params {
  rows: u32,
  width: u32,
  partSize: u32,
  parts0: u32,
  parts1: u32,
  parts2: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> stats: array<f32>;
@group(0) @binding(4) var<storage, read> parts: array<f32>;
@group(0) @binding(5) var<storage, read> gradResidual: array<f32>;
@group(0) @binding(6) var<storage, read_write> gradInput: array<f32>;

fn addedUpOf(at: u32, size: u32, count: u32) -> f32 {
  var sum = f32();
  // A constant bound: no guard against loops without end.
  for (var i = 0u; i < 64u; i += 8u) {
    if (i >= count) { break; }
    let value0 = parts[at + i * size];
    let value1 = select(f32(), parts[at + min(i + 1u, count - 1u) * size], i + 1u < count);
    let value2 = select(f32(), parts[at + min(i + 2u, count - 1u) * size], i + 2u < count);
    let value3 = select(f32(), parts[at + min(i + 3u, count - 1u) * size], i + 3u < count);
    let value4 = select(f32(), parts[at + min(i + 4u, count - 1u) * size], i + 4u < count);
    let value5 = select(f32(), parts[at + min(i + 5u, count - 1u) * size], i + 5u < count);
    let value6 = select(f32(), parts[at + min(i + 6u, count - 1u) * size], i + 6u < count);
    let value7 = select(f32(), parts[at + min(i + 7u, count - 1u) * size], i + 7u < count);
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

fn addedUp(at: u32) -> f32 {
  var value = f32();
  var first = at;
  // Rolled: the text of each product would take seconds to compile on software adapters.
  let counts = vec3<u32>(params.parts0, params.parts1, params.parts2);
  for (var product = 0u; product < 3u; product++) {
    let count = counts[product];
    if (count == 0u) { break; }
    value += addedUpOf(first, params.partSize, count);
    first += count * params.partSize;
  }
  return value;
}

var<workgroup> partial: array<vec2<f32>, 128>;

fn totals(value: vec2<f32>, localIndex: u32) -> vec2<f32> {
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
  let width = params.width;
  // Past the last row the bound is 0: nothing is read or written there.
  let end = select(0u, width, index < params.rows);
  let row = index * width;
  let isFirst = lane0 == 0u && index < params.rows;
  let mean = stats[2u * min(index, params.rows - 1u)];
  let inverse = stats[2u * min(index, params.rows - 1u) + 1u];
  var scaledSum = f32();
  var productSum = f32();
  for (var c = lane0; c < end; c += 128u) {
    let factor = weight[c];
    let upstream = addedUp(row + c);
    gradInput[row + c] = upstream;
    let scaled = upstream * factor;
    let product = scaled * (x[row + c] - mean) * inverse;
    scaledSum += scaled;
    productSum += product;
  }
  let means = totals(vec2<f32>(scaledSum, productSum), localIndex) / f32(params.width);
  for (var c = lane0; c < end; c += 128u) {
    let factor = weight[c];
    let scaled = gradInput[row + c] * factor;
    let normalized = (x[row + c] - mean) * inverse;
    var value = inverse * (scaled - means.x - normalized * means.y);
    value += gradResidual[row + c];
    gradInput[row + c] = value;
  }
}
