struct Params {
  repeats: u32,
  factor: f32,
  term: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let index = workgroup * 64u + localIndex;
  if (index >= arrayLength(&out)) { return; }
  let factor = vec4f(params.factor);
  let term = vec4f(params.term);
  var x0 = vec4f(f32(index + 0u));
  var x1 = vec4f(f32(index + 1u));
  var x2 = vec4f(f32(index + 2u));
  var x3 = vec4f(f32(index + 3u));
  var x4 = vec4f(f32(index + 4u));
  var x5 = vec4f(f32(index + 5u));
  var x6 = vec4f(f32(index + 6u));
  var x7 = vec4f(f32(index + 7u));
  for (var i = 0u; i < params.repeats; i++) {
    x0 = fma(x0, factor, term); x1 = fma(x1, factor, term); x2 = fma(x2, factor, term); x3 = fma(x3, factor, term); x4 = fma(x4, factor, term); x5 = fma(x5, factor, term); x6 = fma(x6, factor, term); x7 = fma(x7, factor, term);
    x0 = fma(x0, factor, term); x1 = fma(x1, factor, term); x2 = fma(x2, factor, term); x3 = fma(x3, factor, term); x4 = fma(x4, factor, term); x5 = fma(x5, factor, term); x6 = fma(x6, factor, term); x7 = fma(x7, factor, term);
    x0 = fma(x0, factor, term); x1 = fma(x1, factor, term); x2 = fma(x2, factor, term); x3 = fma(x3, factor, term); x4 = fma(x4, factor, term); x5 = fma(x5, factor, term); x6 = fma(x6, factor, term); x7 = fma(x7, factor, term);
    x0 = fma(x0, factor, term); x1 = fma(x1, factor, term); x2 = fma(x2, factor, term); x3 = fma(x3, factor, term); x4 = fma(x4, factor, term); x5 = fma(x5, factor, term); x6 = fma(x6, factor, term); x7 = fma(x7, factor, term);
  }
  let sum = x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7;
  out[index] = sum.x + sum.y + sum.z + sum.w;
}
