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
@group(0) @binding(8) var<storage, read_write> gradKey: array<vec4<f32>>;
@group(0) @binding(9) var<storage, read_write> gradValue: array<vec4<f32>>;

@compute @workgroup_size(4)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (workgroup >= params.taskCount) { return; }
  let task = workgroup - params.queryTasks;
  let block = blocks[params.firstBlock + task / params.kvHeads];
  let kvHead = task % params.kvHeads;
  let lastKey = block.x + block.y - 1u;
  let keyAt0 = (min(block.x + lane, lastKey) * params.kvHeads + kvHead) * params.headElements;
  let keyAt1 = (min(block.x + 4u + lane, lastKey) * params.kvHeads + kvHead) * params.headElements;
  var gradKey0_0 = vec4<f32>();
  var gradValue0_0 = vec4<f32>();
  var gradKey1_0 = vec4<f32>();
  var gradValue1_0 = vec4<f32>();
  var gradKey2_0 = vec4<f32>();
  var gradValue2_0 = vec4<f32>();
  var gradKey3_0 = vec4<f32>();
  var gradValue3_0 = vec4<f32>();
  var gradKey4_0 = vec4<f32>();
  var gradValue4_0 = vec4<f32>();
  var gradKey5_0 = vec4<f32>();
  var gradValue5_0 = vec4<f32>();
  var gradKey6_0 = vec4<f32>();
  var gradValue6_0 = vec4<f32>();
  var gradKey7_0 = vec4<f32>();
  var gradValue7_0 = vec4<f32>();
  // Exclusive; the last key is seen by the last queries.
  let queryEnd = select(block.w, lastKey + params.window, params.window < block.w - lastKey);
  let firstHead = kvHead * params.queriesPerKeyValueHead;
  for (var head = firstHead; head < firstHead + params.queriesPerKeyValueHead; head++) {
    for (var query = block.z + (block.x - block.z) / 16u * 16u; query < queryEnd; query += 16u) {
      let queries = query + lane * 4u + vec4<u32>(0u, 1u, 2u, 3u);
      let queryAt0 = (min(queries.x, block.w - 1u) * params.heads + head) * params.headElements;
      let queryAt1 = (min(queries.y, block.w - 1u) * params.heads + head) * params.headElements;
      let queryAt2 = (min(queries.z, block.w - 1u) * params.heads + head) * params.headElements;
      let queryAt3 = (min(queries.w, block.w - 1u) * params.heads + head) * params.headElements;
      var s0 = vec4<f32>();
      var s1 = vec4<f32>();
      var s2 = vec4<f32>();
      var s3 = vec4<f32>();
      var s4 = vec4<f32>();
      var s5 = vec4<f32>();
      var s6 = vec4<f32>();
      var s7 = vec4<f32>();
      for (var i = 0u; i < params.headElements; i++) {
        let column0 = q[queryAt0 + i];
        let column1 = q[queryAt1 + i];
        let column2 = q[queryAt2 + i];
        let column3 = q[queryAt3 + i];
        let own0 = k[keyAt0 + i];
        let own1 = k[keyAt1 + i];
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
      var mean = vec4<f32>();
      var d0 = vec4<f32>();
      var d1 = vec4<f32>();
      var d2 = vec4<f32>();
      var d3 = vec4<f32>();
      var d4 = vec4<f32>();
      var d5 = vec4<f32>();
      var d6 = vec4<f32>();
      var d7 = vec4<f32>();
      for (var i = 0u; i < params.headElements; i++) {
        let column0 = gradOutput[queryAt0 + i];
        let column1 = gradOutput[queryAt1 + i];
        let column2 = gradOutput[queryAt2 + i];
        let column3 = gradOutput[queryAt3 + i];
        let own0 = v[keyAt0 + i];
        let own1 = v[keyAt1 + i];
        let turned0 = vec4<f32>(column0.x, column1.x, column2.x, column3.x);
        let turned1 = vec4<f32>(column0.y, column1.y, column2.y, column3.y);
        let turned2 = vec4<f32>(column0.z, column1.z, column2.z, column3.z);
        let turned3 = vec4<f32>(column0.w, column1.w, column2.w, column3.w);
        mean += vec4<f32>(dot(column0, out[queryAt0 + i]), dot(column1, out[queryAt1 + i]), dot(column2, out[queryAt2 + i]), dot(column3, out[queryAt3 + i]));
        d0 = fma(vec4<f32>(subgroupBroadcast(own0.w, 0u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 0u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 0u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 0u)), turned0, d0))));
        d1 = fma(vec4<f32>(subgroupBroadcast(own0.w, 1u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 1u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 1u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 1u)), turned0, d1))));
        d2 = fma(vec4<f32>(subgroupBroadcast(own0.w, 2u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 2u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 2u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 2u)), turned0, d2))));
        d3 = fma(vec4<f32>(subgroupBroadcast(own0.w, 3u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 3u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 3u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 3u)), turned0, d3))));
        d4 = fma(vec4<f32>(subgroupBroadcast(own1.w, 0u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 0u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 0u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 0u)), turned0, d4))));
        d5 = fma(vec4<f32>(subgroupBroadcast(own1.w, 1u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 1u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 1u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 1u)), turned0, d5))));
        d6 = fma(vec4<f32>(subgroupBroadcast(own1.w, 2u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 2u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 2u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 2u)), turned0, d6))));
        d7 = fma(vec4<f32>(subgroupBroadcast(own1.w, 3u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 3u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 3u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 3u)), turned0, d7))));
      }
      let normalizer = vec4<f32>(logSumExp[queryAt0 / params.headElements], logSumExp[queryAt1 / params.headElements], logSumExp[queryAt2 / params.headElements], logSumExp[queryAt3 / params.headElements]);
      s0 = select(vec4<f32>(), exp(min(params.scale * s0 - normalizer, vec4<f32>())), (queries >= vec4<u32>(block.x)) & (queries < vec4<u32>(block.w)) & (queries - vec4<u32>(block.x) < vec4<u32>(params.window)));
      d0 = params.scale * s0 * (d0 - mean);
      s1 = select(vec4<f32>(), exp(min(params.scale * s1 - normalizer, vec4<f32>())), (queries >= vec4<u32>(block.x + 1u)) & (queries < vec4<u32>(block.w)) & (queries - vec4<u32>(block.x + 1u) < vec4<u32>(params.window)));
      d1 = params.scale * s1 * (d1 - mean);
      s2 = select(vec4<f32>(), exp(min(params.scale * s2 - normalizer, vec4<f32>())), (queries >= vec4<u32>(block.x + 2u)) & (queries < vec4<u32>(block.w)) & (queries - vec4<u32>(block.x + 2u) < vec4<u32>(params.window)));
      d2 = params.scale * s2 * (d2 - mean);
      s3 = select(vec4<f32>(), exp(min(params.scale * s3 - normalizer, vec4<f32>())), (queries >= vec4<u32>(block.x + 3u)) & (queries < vec4<u32>(block.w)) & (queries - vec4<u32>(block.x + 3u) < vec4<u32>(params.window)));
      d3 = params.scale * s3 * (d3 - mean);
      s4 = select(vec4<f32>(), exp(min(params.scale * s4 - normalizer, vec4<f32>())), (queries >= vec4<u32>(block.x + 4u)) & (queries < vec4<u32>(block.w)) & (queries - vec4<u32>(block.x + 4u) < vec4<u32>(params.window)));
      d4 = params.scale * s4 * (d4 - mean);
      s5 = select(vec4<f32>(), exp(min(params.scale * s5 - normalizer, vec4<f32>())), (queries >= vec4<u32>(block.x + 5u)) & (queries < vec4<u32>(block.w)) & (queries - vec4<u32>(block.x + 5u) < vec4<u32>(params.window)));
      d5 = params.scale * s5 * (d5 - mean);
      s6 = select(vec4<f32>(), exp(min(params.scale * s6 - normalizer, vec4<f32>())), (queries >= vec4<u32>(block.x + 6u)) & (queries < vec4<u32>(block.w)) & (queries - vec4<u32>(block.x + 6u) < vec4<u32>(params.window)));
      d6 = params.scale * s6 * (d6 - mean);
      s7 = select(vec4<f32>(), exp(min(params.scale * s7 - normalizer, vec4<f32>())), (queries >= vec4<u32>(block.x + 7u)) & (queries < vec4<u32>(block.w)) & (queries - vec4<u32>(block.x + 7u) < vec4<u32>(params.window)));
      d7 = params.scale * s7 * (d7 - mean);
      for (var giver = 0u; giver < 4u; giver++) {
        let columnAt0 = (min(query + giver * 4u, block.w - 1u) * params.heads + head) * params.headElements + lane;
        let columnAt1 = (min(query + giver * 4u + 1u, block.w - 1u) * params.heads + head) * params.headElements + lane;
        let columnAt2 = (min(query + giver * 4u + 2u, block.w - 1u) * params.heads + head) * params.headElements + lane;
        let columnAt3 = (min(query + giver * 4u + 3u, block.w - 1u) * params.heads + head) * params.headElements + lane;
        let gradValueValue0_0 = gradOutput[columnAt0];
        let gradValueValue1_0 = gradOutput[columnAt1];
        let gradValueValue2_0 = gradOutput[columnAt2];
        let gradValueValue3_0 = gradOutput[columnAt3];
        let gradValueWeight0_0 = vec4<f32>(subgroupShuffle(s0.x, giver));
        let gradValueWeight0_1 = vec4<f32>(subgroupShuffle(s0.y, giver));
        let gradValueWeight0_2 = vec4<f32>(subgroupShuffle(s0.z, giver));
        let gradValueWeight0_3 = vec4<f32>(subgroupShuffle(s0.w, giver));
        gradValue0_0 = fma(gradValueWeight0_3, gradValueValue3_0, fma(gradValueWeight0_2, gradValueValue2_0, fma(gradValueWeight0_1, gradValueValue1_0, fma(gradValueWeight0_0, gradValueValue0_0, gradValue0_0))));
        let gradValueWeight1_0 = vec4<f32>(subgroupShuffle(s1.x, giver));
        let gradValueWeight1_1 = vec4<f32>(subgroupShuffle(s1.y, giver));
        let gradValueWeight1_2 = vec4<f32>(subgroupShuffle(s1.z, giver));
        let gradValueWeight1_3 = vec4<f32>(subgroupShuffle(s1.w, giver));
        gradValue1_0 = fma(gradValueWeight1_3, gradValueValue3_0, fma(gradValueWeight1_2, gradValueValue2_0, fma(gradValueWeight1_1, gradValueValue1_0, fma(gradValueWeight1_0, gradValueValue0_0, gradValue1_0))));
        let gradValueWeight2_0 = vec4<f32>(subgroupShuffle(s2.x, giver));
        let gradValueWeight2_1 = vec4<f32>(subgroupShuffle(s2.y, giver));
        let gradValueWeight2_2 = vec4<f32>(subgroupShuffle(s2.z, giver));
        let gradValueWeight2_3 = vec4<f32>(subgroupShuffle(s2.w, giver));
        gradValue2_0 = fma(gradValueWeight2_3, gradValueValue3_0, fma(gradValueWeight2_2, gradValueValue2_0, fma(gradValueWeight2_1, gradValueValue1_0, fma(gradValueWeight2_0, gradValueValue0_0, gradValue2_0))));
        let gradValueWeight3_0 = vec4<f32>(subgroupShuffle(s3.x, giver));
        let gradValueWeight3_1 = vec4<f32>(subgroupShuffle(s3.y, giver));
        let gradValueWeight3_2 = vec4<f32>(subgroupShuffle(s3.z, giver));
        let gradValueWeight3_3 = vec4<f32>(subgroupShuffle(s3.w, giver));
        gradValue3_0 = fma(gradValueWeight3_3, gradValueValue3_0, fma(gradValueWeight3_2, gradValueValue2_0, fma(gradValueWeight3_1, gradValueValue1_0, fma(gradValueWeight3_0, gradValueValue0_0, gradValue3_0))));
        let gradValueWeight4_0 = vec4<f32>(subgroupShuffle(s4.x, giver));
        let gradValueWeight4_1 = vec4<f32>(subgroupShuffle(s4.y, giver));
        let gradValueWeight4_2 = vec4<f32>(subgroupShuffle(s4.z, giver));
        let gradValueWeight4_3 = vec4<f32>(subgroupShuffle(s4.w, giver));
        gradValue4_0 = fma(gradValueWeight4_3, gradValueValue3_0, fma(gradValueWeight4_2, gradValueValue2_0, fma(gradValueWeight4_1, gradValueValue1_0, fma(gradValueWeight4_0, gradValueValue0_0, gradValue4_0))));
        let gradValueWeight5_0 = vec4<f32>(subgroupShuffle(s5.x, giver));
        let gradValueWeight5_1 = vec4<f32>(subgroupShuffle(s5.y, giver));
        let gradValueWeight5_2 = vec4<f32>(subgroupShuffle(s5.z, giver));
        let gradValueWeight5_3 = vec4<f32>(subgroupShuffle(s5.w, giver));
        gradValue5_0 = fma(gradValueWeight5_3, gradValueValue3_0, fma(gradValueWeight5_2, gradValueValue2_0, fma(gradValueWeight5_1, gradValueValue1_0, fma(gradValueWeight5_0, gradValueValue0_0, gradValue5_0))));
        let gradValueWeight6_0 = vec4<f32>(subgroupShuffle(s6.x, giver));
        let gradValueWeight6_1 = vec4<f32>(subgroupShuffle(s6.y, giver));
        let gradValueWeight6_2 = vec4<f32>(subgroupShuffle(s6.z, giver));
        let gradValueWeight6_3 = vec4<f32>(subgroupShuffle(s6.w, giver));
        gradValue6_0 = fma(gradValueWeight6_3, gradValueValue3_0, fma(gradValueWeight6_2, gradValueValue2_0, fma(gradValueWeight6_1, gradValueValue1_0, fma(gradValueWeight6_0, gradValueValue0_0, gradValue6_0))));
        let gradValueWeight7_0 = vec4<f32>(subgroupShuffle(s7.x, giver));
        let gradValueWeight7_1 = vec4<f32>(subgroupShuffle(s7.y, giver));
        let gradValueWeight7_2 = vec4<f32>(subgroupShuffle(s7.z, giver));
        let gradValueWeight7_3 = vec4<f32>(subgroupShuffle(s7.w, giver));
        gradValue7_0 = fma(gradValueWeight7_3, gradValueValue3_0, fma(gradValueWeight7_2, gradValueValue2_0, fma(gradValueWeight7_1, gradValueValue1_0, fma(gradValueWeight7_0, gradValueValue0_0, gradValue7_0))));
        let gradKeyValue0_0 = q[columnAt0];
        let gradKeyValue1_0 = q[columnAt1];
        let gradKeyValue2_0 = q[columnAt2];
        let gradKeyValue3_0 = q[columnAt3];
        let gradKeyWeight0_0 = vec4<f32>(subgroupShuffle(d0.x, giver));
        let gradKeyWeight0_1 = vec4<f32>(subgroupShuffle(d0.y, giver));
        let gradKeyWeight0_2 = vec4<f32>(subgroupShuffle(d0.z, giver));
        let gradKeyWeight0_3 = vec4<f32>(subgroupShuffle(d0.w, giver));
        gradKey0_0 = fma(gradKeyWeight0_3, gradKeyValue3_0, fma(gradKeyWeight0_2, gradKeyValue2_0, fma(gradKeyWeight0_1, gradKeyValue1_0, fma(gradKeyWeight0_0, gradKeyValue0_0, gradKey0_0))));
        let gradKeyWeight1_0 = vec4<f32>(subgroupShuffle(d1.x, giver));
        let gradKeyWeight1_1 = vec4<f32>(subgroupShuffle(d1.y, giver));
        let gradKeyWeight1_2 = vec4<f32>(subgroupShuffle(d1.z, giver));
        let gradKeyWeight1_3 = vec4<f32>(subgroupShuffle(d1.w, giver));
        gradKey1_0 = fma(gradKeyWeight1_3, gradKeyValue3_0, fma(gradKeyWeight1_2, gradKeyValue2_0, fma(gradKeyWeight1_1, gradKeyValue1_0, fma(gradKeyWeight1_0, gradKeyValue0_0, gradKey1_0))));
        let gradKeyWeight2_0 = vec4<f32>(subgroupShuffle(d2.x, giver));
        let gradKeyWeight2_1 = vec4<f32>(subgroupShuffle(d2.y, giver));
        let gradKeyWeight2_2 = vec4<f32>(subgroupShuffle(d2.z, giver));
        let gradKeyWeight2_3 = vec4<f32>(subgroupShuffle(d2.w, giver));
        gradKey2_0 = fma(gradKeyWeight2_3, gradKeyValue3_0, fma(gradKeyWeight2_2, gradKeyValue2_0, fma(gradKeyWeight2_1, gradKeyValue1_0, fma(gradKeyWeight2_0, gradKeyValue0_0, gradKey2_0))));
        let gradKeyWeight3_0 = vec4<f32>(subgroupShuffle(d3.x, giver));
        let gradKeyWeight3_1 = vec4<f32>(subgroupShuffle(d3.y, giver));
        let gradKeyWeight3_2 = vec4<f32>(subgroupShuffle(d3.z, giver));
        let gradKeyWeight3_3 = vec4<f32>(subgroupShuffle(d3.w, giver));
        gradKey3_0 = fma(gradKeyWeight3_3, gradKeyValue3_0, fma(gradKeyWeight3_2, gradKeyValue2_0, fma(gradKeyWeight3_1, gradKeyValue1_0, fma(gradKeyWeight3_0, gradKeyValue0_0, gradKey3_0))));
        let gradKeyWeight4_0 = vec4<f32>(subgroupShuffle(d4.x, giver));
        let gradKeyWeight4_1 = vec4<f32>(subgroupShuffle(d4.y, giver));
        let gradKeyWeight4_2 = vec4<f32>(subgroupShuffle(d4.z, giver));
        let gradKeyWeight4_3 = vec4<f32>(subgroupShuffle(d4.w, giver));
        gradKey4_0 = fma(gradKeyWeight4_3, gradKeyValue3_0, fma(gradKeyWeight4_2, gradKeyValue2_0, fma(gradKeyWeight4_1, gradKeyValue1_0, fma(gradKeyWeight4_0, gradKeyValue0_0, gradKey4_0))));
        let gradKeyWeight5_0 = vec4<f32>(subgroupShuffle(d5.x, giver));
        let gradKeyWeight5_1 = vec4<f32>(subgroupShuffle(d5.y, giver));
        let gradKeyWeight5_2 = vec4<f32>(subgroupShuffle(d5.z, giver));
        let gradKeyWeight5_3 = vec4<f32>(subgroupShuffle(d5.w, giver));
        gradKey5_0 = fma(gradKeyWeight5_3, gradKeyValue3_0, fma(gradKeyWeight5_2, gradKeyValue2_0, fma(gradKeyWeight5_1, gradKeyValue1_0, fma(gradKeyWeight5_0, gradKeyValue0_0, gradKey5_0))));
        let gradKeyWeight6_0 = vec4<f32>(subgroupShuffle(d6.x, giver));
        let gradKeyWeight6_1 = vec4<f32>(subgroupShuffle(d6.y, giver));
        let gradKeyWeight6_2 = vec4<f32>(subgroupShuffle(d6.z, giver));
        let gradKeyWeight6_3 = vec4<f32>(subgroupShuffle(d6.w, giver));
        gradKey6_0 = fma(gradKeyWeight6_3, gradKeyValue3_0, fma(gradKeyWeight6_2, gradKeyValue2_0, fma(gradKeyWeight6_1, gradKeyValue1_0, fma(gradKeyWeight6_0, gradKeyValue0_0, gradKey6_0))));
        let gradKeyWeight7_0 = vec4<f32>(subgroupShuffle(d7.x, giver));
        let gradKeyWeight7_1 = vec4<f32>(subgroupShuffle(d7.y, giver));
        let gradKeyWeight7_2 = vec4<f32>(subgroupShuffle(d7.z, giver));
        let gradKeyWeight7_3 = vec4<f32>(subgroupShuffle(d7.w, giver));
        gradKey7_0 = fma(gradKeyWeight7_3, gradKeyValue3_0, fma(gradKeyWeight7_2, gradKeyValue2_0, fma(gradKeyWeight7_1, gradKeyValue1_0, fma(gradKeyWeight7_0, gradKeyValue0_0, gradKey7_0))));
      }
    }
  }
  for (var r = 0u; r < min(block.y, 8u); r++) {
    let gradAt = ((block.x + r) * params.kvHeads + kvHead) * params.headElements + lane;
    gradKey[gradAt] = gradKey0_0;
    gradValue[gradAt] = gradValue0_0;
    gradKey0_0 = gradKey1_0;
    gradValue0_0 = gradValue1_0;
    gradKey1_0 = gradKey2_0;
    gradValue1_0 = gradValue2_0;
    gradKey2_0 = gradKey3_0;
    gradValue2_0 = gradValue3_0;
    gradKey3_0 = gradKey4_0;
    gradValue3_0 = gradValue4_0;
    gradKey4_0 = gradKey5_0;
    gradValue4_0 = gradValue5_0;
    gradKey5_0 = gradKey6_0;
    gradValue5_0 = gradValue6_0;
    gradKey6_0 = gradKey7_0;
    gradValue6_0 = gradValue7_0;
  }
}
