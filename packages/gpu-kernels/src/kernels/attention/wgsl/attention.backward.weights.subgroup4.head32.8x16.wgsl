enable subgroups;

struct Params {
  heads: u32,
  queriesPerKeyValueHead: u32,
  kvHeads: u32,
  scale: f32,
  headElements: u32,
  window: u32,
  firstBlock: u32,
  taskCount: u32,
  stripStart: u32,
  stripEnd: u32,
  weightStride: u32,
  gradientsAt: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> blocks: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> q: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> k: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> v: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> out: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read> gradOutput: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read> logSumExp: array<f32>;
@group(0) @binding(8) var<storage, read_write> weights: array<vec4<f32>>;

@compute @workgroup_size(4)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (workgroup >= params.taskCount) { return; }
  let block = blocks[params.firstBlock + workgroup / params.heads];
  if (block.x < params.stripStart || block.x >= params.stripEnd) { return; }
  let head = workgroup % params.heads;
  let kvHead = head / params.queriesPerKeyValueHead;
  let end = block.x + block.y;
  let rowHead0 = min(block.x + lane, end - 1u) * params.heads + head;
  let queryAt0 = rowHead0 * params.headElements;
  let normalizer0 = logSumExp[rowHead0];
  var mean0 = 0.0;
  let rowHead1 = min(block.x + 4u + lane, end - 1u) * params.heads + head;
  let queryAt1 = rowHead1 * params.headElements;
  let normalizer1 = logSumExp[rowHead1];
  var mean1 = 0.0;
  for (var i = 0u; i < params.headElements; i++) {
    mean0 += dot(gradOutput[queryAt0 + i], out[queryAt0 + i]);
    mean1 += dot(gradOutput[queryAt1 + i], out[queryAt1 + i]);
  }
  // From where the first block of the same tile does, so that sums over larger blocks find zeros.
  let place = (block.x - block.z) / 16u * 16u;
  let hidden = select(0u, place + 1u - params.window, place >= params.window);
  for (var key = block.z + (hidden) / 16u * 16u; key < end; key += 16u) {
    let keys = key + lane * 4u + vec4<u32>(0u, 1u, 2u, 3u);
    let keyAt0 = (min(keys.x, end - 1u) * params.kvHeads + kvHead) * params.headElements;
    let keyAt1 = (min(keys.y, end - 1u) * params.kvHeads + kvHead) * params.headElements;
    let keyAt2 = (min(keys.z, end - 1u) * params.kvHeads + kvHead) * params.headElements;
    let keyAt3 = (min(keys.w, end - 1u) * params.kvHeads + kvHead) * params.headElements;
    var s0 = vec4<f32>();
    var s1 = vec4<f32>();
    var s2 = vec4<f32>();
    var s3 = vec4<f32>();
    var s4 = vec4<f32>();
    var s5 = vec4<f32>();
    var s6 = vec4<f32>();
    var s7 = vec4<f32>();
    for (var i = 0u; i < params.headElements; i++) {
      let column0 = k[keyAt0 + i];
      let column1 = k[keyAt1 + i];
      let column2 = k[keyAt2 + i];
      let column3 = k[keyAt3 + i];
      let own0 = q[queryAt0 + i];
      let own1 = q[queryAt1 + i];
      let turned0 = vec4<f32>(column0.x, column1.x, column2.x, column3.x);
      let turned1 = vec4<f32>(column0.y, column1.y, column2.y, column3.y);
      let turned2 = vec4<f32>(column0.z, column1.z, column2.z, column3.z);
      let turned3 = vec4<f32>(column0.w, column1.w, column2.w, column3.w);
      s0 = fma(vec4<f32>(subgroupBroadcast(own0.w, 0u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 0u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 0u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 0u)), turned0, s0))));
      s1 = fma(vec4<f32>(subgroupBroadcast(own0.w, 1u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 1u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 1u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 1u)), turned0, s1))));
      s2 = fma(vec4<f32>(subgroupBroadcast(own0.w, 2u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 2u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 2u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 2u)), turned0, s2))));
      s3 = fma(vec4<f32>(subgroupBroadcast(own0.w, 3u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 3u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 3u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 3u)), turned0, s3))));
      s4 = fma(vec4<f32>(subgroupBroadcast(own1.w, 0u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 0u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 0u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 0u)), turned0, s4))));
      s5 = fma(vec4<f32>(subgroupBroadcast(own1.w, 1u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 1u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 1u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 1u)), turned0, s5))));
      s6 = fma(vec4<f32>(subgroupBroadcast(own1.w, 2u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 2u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 2u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 2u)), turned0, s6))));
      s7 = fma(vec4<f32>(subgroupBroadcast(own1.w, 3u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 3u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 3u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 3u)), turned0, s7))));
    }
    var d0 = vec4<f32>();
    var d1 = vec4<f32>();
    var d2 = vec4<f32>();
    var d3 = vec4<f32>();
    var d4 = vec4<f32>();
    var d5 = vec4<f32>();
    var d6 = vec4<f32>();
    var d7 = vec4<f32>();
    for (var i = 0u; i < params.headElements; i++) {
      let column0 = v[keyAt0 + i];
      let column1 = v[keyAt1 + i];
      let column2 = v[keyAt2 + i];
      let column3 = v[keyAt3 + i];
      let own0 = gradOutput[queryAt0 + i];
      let own1 = gradOutput[queryAt1 + i];
      let turned0 = vec4<f32>(column0.x, column1.x, column2.x, column3.x);
      let turned1 = vec4<f32>(column0.y, column1.y, column2.y, column3.y);
      let turned2 = vec4<f32>(column0.z, column1.z, column2.z, column3.z);
      let turned3 = vec4<f32>(column0.w, column1.w, column2.w, column3.w);
      d0 = fma(vec4<f32>(subgroupBroadcast(own0.w, 0u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 0u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 0u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 0u)), turned0, d0))));
      d1 = fma(vec4<f32>(subgroupBroadcast(own0.w, 1u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 1u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 1u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 1u)), turned0, d1))));
      d2 = fma(vec4<f32>(subgroupBroadcast(own0.w, 2u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 2u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 2u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 2u)), turned0, d2))));
      d3 = fma(vec4<f32>(subgroupBroadcast(own0.w, 3u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 3u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 3u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 3u)), turned0, d3))));
      d4 = fma(vec4<f32>(subgroupBroadcast(own1.w, 0u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 0u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 0u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 0u)), turned0, d4))));
      d5 = fma(vec4<f32>(subgroupBroadcast(own1.w, 1u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 1u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 1u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 1u)), turned0, d5))));
      d6 = fma(vec4<f32>(subgroupBroadcast(own1.w, 2u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 2u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 2u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 2u)), turned0, d6))));
      d7 = fma(vec4<f32>(subgroupBroadcast(own1.w, 3u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 3u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 3u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 3u)), turned0, d7))));
    }
    let weightAt = ((block.x - params.stripStart) * params.heads + head) * params.weightStride + (key - block.z) / 4u + lane;
    let lastRow = block.y - 1u;
    s0 = select(vec4<f32>(), exp(min(params.scale * s0 - subgroupBroadcast(normalizer0, 0u), vec4<f32>())), (keys <= vec4<u32>(min(block.x, end - 1u))) & (vec4<u32>(min(block.x, end - 1u)) - keys < vec4<u32>(params.window)));
    d0 = params.scale * s0 * (d0 - subgroupBroadcast(mean0, 0u));
    let weightAt0 = weightAt + min(0u, lastRow) * params.heads * params.weightStride;
    weights[weightAt0] = s0;
    weights[weightAt0 + params.gradientsAt] = d0;
    s1 = select(vec4<f32>(), exp(min(params.scale * s1 - subgroupBroadcast(normalizer0, 1u), vec4<f32>())), (keys <= vec4<u32>(min(block.x + 1u, end - 1u))) & (vec4<u32>(min(block.x + 1u, end - 1u)) - keys < vec4<u32>(params.window)));
    d1 = params.scale * s1 * (d1 - subgroupBroadcast(mean0, 1u));
    let weightAt1 = weightAt + min(1u, lastRow) * params.heads * params.weightStride;
    weights[weightAt1] = s1;
    weights[weightAt1 + params.gradientsAt] = d1;
    s2 = select(vec4<f32>(), exp(min(params.scale * s2 - subgroupBroadcast(normalizer0, 2u), vec4<f32>())), (keys <= vec4<u32>(min(block.x + 2u, end - 1u))) & (vec4<u32>(min(block.x + 2u, end - 1u)) - keys < vec4<u32>(params.window)));
    d2 = params.scale * s2 * (d2 - subgroupBroadcast(mean0, 2u));
    let weightAt2 = weightAt + min(2u, lastRow) * params.heads * params.weightStride;
    weights[weightAt2] = s2;
    weights[weightAt2 + params.gradientsAt] = d2;
    s3 = select(vec4<f32>(), exp(min(params.scale * s3 - subgroupBroadcast(normalizer0, 3u), vec4<f32>())), (keys <= vec4<u32>(min(block.x + 3u, end - 1u))) & (vec4<u32>(min(block.x + 3u, end - 1u)) - keys < vec4<u32>(params.window)));
    d3 = params.scale * s3 * (d3 - subgroupBroadcast(mean0, 3u));
    let weightAt3 = weightAt + min(3u, lastRow) * params.heads * params.weightStride;
    weights[weightAt3] = s3;
    weights[weightAt3 + params.gradientsAt] = d3;
    s4 = select(vec4<f32>(), exp(min(params.scale * s4 - subgroupBroadcast(normalizer1, 0u), vec4<f32>())), (keys <= vec4<u32>(min(block.x + 4u, end - 1u))) & (vec4<u32>(min(block.x + 4u, end - 1u)) - keys < vec4<u32>(params.window)));
    d4 = params.scale * s4 * (d4 - subgroupBroadcast(mean1, 0u));
    let weightAt4 = weightAt + min(4u, lastRow) * params.heads * params.weightStride;
    weights[weightAt4] = s4;
    weights[weightAt4 + params.gradientsAt] = d4;
    s5 = select(vec4<f32>(), exp(min(params.scale * s5 - subgroupBroadcast(normalizer1, 1u), vec4<f32>())), (keys <= vec4<u32>(min(block.x + 5u, end - 1u))) & (vec4<u32>(min(block.x + 5u, end - 1u)) - keys < vec4<u32>(params.window)));
    d5 = params.scale * s5 * (d5 - subgroupBroadcast(mean1, 1u));
    let weightAt5 = weightAt + min(5u, lastRow) * params.heads * params.weightStride;
    weights[weightAt5] = s5;
    weights[weightAt5 + params.gradientsAt] = d5;
    s6 = select(vec4<f32>(), exp(min(params.scale * s6 - subgroupBroadcast(normalizer1, 2u), vec4<f32>())), (keys <= vec4<u32>(min(block.x + 6u, end - 1u))) & (vec4<u32>(min(block.x + 6u, end - 1u)) - keys < vec4<u32>(params.window)));
    d6 = params.scale * s6 * (d6 - subgroupBroadcast(mean1, 2u));
    let weightAt6 = weightAt + min(6u, lastRow) * params.heads * params.weightStride;
    weights[weightAt6] = s6;
    weights[weightAt6 + params.gradientsAt] = d6;
    s7 = select(vec4<f32>(), exp(min(params.scale * s7 - subgroupBroadcast(normalizer1, 3u), vec4<f32>())), (keys <= vec4<u32>(min(block.x + 7u, end - 1u))) & (vec4<u32>(min(block.x + 7u, end - 1u)) - keys < vec4<u32>(params.window)));
    d7 = params.scale * s7 * (d7 - subgroupBroadcast(mean1, 3u));
    let weightAt7 = weightAt + min(7u, lastRow) * params.heads * params.weightStride;
    weights[weightAt7] = s7;
    weights[weightAt7 + params.gradientsAt] = d7;
  }
}
