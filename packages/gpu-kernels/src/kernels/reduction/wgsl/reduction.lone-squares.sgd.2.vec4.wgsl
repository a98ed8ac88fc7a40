struct Params {
  end0: u32,
  length0: u32,
  end1: u32,
  length1: u32,
  stacked: u32,
  stride: u32,
  outOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x0: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> x1: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> parameter0: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> parameter1: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> learningRates: array<f32>;
@group(0) @binding(6) var<storage, read_write> partial: array<f32>;

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let task = workgroup * 8u + localIndex;
  if (task >= params.end1 * params.stacked) { return; }
  var place = 0u;
  var sum0 = vec4<f32>();
  var sum1 = vec4<f32>();
  {
    let first = 0u * params.stacked;
    let isOwn = task >= first && task < params.end0 * params.stacked;
    let chunks = max(params.end0 - 0u, 1u);
    let group = (task - first) / chunks;
    let chunk = (task - first) % chunks;
    let base = group * params.length0;
    let rate = -learningRates[select(0u, group, isOwn)];
    var i = select(0u, chunk * 512u, isOwn);
    let stop = select(0u, min(i + 512u, params.length0), isOwn);
    for (; i + 15u < stop; i += 16u) {
      let at = (base + i) >> 2u;
      let low = x0[at];
      let high = x0[at + 1u];
      let nextLow = x0[at + 2u];
      let nextHigh = x0[at + 3u];
      sum0 = sum0 + low * low + nextLow * nextLow;
      sum1 = sum1 + high * high + nextHigh * nextHigh;
      parameter0[at + 0u] += rate * low;
      parameter0[at + 1u] += rate * high;
      parameter0[at + 2u] += rate * nextLow;
      parameter0[at + 3u] += rate * nextHigh;
    }
    for (; i < stop; i += 8u) {
      let low = select(vec4<f32>(), x0[(base + min(i + 0u, stop - 4u)) >> 2u], i + 0u < stop);
      let high = select(vec4<f32>(), x0[(base + min(i + 4u, stop - 4u)) >> 2u], i + 4u < stop);
      sum0 += low * low;
      sum1 += high * high;
      parameter0[(base + i) >> 2u] += rate * low;
      if (i + 4u < stop) { parameter0[(base + i + 4u) >> 2u] += rate * high; }
    }
    place = select(place, group * params.stride + 0u + chunk, isOwn);
  }
  {
    let first = params.end0 * params.stacked;
    let isOwn = task >= first && task < params.end1 * params.stacked;
    let chunks = max(params.end1 - params.end0, 1u);
    let group = (task - first) / chunks;
    let chunk = (task - first) % chunks;
    let base = group * params.length1;
    let rate = -learningRates[select(0u, group, isOwn)];
    var i = select(0u, chunk * 512u, isOwn);
    let stop = select(0u, min(i + 512u, params.length1), isOwn);
    for (; i + 15u < stop; i += 16u) {
      let at = (base + i) >> 2u;
      let low = x1[at];
      let high = x1[at + 1u];
      let nextLow = x1[at + 2u];
      let nextHigh = x1[at + 3u];
      sum0 = sum0 + low * low + nextLow * nextLow;
      sum1 = sum1 + high * high + nextHigh * nextHigh;
      parameter1[at + 0u] += rate * low;
      parameter1[at + 1u] += rate * high;
      parameter1[at + 2u] += rate * nextLow;
      parameter1[at + 3u] += rate * nextHigh;
    }
    for (; i < stop; i += 8u) {
      let low = select(vec4<f32>(), x1[(base + min(i + 0u, stop - 4u)) >> 2u], i + 0u < stop);
      let high = select(vec4<f32>(), x1[(base + min(i + 4u, stop - 4u)) >> 2u], i + 4u < stop);
      sum0 += low * low;
      sum1 += high * high;
      parameter1[(base + i) >> 2u] += rate * low;
      if (i + 4u < stop) { parameter1[(base + i + 4u) >> 2u] += rate * high; }
    }
    place = select(place, group * params.stride + params.end0 + chunk, isOwn);
  }
  let half = sum0 + sum1;
  let quarter = half.xy + half.zw;
  partial[params.outOffset + place] = quarter.x + quarter.y;
}
