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
  let group = task / params.end0;
  let chunk = task % params.end0;
  if (group >= params.stacked) { return; }
  var sum0 = vec4<f32>();
  var sum1 = vec4<f32>();
  {
    let isOwn = chunk >= 0u && chunk < params.end0;
    let base = group * params.length0;
    let start = select(0u, (chunk - 0u) * 512u, isOwn);
    let stop = select(0u, min(start + 512u, params.length0), isOwn);
    for (var i = start; i < stop; i += 8u) {
      let low = vec4<f32>(select(0.0, x0[base + min(i + 0u, stop - 1u)], i + 0u < stop), select(0.0, x0[base + min(i + 1u, stop - 1u)], i + 1u < stop), select(0.0, x0[base + min(i + 2u, stop - 1u)], i + 2u < stop), select(0.0, x0[base + min(i + 3u, stop - 1u)], i + 3u < stop));
      let high = vec4<f32>(select(0.0, x0[base + min(i + 4u, stop - 1u)], i + 4u < stop), select(0.0, x0[base + min(i + 5u, stop - 1u)], i + 5u < stop), select(0.0, x0[base + min(i + 6u, stop - 1u)], i + 6u < stop), select(0.0, x0[base + min(i + 7u, stop - 1u)], i + 7u < stop));
      sum0 += low * low;
      sum1 += high * high;
    }
  }
  let half = sum0 + sum1;
  let quarter = half.xy + half.zw;
  partial[group * params.stride + params.outOffset + chunk] = quarter.x + quarter.y;
}
