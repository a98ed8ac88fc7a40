struct Params {
  rows: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

// Stands for no logit; finite, because WGSL knows no infinities.
const LEAST = -3.4e38;

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

var<workgroup> largestPartial: array<f32, 128>;

fn largest(value: f32, localIndex: u32) -> f32 {
  largestPartial[localIndex] = value;
  workgroupBarrier();
  for (var stride = 64u; stride > 0u; stride >>= 1u) {
    if (localIndex < stride) {
      let a = largestPartial[localIndex];
      let b = largestPartial[localIndex + stride];
      largestPartial[localIndex] = max(a, b);
    }
    workgroupBarrier();
  }
  let result = largestPartial[0];
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
  if (workgroup >= params.rows) { return; }
  let row = workgroup * params.width;
  var most = LEAST;
  var sum = 0.0;
  for (var start = localIndex; start < params.width; start += 16384u) {
    var run = 0.0;
    for (var c = start; c < min(start + 16384u, params.width); c += 1024u) {
      let x0 = select(LEAST, logits[row + min(c, params.width - 1u)], c < params.width);
      let x1 = select(LEAST, logits[row + min(c + 128u, params.width - 1u)], c + 128u < params.width);
      let x2 = select(LEAST, logits[row + min(c + 256u, params.width - 1u)], c + 256u < params.width);
      let x3 = select(LEAST, logits[row + min(c + 384u, params.width - 1u)], c + 384u < params.width);
      let x4 = select(LEAST, logits[row + min(c + 512u, params.width - 1u)], c + 512u < params.width);
      let x5 = select(LEAST, logits[row + min(c + 640u, params.width - 1u)], c + 640u < params.width);
      let x6 = select(LEAST, logits[row + min(c + 768u, params.width - 1u)], c + 768u < params.width);
      let x7 = select(LEAST, logits[row + min(c + 896u, params.width - 1u)], c + 896u < params.width);
      let next = max(most, max(max(max(x0, x1), max(x2, x3)), max(max(x4, x5), max(x6, x7))));
      let decay = exp(most - next);
      most = next;
      sum *= decay;
      run = run * decay + (((exp(x0 - next) + exp(x1 - next)) + (exp(x2 - next) + exp(x3 - next))) + ((exp(x4 - next) + exp(x5 - next)) + (exp(x6 - next) + exp(x7 - next))));
    }
    sum += run;
  }
  let largestOfAll = largest(most, localIndex);
  sum = total(sum * exp(most - largestOfAll), localIndex);
  if (localIndex == 0u) { out[workgroup] = largestOfAll + log(sum); }
}
