struct Params {
  end0: u32,
  length0: u32,
  stacked: u32,
  stride: u32,
  outOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x0: array<f32>;
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let task = workgroup * 8u + localIndex;
  if (task >= params.end0 * params.stacked) { return; }
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
    var i = select(0u, chunk * 512u, isOwn);
    let stop = select(0u, min(i + 512u, params.length0), isOwn);
    for (; i < stop; i += 8u) {
      let low = vec4<f32>(select(0.0, x0[base + min(i + 0u, stop - 1u)], i + 0u < stop), select(0.0, x0[base + min(i + 1u, stop - 1u)], i + 1u < stop), select(0.0, x0[base + min(i + 2u, stop - 1u)], i + 2u < stop), select(0.0, x0[base + min(i + 3u, stop - 1u)], i + 3u < stop));
      let high = vec4<f32>(select(0.0, x0[base + min(i + 4u, stop - 1u)], i + 4u < stop), select(0.0, x0[base + min(i + 5u, stop - 1u)], i + 5u < stop), select(0.0, x0[base + min(i + 6u, stop - 1u)], i + 6u < stop), select(0.0, x0[base + min(i + 7u, stop - 1u)], i + 7u < stop));
      sum0 += low * low;
      sum1 += high * high;
    }
    place = select(place, group * params.stride + 0u + chunk, isOwn);
  }
  let half = sum0 + sum1;
  let quarter = half.xy + half.zw;
  partial[params.outOffset + place] = quarter.x + quarter.y;
}
