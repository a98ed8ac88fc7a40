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

@compute @workgroup_size(8)
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
  let keyAt1 = (min(block.x + 8u + lane, lastKey) * params.kvHeads + kvHead) * params.headElements;
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
  var gradKey8_0 = vec4<f32>();
  var gradValue8_0 = vec4<f32>();
  var gradKey9_0 = vec4<f32>();
  var gradValue9_0 = vec4<f32>();
  var gradKey10_0 = vec4<f32>();
  var gradValue10_0 = vec4<f32>();
  var gradKey11_0 = vec4<f32>();
  var gradValue11_0 = vec4<f32>();
  var gradKey12_0 = vec4<f32>();
  var gradValue12_0 = vec4<f32>();
  var gradKey13_0 = vec4<f32>();
  var gradValue13_0 = vec4<f32>();
  var gradKey14_0 = vec4<f32>();
  var gradValue14_0 = vec4<f32>();
  var gradKey15_0 = vec4<f32>();
  var gradValue15_0 = vec4<f32>();
  // Exclusive; the last key is seen by the last queries.
  let queryEnd = select(block.w, lastKey + params.window, params.window < block.w - lastKey);
  let firstHead = kvHead * params.queriesPerKeyValueHead;
  for (var head = firstHead; head < firstHead + params.queriesPerKeyValueHead; head++) {
    for (var query = block.z + (block.x - block.z) / 32u * 32u; query < queryEnd; query += 32u) {
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
      var s8 = vec4<f32>();
      var s9 = vec4<f32>();
      var s10 = vec4<f32>();
      var s11 = vec4<f32>();
      var s12 = vec4<f32>();
      var s13 = vec4<f32>();
      var s14 = vec4<f32>();
      var s15 = vec4<f32>();
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
        s4 = fma(vec4<f32>(subgroupBroadcast(own0.w, 4u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 4u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 4u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 4u)), turned0, s4))));
        s5 = fma(vec4<f32>(subgroupBroadcast(own0.w, 5u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 5u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 5u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 5u)), turned0, s5))));
        s6 = fma(vec4<f32>(subgroupBroadcast(own0.w, 6u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 6u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 6u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 6u)), turned0, s6))));
        s7 = fma(vec4<f32>(subgroupBroadcast(own0.w, 7u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 7u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 7u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 7u)), turned0, s7))));
        s8 = fma(vec4<f32>(subgroupBroadcast(own1.w, 0u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 0u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 0u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 0u)), turned0, s8))));
        s9 = fma(vec4<f32>(subgroupBroadcast(own1.w, 1u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 1u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 1u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 1u)), turned0, s9))));
        s10 = fma(vec4<f32>(subgroupBroadcast(own1.w, 2u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 2u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 2u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 2u)), turned0, s10))));
        s11 = fma(vec4<f32>(subgroupBroadcast(own1.w, 3u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 3u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 3u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 3u)), turned0, s11))));
        s12 = fma(vec4<f32>(subgroupBroadcast(own1.w, 4u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 4u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 4u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 4u)), turned0, s12))));
        s13 = fma(vec4<f32>(subgroupBroadcast(own1.w, 5u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 5u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 5u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 5u)), turned0, s13))));
        s14 = fma(vec4<f32>(subgroupBroadcast(own1.w, 6u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 6u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 6u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 6u)), turned0, s14))));
        s15 = fma(vec4<f32>(subgroupBroadcast(own1.w, 7u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 7u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 7u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 7u)), turned0, s15))));
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
      var d8 = vec4<f32>();
      var d9 = vec4<f32>();
      var d10 = vec4<f32>();
      var d11 = vec4<f32>();
      var d12 = vec4<f32>();
      var d13 = vec4<f32>();
      var d14 = vec4<f32>();
      var d15 = vec4<f32>();
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
        d4 = fma(vec4<f32>(subgroupBroadcast(own0.w, 4u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 4u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 4u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 4u)), turned0, d4))));
        d5 = fma(vec4<f32>(subgroupBroadcast(own0.w, 5u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 5u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 5u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 5u)), turned0, d5))));
        d6 = fma(vec4<f32>(subgroupBroadcast(own0.w, 6u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 6u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 6u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 6u)), turned0, d6))));
        d7 = fma(vec4<f32>(subgroupBroadcast(own0.w, 7u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 7u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 7u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 7u)), turned0, d7))));
        d8 = fma(vec4<f32>(subgroupBroadcast(own1.w, 0u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 0u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 0u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 0u)), turned0, d8))));
        d9 = fma(vec4<f32>(subgroupBroadcast(own1.w, 1u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 1u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 1u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 1u)), turned0, d9))));
        d10 = fma(vec4<f32>(subgroupBroadcast(own1.w, 2u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 2u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 2u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 2u)), turned0, d10))));
        d11 = fma(vec4<f32>(subgroupBroadcast(own1.w, 3u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 3u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 3u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 3u)), turned0, d11))));
        d12 = fma(vec4<f32>(subgroupBroadcast(own1.w, 4u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 4u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 4u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 4u)), turned0, d12))));
        d13 = fma(vec4<f32>(subgroupBroadcast(own1.w, 5u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 5u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 5u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 5u)), turned0, d13))));
        d14 = fma(vec4<f32>(subgroupBroadcast(own1.w, 6u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 6u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 6u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 6u)), turned0, d14))));
        d15 = fma(vec4<f32>(subgroupBroadcast(own1.w, 7u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 7u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 7u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 7u)), turned0, d15))));
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
      s8 = select(vec4<f32>(), exp(min(params.scale * s8 - normalizer, vec4<f32>())), (queries >= vec4<u32>(block.x + 8u)) & (queries < vec4<u32>(block.w)) & (queries - vec4<u32>(block.x + 8u) < vec4<u32>(params.window)));
      d8 = params.scale * s8 * (d8 - mean);
      s9 = select(vec4<f32>(), exp(min(params.scale * s9 - normalizer, vec4<f32>())), (queries >= vec4<u32>(block.x + 9u)) & (queries < vec4<u32>(block.w)) & (queries - vec4<u32>(block.x + 9u) < vec4<u32>(params.window)));
      d9 = params.scale * s9 * (d9 - mean);
      s10 = select(vec4<f32>(), exp(min(params.scale * s10 - normalizer, vec4<f32>())), (queries >= vec4<u32>(block.x + 10u)) & (queries < vec4<u32>(block.w)) & (queries - vec4<u32>(block.x + 10u) < vec4<u32>(params.window)));
      d10 = params.scale * s10 * (d10 - mean);
      s11 = select(vec4<f32>(), exp(min(params.scale * s11 - normalizer, vec4<f32>())), (queries >= vec4<u32>(block.x + 11u)) & (queries < vec4<u32>(block.w)) & (queries - vec4<u32>(block.x + 11u) < vec4<u32>(params.window)));
      d11 = params.scale * s11 * (d11 - mean);
      s12 = select(vec4<f32>(), exp(min(params.scale * s12 - normalizer, vec4<f32>())), (queries >= vec4<u32>(block.x + 12u)) & (queries < vec4<u32>(block.w)) & (queries - vec4<u32>(block.x + 12u) < vec4<u32>(params.window)));
      d12 = params.scale * s12 * (d12 - mean);
      s13 = select(vec4<f32>(), exp(min(params.scale * s13 - normalizer, vec4<f32>())), (queries >= vec4<u32>(block.x + 13u)) & (queries < vec4<u32>(block.w)) & (queries - vec4<u32>(block.x + 13u) < vec4<u32>(params.window)));
      d13 = params.scale * s13 * (d13 - mean);
      s14 = select(vec4<f32>(), exp(min(params.scale * s14 - normalizer, vec4<f32>())), (queries >= vec4<u32>(block.x + 14u)) & (queries < vec4<u32>(block.w)) & (queries - vec4<u32>(block.x + 14u) < vec4<u32>(params.window)));
      d14 = params.scale * s14 * (d14 - mean);
      s15 = select(vec4<f32>(), exp(min(params.scale * s15 - normalizer, vec4<f32>())), (queries >= vec4<u32>(block.x + 15u)) & (queries < vec4<u32>(block.w)) & (queries - vec4<u32>(block.x + 15u) < vec4<u32>(params.window)));
      d15 = params.scale * s15 * (d15 - mean);
      for (var part = 0u; part < 4u; part += 1u) {
        for (var giver = 0u; giver < 8u; giver++) {
          let columnAt0 = (min(query + giver * 4u + part, block.w - 1u) * params.heads + head) * params.headElements + lane;
          let gradValueValue0_0 = gradOutput[columnAt0];
          let gradValueWeight0_0 = vec4<f32>(subgroupShuffle(s0.x, giver));
          gradValue0_0 = fma(gradValueWeight0_0, gradValueValue0_0, gradValue0_0);
          let gradValueWeight1_0 = vec4<f32>(subgroupShuffle(s1.x, giver));
          gradValue1_0 = fma(gradValueWeight1_0, gradValueValue0_0, gradValue1_0);
          let gradValueWeight2_0 = vec4<f32>(subgroupShuffle(s2.x, giver));
          gradValue2_0 = fma(gradValueWeight2_0, gradValueValue0_0, gradValue2_0);
          let gradValueWeight3_0 = vec4<f32>(subgroupShuffle(s3.x, giver));
          gradValue3_0 = fma(gradValueWeight3_0, gradValueValue0_0, gradValue3_0);
          let gradValueWeight4_0 = vec4<f32>(subgroupShuffle(s4.x, giver));
          gradValue4_0 = fma(gradValueWeight4_0, gradValueValue0_0, gradValue4_0);
          let gradValueWeight5_0 = vec4<f32>(subgroupShuffle(s5.x, giver));
          gradValue5_0 = fma(gradValueWeight5_0, gradValueValue0_0, gradValue5_0);
          let gradValueWeight6_0 = vec4<f32>(subgroupShuffle(s6.x, giver));
          gradValue6_0 = fma(gradValueWeight6_0, gradValueValue0_0, gradValue6_0);
          let gradValueWeight7_0 = vec4<f32>(subgroupShuffle(s7.x, giver));
          gradValue7_0 = fma(gradValueWeight7_0, gradValueValue0_0, gradValue7_0);
          let gradValueWeight8_0 = vec4<f32>(subgroupShuffle(s8.x, giver));
          gradValue8_0 = fma(gradValueWeight8_0, gradValueValue0_0, gradValue8_0);
          let gradValueWeight9_0 = vec4<f32>(subgroupShuffle(s9.x, giver));
          gradValue9_0 = fma(gradValueWeight9_0, gradValueValue0_0, gradValue9_0);
          let gradValueWeight10_0 = vec4<f32>(subgroupShuffle(s10.x, giver));
          gradValue10_0 = fma(gradValueWeight10_0, gradValueValue0_0, gradValue10_0);
          let gradValueWeight11_0 = vec4<f32>(subgroupShuffle(s11.x, giver));
          gradValue11_0 = fma(gradValueWeight11_0, gradValueValue0_0, gradValue11_0);
          let gradValueWeight12_0 = vec4<f32>(subgroupShuffle(s12.x, giver));
          gradValue12_0 = fma(gradValueWeight12_0, gradValueValue0_0, gradValue12_0);
          let gradValueWeight13_0 = vec4<f32>(subgroupShuffle(s13.x, giver));
          gradValue13_0 = fma(gradValueWeight13_0, gradValueValue0_0, gradValue13_0);
          let gradValueWeight14_0 = vec4<f32>(subgroupShuffle(s14.x, giver));
          gradValue14_0 = fma(gradValueWeight14_0, gradValueValue0_0, gradValue14_0);
          let gradValueWeight15_0 = vec4<f32>(subgroupShuffle(s15.x, giver));
          gradValue15_0 = fma(gradValueWeight15_0, gradValueValue0_0, gradValue15_0);
          let gradKeyValue0_0 = q[columnAt0];
          let gradKeyWeight0_0 = vec4<f32>(subgroupShuffle(d0.x, giver));
          gradKey0_0 = fma(gradKeyWeight0_0, gradKeyValue0_0, gradKey0_0);
          let gradKeyWeight1_0 = vec4<f32>(subgroupShuffle(d1.x, giver));
          gradKey1_0 = fma(gradKeyWeight1_0, gradKeyValue0_0, gradKey1_0);
          let gradKeyWeight2_0 = vec4<f32>(subgroupShuffle(d2.x, giver));
          gradKey2_0 = fma(gradKeyWeight2_0, gradKeyValue0_0, gradKey2_0);
          let gradKeyWeight3_0 = vec4<f32>(subgroupShuffle(d3.x, giver));
          gradKey3_0 = fma(gradKeyWeight3_0, gradKeyValue0_0, gradKey3_0);
          let gradKeyWeight4_0 = vec4<f32>(subgroupShuffle(d4.x, giver));
          gradKey4_0 = fma(gradKeyWeight4_0, gradKeyValue0_0, gradKey4_0);
          let gradKeyWeight5_0 = vec4<f32>(subgroupShuffle(d5.x, giver));
          gradKey5_0 = fma(gradKeyWeight5_0, gradKeyValue0_0, gradKey5_0);
          let gradKeyWeight6_0 = vec4<f32>(subgroupShuffle(d6.x, giver));
          gradKey6_0 = fma(gradKeyWeight6_0, gradKeyValue0_0, gradKey6_0);
          let gradKeyWeight7_0 = vec4<f32>(subgroupShuffle(d7.x, giver));
          gradKey7_0 = fma(gradKeyWeight7_0, gradKeyValue0_0, gradKey7_0);
          let gradKeyWeight8_0 = vec4<f32>(subgroupShuffle(d8.x, giver));
          gradKey8_0 = fma(gradKeyWeight8_0, gradKeyValue0_0, gradKey8_0);
          let gradKeyWeight9_0 = vec4<f32>(subgroupShuffle(d9.x, giver));
          gradKey9_0 = fma(gradKeyWeight9_0, gradKeyValue0_0, gradKey9_0);
          let gradKeyWeight10_0 = vec4<f32>(subgroupShuffle(d10.x, giver));
          gradKey10_0 = fma(gradKeyWeight10_0, gradKeyValue0_0, gradKey10_0);
          let gradKeyWeight11_0 = vec4<f32>(subgroupShuffle(d11.x, giver));
          gradKey11_0 = fma(gradKeyWeight11_0, gradKeyValue0_0, gradKey11_0);
          let gradKeyWeight12_0 = vec4<f32>(subgroupShuffle(d12.x, giver));
          gradKey12_0 = fma(gradKeyWeight12_0, gradKeyValue0_0, gradKey12_0);
          let gradKeyWeight13_0 = vec4<f32>(subgroupShuffle(d13.x, giver));
          gradKey13_0 = fma(gradKeyWeight13_0, gradKeyValue0_0, gradKey13_0);
          let gradKeyWeight14_0 = vec4<f32>(subgroupShuffle(d14.x, giver));
          gradKey14_0 = fma(gradKeyWeight14_0, gradKeyValue0_0, gradKey14_0);
          let gradKeyWeight15_0 = vec4<f32>(subgroupShuffle(d15.x, giver));
          gradKey15_0 = fma(gradKeyWeight15_0, gradKeyValue0_0, gradKey15_0);
        }
        s0 = s0.yzwx;
        s1 = s1.yzwx;
        s2 = s2.yzwx;
        s3 = s3.yzwx;
        s4 = s4.yzwx;
        s5 = s5.yzwx;
        s6 = s6.yzwx;
        s7 = s7.yzwx;
        s8 = s8.yzwx;
        s9 = s9.yzwx;
        s10 = s10.yzwx;
        s11 = s11.yzwx;
        s12 = s12.yzwx;
        s13 = s13.yzwx;
        s14 = s14.yzwx;
        s15 = s15.yzwx;
        d0 = d0.yzwx;
        d1 = d1.yzwx;
        d2 = d2.yzwx;
        d3 = d3.yzwx;
        d4 = d4.yzwx;
        d5 = d5.yzwx;
        d6 = d6.yzwx;
        d7 = d7.yzwx;
        d8 = d8.yzwx;
        d9 = d9.yzwx;
        d10 = d10.yzwx;
        d11 = d11.yzwx;
        d12 = d12.yzwx;
        d13 = d13.yzwx;
        d14 = d14.yzwx;
        d15 = d15.yzwx;
      }
    }
  }
  for (var r = 0u; r < min(block.y, 16u); r++) {
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
    gradKey7_0 = gradKey8_0;
    gradValue7_0 = gradValue8_0;
    gradKey8_0 = gradKey9_0;
    gradValue8_0 = gradValue9_0;
    gradKey9_0 = gradKey10_0;
    gradValue9_0 = gradValue10_0;
    gradKey10_0 = gradKey11_0;
    gradValue10_0 = gradValue11_0;
    gradKey11_0 = gradKey12_0;
    gradValue11_0 = gradValue12_0;
    gradKey12_0 = gradKey13_0;
    gradValue12_0 = gradValue13_0;
    gradKey13_0 = gradKey14_0;
    gradValue13_0 = gradValue14_0;
    gradKey14_0 = gradKey15_0;
    gradValue14_0 = gradValue15_0;
  }
}
