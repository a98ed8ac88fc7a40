struct Params {
  count: u32,
  end0: u32,
  columns0: u32,
  accumulate0: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> groups: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> x0: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> out0: array<vec4<f32>>;

@compute @workgroup_size(32)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let i = workgroup * 32u + localIndex;
  if (i >= params.count) { return; }
  let j = i;
  let group = groups[j / params.columns0];
  let c = j % params.columns0;
  var result = vec4<f32>();
  for (var start = group.x; start < group.y; start += 64u) {
    var sum = vec4<f32>();
    for (var r = start; r < min(start + 64u, group.y); r++) {
      sum += x0[r * params.columns0 + c];
    }
    result += sum;
  }
  if (params.accumulate0 != 0u) { result += out0[j]; }
  out0[j] = result;
}
