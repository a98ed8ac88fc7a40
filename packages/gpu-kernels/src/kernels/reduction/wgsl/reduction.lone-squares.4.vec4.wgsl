struct Params {
  end0: u32,
  length0: u32,
  end1: u32,
  length1: u32,
  end2: u32,
  length2: u32,
  end3: u32,
  length3: u32,
  stacked: u32,
  stride: u32,
  outOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x0: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> x1: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> x2: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> x3: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> partial: array<f32>;

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let task = workgroup * 8u + localIndex;
  let group = task / params.end3;
  let chunk = task % params.end3;
  if (group >= params.stacked) { return; }
  var sum0 = vec4<f32>();
  var sum1 = vec4<f32>();
  {
    let isOwn = chunk >= 0u && chunk < params.end0;
    let base = group * params.length0;
    let start = select(0u, (chunk - 0u) * 512u, isOwn);
    let stop = select(0u, min(start + 512u, params.length0), isOwn);
    for (var i = start; i < stop; i += 8u) {
      let low = select(vec4<f32>(), x0[(base + min(i + 0u, stop - 4u)) / 4u], i + 0u < stop);
      let high = select(vec4<f32>(), x0[(base + min(i + 4u, stop - 4u)) / 4u], i + 4u < stop);
      sum0 += low * low;
      sum1 += high * high;
    }
  }
  {
    let isOwn = chunk >= params.end0 && chunk < params.end1;
    let base = group * params.length1;
    let start = select(0u, (chunk - params.end0) * 512u, isOwn);
    let stop = select(0u, min(start + 512u, params.length1), isOwn);
    for (var i = start; i < stop; i += 8u) {
      let low = select(vec4<f32>(), x1[(base + min(i + 0u, stop - 4u)) / 4u], i + 0u < stop);
      let high = select(vec4<f32>(), x1[(base + min(i + 4u, stop - 4u)) / 4u], i + 4u < stop);
      sum0 += low * low;
      sum1 += high * high;
    }
  }
  {
    let isOwn = chunk >= params.end1 && chunk < params.end2;
    let base = group * params.length2;
    let start = select(0u, (chunk - params.end1) * 512u, isOwn);
    let stop = select(0u, min(start + 512u, params.length2), isOwn);
    for (var i = start; i < stop; i += 8u) {
      let low = select(vec4<f32>(), x2[(base + min(i + 0u, stop - 4u)) / 4u], i + 0u < stop);
      let high = select(vec4<f32>(), x2[(base + min(i + 4u, stop - 4u)) / 4u], i + 4u < stop);
      sum0 += low * low;
      sum1 += high * high;
    }
  }
  {
    let isOwn = chunk >= params.end2 && chunk < params.end3;
    let base = group * params.length3;
    let start = select(0u, (chunk - params.end2) * 512u, isOwn);
    let stop = select(0u, min(start + 512u, params.length3), isOwn);
    for (var i = start; i < stop; i += 8u) {
      let low = select(vec4<f32>(), x3[(base + min(i + 0u, stop - 4u)) / 4u], i + 0u < stop);
      let high = select(vec4<f32>(), x3[(base + min(i + 4u, stop - 4u)) / 4u], i + 4u < stop);
      sum0 += low * low;
      sum1 += high * high;
    }
  }
  let half = sum0 + sum1;
  let quarter = half.xy + half.zw;
  partial[group * params.stride + params.outOffset + chunk] = quarter.x + quarter.y;
}
