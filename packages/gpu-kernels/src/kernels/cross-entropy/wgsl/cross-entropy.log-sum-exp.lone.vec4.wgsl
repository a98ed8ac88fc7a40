struct Params {
  rows: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

// Stands for no logit; finite, because WGSL knows no infinities.
const LEAST = -3.4e38;

fn largest(x: vec4<f32>) -> f32 {
  return max(max(x.x, x.y), max(x.z, x.w));
}

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let index = workgroup * 8u + localIndex;
  if (index >= params.rows) { return; }
  let end = params.width / 4u;
  let row = index * end;
  var most = LEAST;
  var sums = vec4<f32>();
  for (var start = 0u; start < end; start += 64u) {
    let stop = min(start + 64u, end);
    var run = vec4<f32>();
    var c = start;
    for (; c + 3u < stop; c += 4u) {
      let x0 = logits[row + c + 0u];
      let x1 = logits[row + c + 1u];
      let x2 = logits[row + c + 2u];
      let x3 = logits[row + c + 3u];
      let next = max(most, largest(max(max(x0, x1), max(x2, x3))));
      let decay = exp(most - next);
      sums *= decay;
      run = run * decay + ((exp(x0 - next) + exp(x1 - next)) + (exp(x2 - next) + exp(x3 - next)));
      most = next;
    }
    for (; c < stop; c++) {
      let x = logits[row + c];
      let next = max(most, largest(x));
      let decay = exp(most - next);
      sums *= decay;
      run = run * decay + exp(x - next);
      most = next;
    }
    sums += run;
  }
  var sum = (sums.x + sums.y) + (sums.z + sums.w);
  out[index] = most + log(sum);
}
