enable subgroups;

struct Params {
  heads: u32,
  queriesPerKeyValueHead: u32,
  kvHeads: u32,
  scale: f32,
  headElements: u32,
  window: u32,
  firstBlock: u32,
  queryTasks: u32,
  taskCount: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> blocks: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> q: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> k: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> v: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> out: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read> gradOutput: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read> logSumExp: array<f32>;
@group(0) @binding(8) var<storage, read_write> gradQuery: array<vec4<f32>>;

@compute @workgroup_size(4)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (workgroup >= params.taskCount) { return; }
  let block = blocks[params.firstBlock + workgroup / params.heads];
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
  var gradQuery0_0 = vec4<f32>();
  var gradQuery0_1 = vec4<f32>();
  var gradQuery1_0 = vec4<f32>();
  var gradQuery1_1 = vec4<f32>();
  var gradQuery2_0 = vec4<f32>();
  var gradQuery2_1 = vec4<f32>();
  var gradQuery3_0 = vec4<f32>();
  var gradQuery3_1 = vec4<f32>();
  var gradQuery4_0 = vec4<f32>();
  var gradQuery4_1 = vec4<f32>();
  var gradQuery5_0 = vec4<f32>();
  var gradQuery5_1 = vec4<f32>();
  var gradQuery6_0 = vec4<f32>();
  var gradQuery6_1 = vec4<f32>();
  var gradQuery7_0 = vec4<f32>();
  var gradQuery7_1 = vec4<f32>();
  let place = block.x - block.z;
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
    s0 = select(vec4<f32>(), exp(min(params.scale * s0 - subgroupBroadcast(normalizer0, 0u), vec4<f32>())), (keys <= vec4<u32>(block.x)) & (vec4<u32>(block.x) - keys < vec4<u32>(params.window)));
    d0 = params.scale * s0 * (d0 - subgroupBroadcast(mean0, 0u));
    s1 = select(vec4<f32>(), exp(min(params.scale * s1 - subgroupBroadcast(normalizer0, 1u), vec4<f32>())), (keys <= vec4<u32>(block.x + 1u)) & (vec4<u32>(block.x + 1u) - keys < vec4<u32>(params.window)));
    d1 = params.scale * s1 * (d1 - subgroupBroadcast(mean0, 1u));
    s2 = select(vec4<f32>(), exp(min(params.scale * s2 - subgroupBroadcast(normalizer0, 2u), vec4<f32>())), (keys <= vec4<u32>(block.x + 2u)) & (vec4<u32>(block.x + 2u) - keys < vec4<u32>(params.window)));
    d2 = params.scale * s2 * (d2 - subgroupBroadcast(mean0, 2u));
    s3 = select(vec4<f32>(), exp(min(params.scale * s3 - subgroupBroadcast(normalizer0, 3u), vec4<f32>())), (keys <= vec4<u32>(block.x + 3u)) & (vec4<u32>(block.x + 3u) - keys < vec4<u32>(params.window)));
    d3 = params.scale * s3 * (d3 - subgroupBroadcast(mean0, 3u));
    s4 = select(vec4<f32>(), exp(min(params.scale * s4 - subgroupBroadcast(normalizer1, 0u), vec4<f32>())), (keys <= vec4<u32>(block.x + 4u)) & (vec4<u32>(block.x + 4u) - keys < vec4<u32>(params.window)));
    d4 = params.scale * s4 * (d4 - subgroupBroadcast(mean1, 0u));
    s5 = select(vec4<f32>(), exp(min(params.scale * s5 - subgroupBroadcast(normalizer1, 1u), vec4<f32>())), (keys <= vec4<u32>(block.x + 5u)) & (vec4<u32>(block.x + 5u) - keys < vec4<u32>(params.window)));
    d5 = params.scale * s5 * (d5 - subgroupBroadcast(mean1, 1u));
    s6 = select(vec4<f32>(), exp(min(params.scale * s6 - subgroupBroadcast(normalizer1, 2u), vec4<f32>())), (keys <= vec4<u32>(block.x + 6u)) & (vec4<u32>(block.x + 6u) - keys < vec4<u32>(params.window)));
    d6 = params.scale * s6 * (d6 - subgroupBroadcast(mean1, 2u));
    s7 = select(vec4<f32>(), exp(min(params.scale * s7 - subgroupBroadcast(normalizer1, 3u), vec4<f32>())), (keys <= vec4<u32>(block.x + 7u)) & (vec4<u32>(block.x + 7u) - keys < vec4<u32>(params.window)));
    d7 = params.scale * s7 * (d7 - subgroupBroadcast(mean1, 3u));
    for (var giver = 0u; giver < 4u; giver++) {
      let columnAt0 = (min(key + giver * 4u, end - 1u) * params.kvHeads + kvHead) * params.headElements + lane;
      let columnAt1 = (min(key + giver * 4u + 1u, end - 1u) * params.kvHeads + kvHead) * params.headElements + lane;
      let columnAt2 = (min(key + giver * 4u + 2u, end - 1u) * params.kvHeads + kvHead) * params.headElements + lane;
      let columnAt3 = (min(key + giver * 4u + 3u, end - 1u) * params.kvHeads + kvHead) * params.headElements + lane;
      let gradQueryValue0_0 = k[columnAt0];
      let gradQueryValue0_1 = k[columnAt0 + 4u];
      let gradQueryValue1_0 = k[columnAt1];
      let gradQueryValue1_1 = k[columnAt1 + 4u];
      let gradQueryValue2_0 = k[columnAt2];
      let gradQueryValue2_1 = k[columnAt2 + 4u];
      let gradQueryValue3_0 = k[columnAt3];
      let gradQueryValue3_1 = k[columnAt3 + 4u];
      let gradQueryWeight0_0 = vec4<f32>(subgroupShuffle(d0.x, giver));
      let gradQueryWeight0_1 = vec4<f32>(subgroupShuffle(d0.y, giver));
      let gradQueryWeight0_2 = vec4<f32>(subgroupShuffle(d0.z, giver));
      let gradQueryWeight0_3 = vec4<f32>(subgroupShuffle(d0.w, giver));
      gradQuery0_0 = fma(gradQueryWeight0_3, gradQueryValue3_0, fma(gradQueryWeight0_2, gradQueryValue2_0, fma(gradQueryWeight0_1, gradQueryValue1_0, fma(gradQueryWeight0_0, gradQueryValue0_0, gradQuery0_0))));
      gradQuery0_1 = fma(gradQueryWeight0_3, gradQueryValue3_1, fma(gradQueryWeight0_2, gradQueryValue2_1, fma(gradQueryWeight0_1, gradQueryValue1_1, fma(gradQueryWeight0_0, gradQueryValue0_1, gradQuery0_1))));
      let gradQueryWeight1_0 = vec4<f32>(subgroupShuffle(d1.x, giver));
      let gradQueryWeight1_1 = vec4<f32>(subgroupShuffle(d1.y, giver));
      let gradQueryWeight1_2 = vec4<f32>(subgroupShuffle(d1.z, giver));
      let gradQueryWeight1_3 = vec4<f32>(subgroupShuffle(d1.w, giver));
      gradQuery1_0 = fma(gradQueryWeight1_3, gradQueryValue3_0, fma(gradQueryWeight1_2, gradQueryValue2_0, fma(gradQueryWeight1_1, gradQueryValue1_0, fma(gradQueryWeight1_0, gradQueryValue0_0, gradQuery1_0))));
      gradQuery1_1 = fma(gradQueryWeight1_3, gradQueryValue3_1, fma(gradQueryWeight1_2, gradQueryValue2_1, fma(gradQueryWeight1_1, gradQueryValue1_1, fma(gradQueryWeight1_0, gradQueryValue0_1, gradQuery1_1))));
      let gradQueryWeight2_0 = vec4<f32>(subgroupShuffle(d2.x, giver));
      let gradQueryWeight2_1 = vec4<f32>(subgroupShuffle(d2.y, giver));
      let gradQueryWeight2_2 = vec4<f32>(subgroupShuffle(d2.z, giver));
      let gradQueryWeight2_3 = vec4<f32>(subgroupShuffle(d2.w, giver));
      gradQuery2_0 = fma(gradQueryWeight2_3, gradQueryValue3_0, fma(gradQueryWeight2_2, gradQueryValue2_0, fma(gradQueryWeight2_1, gradQueryValue1_0, fma(gradQueryWeight2_0, gradQueryValue0_0, gradQuery2_0))));
      gradQuery2_1 = fma(gradQueryWeight2_3, gradQueryValue3_1, fma(gradQueryWeight2_2, gradQueryValue2_1, fma(gradQueryWeight2_1, gradQueryValue1_1, fma(gradQueryWeight2_0, gradQueryValue0_1, gradQuery2_1))));
      let gradQueryWeight3_0 = vec4<f32>(subgroupShuffle(d3.x, giver));
      let gradQueryWeight3_1 = vec4<f32>(subgroupShuffle(d3.y, giver));
      let gradQueryWeight3_2 = vec4<f32>(subgroupShuffle(d3.z, giver));
      let gradQueryWeight3_3 = vec4<f32>(subgroupShuffle(d3.w, giver));
      gradQuery3_0 = fma(gradQueryWeight3_3, gradQueryValue3_0, fma(gradQueryWeight3_2, gradQueryValue2_0, fma(gradQueryWeight3_1, gradQueryValue1_0, fma(gradQueryWeight3_0, gradQueryValue0_0, gradQuery3_0))));
      gradQuery3_1 = fma(gradQueryWeight3_3, gradQueryValue3_1, fma(gradQueryWeight3_2, gradQueryValue2_1, fma(gradQueryWeight3_1, gradQueryValue1_1, fma(gradQueryWeight3_0, gradQueryValue0_1, gradQuery3_1))));
      let gradQueryWeight4_0 = vec4<f32>(subgroupShuffle(d4.x, giver));
      let gradQueryWeight4_1 = vec4<f32>(subgroupShuffle(d4.y, giver));
      let gradQueryWeight4_2 = vec4<f32>(subgroupShuffle(d4.z, giver));
      let gradQueryWeight4_3 = vec4<f32>(subgroupShuffle(d4.w, giver));
      gradQuery4_0 = fma(gradQueryWeight4_3, gradQueryValue3_0, fma(gradQueryWeight4_2, gradQueryValue2_0, fma(gradQueryWeight4_1, gradQueryValue1_0, fma(gradQueryWeight4_0, gradQueryValue0_0, gradQuery4_0))));
      gradQuery4_1 = fma(gradQueryWeight4_3, gradQueryValue3_1, fma(gradQueryWeight4_2, gradQueryValue2_1, fma(gradQueryWeight4_1, gradQueryValue1_1, fma(gradQueryWeight4_0, gradQueryValue0_1, gradQuery4_1))));
      let gradQueryWeight5_0 = vec4<f32>(subgroupShuffle(d5.x, giver));
      let gradQueryWeight5_1 = vec4<f32>(subgroupShuffle(d5.y, giver));
      let gradQueryWeight5_2 = vec4<f32>(subgroupShuffle(d5.z, giver));
      let gradQueryWeight5_3 = vec4<f32>(subgroupShuffle(d5.w, giver));
      gradQuery5_0 = fma(gradQueryWeight5_3, gradQueryValue3_0, fma(gradQueryWeight5_2, gradQueryValue2_0, fma(gradQueryWeight5_1, gradQueryValue1_0, fma(gradQueryWeight5_0, gradQueryValue0_0, gradQuery5_0))));
      gradQuery5_1 = fma(gradQueryWeight5_3, gradQueryValue3_1, fma(gradQueryWeight5_2, gradQueryValue2_1, fma(gradQueryWeight5_1, gradQueryValue1_1, fma(gradQueryWeight5_0, gradQueryValue0_1, gradQuery5_1))));
      let gradQueryWeight6_0 = vec4<f32>(subgroupShuffle(d6.x, giver));
      let gradQueryWeight6_1 = vec4<f32>(subgroupShuffle(d6.y, giver));
      let gradQueryWeight6_2 = vec4<f32>(subgroupShuffle(d6.z, giver));
      let gradQueryWeight6_3 = vec4<f32>(subgroupShuffle(d6.w, giver));
      gradQuery6_0 = fma(gradQueryWeight6_3, gradQueryValue3_0, fma(gradQueryWeight6_2, gradQueryValue2_0, fma(gradQueryWeight6_1, gradQueryValue1_0, fma(gradQueryWeight6_0, gradQueryValue0_0, gradQuery6_0))));
      gradQuery6_1 = fma(gradQueryWeight6_3, gradQueryValue3_1, fma(gradQueryWeight6_2, gradQueryValue2_1, fma(gradQueryWeight6_1, gradQueryValue1_1, fma(gradQueryWeight6_0, gradQueryValue0_1, gradQuery6_1))));
      let gradQueryWeight7_0 = vec4<f32>(subgroupShuffle(d7.x, giver));
      let gradQueryWeight7_1 = vec4<f32>(subgroupShuffle(d7.y, giver));
      let gradQueryWeight7_2 = vec4<f32>(subgroupShuffle(d7.z, giver));
      let gradQueryWeight7_3 = vec4<f32>(subgroupShuffle(d7.w, giver));
      gradQuery7_0 = fma(gradQueryWeight7_3, gradQueryValue3_0, fma(gradQueryWeight7_2, gradQueryValue2_0, fma(gradQueryWeight7_1, gradQueryValue1_0, fma(gradQueryWeight7_0, gradQueryValue0_0, gradQuery7_0))));
      gradQuery7_1 = fma(gradQueryWeight7_3, gradQueryValue3_1, fma(gradQueryWeight7_2, gradQueryValue2_1, fma(gradQueryWeight7_1, gradQueryValue1_1, fma(gradQueryWeight7_0, gradQueryValue0_1, gradQuery7_1))));
    }
  }
  for (var r = 0u; r < min(block.y, 8u); r++) {
    let gradAt = ((block.x + r) * params.heads + head) * params.headElements + lane;
    gradQuery[gradAt] = gradQuery0_0;
    gradQuery[gradAt + 4u] = gradQuery0_1;
    gradQuery0_0 = gradQuery1_0;
    gradQuery0_1 = gradQuery1_1;
    gradQuery1_0 = gradQuery2_0;
    gradQuery1_1 = gradQuery2_1;
    gradQuery2_0 = gradQuery3_0;
    gradQuery2_1 = gradQuery3_1;
    gradQuery3_0 = gradQuery4_0;
    gradQuery3_1 = gradQuery4_1;
    gradQuery4_0 = gradQuery5_0;
    gradQuery4_1 = gradQuery5_1;
    gradQuery5_0 = gradQuery6_0;
    gradQuery5_1 = gradQuery6_1;
    gradQuery6_0 = gradQuery7_0;
    gradQuery6_1 = gradQuery7_1;
  }
}
