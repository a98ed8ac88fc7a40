struct Params {
  start: u32,
  end0: u32,
  end1: u32,
  end2: u32,
  end3: u32,
  outIndex: u32,
  accumulate: u32,
  root: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

var<workgroup> totalPartial: array<f32, 8>;

fn total(value: f32, localIndex: u32) -> f32 {
  totalPartial[localIndex] = value;
  workgroupBarrier();
  for (var stride = 4u; stride > 0u; stride >>= 1u) {
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

fn run(start: u32, end: u32, localIndex: u32) -> f32 {
  var sum = 0.0;
  for (var i = start + localIndex; i < end; i += 8u) { sum += partial[i]; }
  return total(sum, localIndex);
}

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (workgroup > 0u) { return; }
  let run0 = run(params.start, params.end0, localIndex);
  let run1 = run(params.end0, params.end1, localIndex);
  let run2 = run(params.end1, params.end2, localIndex);
  let run3 = run(params.end2, params.end3, localIndex);
  if (localIndex == 0u) {
    var result = run0;
    if (params.accumulate != 0u) { result += out[params.outIndex]; }
    result = run3 + (run2 + (run1 + result));
    if (params.root != 0u) { result = sqrt(result); }
    out[params.outIndex] = result;
  }
}
