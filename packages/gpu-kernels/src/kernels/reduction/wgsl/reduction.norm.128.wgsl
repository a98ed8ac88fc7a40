struct Params {
  start: u32,
  end0: u32,
  end1: u32,
  end2: u32,
  end3: u32,
  stride: u32,
  stacked: u32,
  outIndex: u32,
  outStride: u32,
  accumulate: u32,
  root: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

var<workgroup> totalPartial: array<f32, 128>;

fn total(value: f32, localIndex: u32) -> f32 {
  totalPartial[localIndex] = value;
  workgroupBarrier();
  for (var stride = 64u; stride > 0u; stride >>= 1u) {
    if (localIndex < stride) {
      let a = totalPartial[localIndex];
      let b = totalPartial[localIndex + stride];
      totalPartial[localIndex] = a + b;
    }
    workgroupBarrier();
  }
  let result = totalPartial[0];
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
  if (workgroup >= params.stacked) { return; }
  let first = workgroup * params.stride;
  let place = params.outIndex + workgroup * params.outStride;
  let ends = vec4<u32>(params.end0, params.end1, params.end2, params.end3);
  var start = params.start;
  var result = 0.0;
  if (params.accumulate != 0u) { result = out[place]; }
  // Rolled: barriers take long to compile on software adapters.
  for (var r = 0u; r < 4u; r++) {
    let end = ends[r];
    // In blocks, and then the blocks' sums likewise: as a sum in stages.
    var last = 0.0;
    var own = 0.0;
    var block = 0u;
    for (; start < end; start += 8192u) {
      var sum = 0.0;
      for (var i = start + localIndex; i < min(start + 8192u, end); i += 128u) { sum += partial[first + i]; }
      last = total(sum, localIndex);
      if (block % 128u == localIndex) { own += last; }
      block++;
    }
    if (block > 1u) { last = total(own, localIndex); }
    result += last;
    start = end;
  }
  if (localIndex == 0u) {
    if (params.root != 0u) { result = sqrt(result); }
    out[place] = result;
  }
}
