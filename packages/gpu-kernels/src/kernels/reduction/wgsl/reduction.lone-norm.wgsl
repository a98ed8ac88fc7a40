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

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let group = workgroup * 8u + localIndex;
  if (group >= params.stacked) { return; }
  let first = group * params.stride;
  let place = params.outIndex + group * params.outStride;
  let ends = vec4<u32>(params.end0, params.end1, params.end2, params.end3);
  let lane = vec4<u32>(0u, 1u, 2u, 3u);
  var start = params.start;
  var result = 0.0;
  if (params.accumulate != 0u) { result = out[place]; }
  for (var r = 0u; r < 4u; r++) {
    let end = ends[r];
    var last = 0.0;
    var own0 = vec4<f32>();
    var own1 = vec4<f32>();
    var block = 0u;
    for (; start < end; start += 512u) {
      var sum0 = vec4<f32>();
      var sum1 = vec4<f32>();
      let stop = min(start + 512u, end);
      for (var i = start; i < stop; i++) {
        let value = partial[first + i];
        let turn = vec4<u32>((i - start) % 8u);
        sum0 += select(vec4<f32>(), vec4<f32>(value), turn == lane);
        sum1 += select(vec4<f32>(), vec4<f32>(value), turn == lane + 4u);
      }
      let half = sum0 + sum1;
      let quarter = half.xy + half.zw;
      last = quarter.x + quarter.y;
      own0 += select(vec4<f32>(), vec4<f32>(last), vec4<u32>(block % 8u) == lane);
      own1 += select(vec4<f32>(), vec4<f32>(last), vec4<u32>(block % 8u) == lane + 4u);
      block++;
    }
    if (block > 1u) {
      let sum0 = own0;
      let sum1 = own1;
      let half = sum0 + sum1;
      let quarter = half.xy + half.zw;
      last = quarter.x + quarter.y;
    }
    result += last;
    start = end;
  }
  if (params.root != 0u) { result = sqrt(result); }
  out[place] = result;
}
