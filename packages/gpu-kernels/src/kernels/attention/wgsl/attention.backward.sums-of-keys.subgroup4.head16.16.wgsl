enable subgroups;

struct Params {
  heads: u32,
  queriesPerKeyValueHead: u32,
  kvHeads: u32,
  headElements: u32,
  window: u32,
  firstBlock: u32,
  taskCount: u32,
  stripStart: u32,
  stripEnd: u32,
  weightStride: u32,
  weightsAt: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> blocks: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> weights: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> values: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> sums: array<vec4<f32>>;

@compute @workgroup_size(4)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (workgroup >= params.taskCount) { return; }
  let block = blocks[params.firstBlock + workgroup / params.kvHeads];
  let lastKey = block.x + block.y - 1u;
  let firstQuery = max(block.x, params.stripStart);
  // Exclusive; the last key is seen by the last queries.
  let queryEnd = min(params.stripEnd, select(block.w, lastKey + params.window, params.window < block.w - lastKey));
  if (firstQuery >= queryEnd) { return; }
  let kvHead = workgroup % params.kvHeads;
  let firstHead = kvHead * params.queriesPerKeyValueHead;
  let sumsAt = (block.x * params.kvHeads + kvHead) * params.headElements + lane;
  let rowStride = params.kvHeads * params.headElements;
  var sum0_0 = vec4<f32>();
  var sum1_0 = vec4<f32>();
  var sum2_0 = vec4<f32>();
  var sum3_0 = vec4<f32>();
  var sum4_0 = vec4<f32>();
  var sum5_0 = vec4<f32>();
  var sum6_0 = vec4<f32>();
  var sum7_0 = vec4<f32>();
  var sum8_0 = vec4<f32>();
  var sum9_0 = vec4<f32>();
  var sum10_0 = vec4<f32>();
  var sum11_0 = vec4<f32>();
  var sum12_0 = vec4<f32>();
  var sum13_0 = vec4<f32>();
  var sum14_0 = vec4<f32>();
  var sum15_0 = vec4<f32>();
  if (block.x < params.stripStart) {
    let at0 = sumsAt + min(0u, block.y - 1u) * rowStride;
    sum0_0 = sums[at0];
    let at1 = sumsAt + min(1u, block.y - 1u) * rowStride;
    sum1_0 = sums[at1];
    let at2 = sumsAt + min(2u, block.y - 1u) * rowStride;
    sum2_0 = sums[at2];
    let at3 = sumsAt + min(3u, block.y - 1u) * rowStride;
    sum3_0 = sums[at3];
    let at4 = sumsAt + min(4u, block.y - 1u) * rowStride;
    sum4_0 = sums[at4];
    let at5 = sumsAt + min(5u, block.y - 1u) * rowStride;
    sum5_0 = sums[at5];
    let at6 = sumsAt + min(6u, block.y - 1u) * rowStride;
    sum6_0 = sums[at6];
    let at7 = sumsAt + min(7u, block.y - 1u) * rowStride;
    sum7_0 = sums[at7];
    let at8 = sumsAt + min(8u, block.y - 1u) * rowStride;
    sum8_0 = sums[at8];
    let at9 = sumsAt + min(9u, block.y - 1u) * rowStride;
    sum9_0 = sums[at9];
    let at10 = sumsAt + min(10u, block.y - 1u) * rowStride;
    sum10_0 = sums[at10];
    let at11 = sumsAt + min(11u, block.y - 1u) * rowStride;
    sum11_0 = sums[at11];
    let at12 = sumsAt + min(12u, block.y - 1u) * rowStride;
    sum12_0 = sums[at12];
    let at13 = sumsAt + min(13u, block.y - 1u) * rowStride;
    sum13_0 = sums[at13];
    let at14 = sumsAt + min(14u, block.y - 1u) * rowStride;
    sum14_0 = sums[at14];
    let at15 = sumsAt + min(15u, block.y - 1u) * rowStride;
    sum15_0 = sums[at15];
  }
  let weightAt = params.weightsAt + (block.x - block.z) / 4u + lane % 4u;
  // Heads in turn, so that the order is the same wherever strips begin; in one loop, since one inside costs half as much again.
  let endHead = firstHead + params.queriesPerKeyValueHead;
  var head = firstHead;
  var query = firstQuery;
  while (query < queryEnd) {
    let weight0 = select(vec4<f32>(), weights[weightAt + ((min(query + lane / 4u % 1u, queryEnd - 1u) - params.stripStart) * params.heads + head) * params.weightStride], query + lane / 4u % 1u < queryEnd);
    let weight1 = select(vec4<f32>(), weights[weightAt + ((min(query + 1u + lane / 4u % 1u, queryEnd - 1u) - params.stripStart) * params.heads + head) * params.weightStride], query + 1u + lane / 4u % 1u < queryEnd);
    let valueAt0 = (min(query, queryEnd - 1u) * params.heads + head) * params.headElements + lane;
    let value0_0 = values[valueAt0];
    let valueAt1 = (min(query + 1u, queryEnd - 1u) * params.heads + head) * params.headElements + lane;
    let value1_0 = values[valueAt1];
    let weight0_0 = vec4<f32>(subgroupBroadcast(weight0.x, 0u));
    let weight0_1 = vec4<f32>(subgroupBroadcast(weight1.x, 0u));
    sum0_0 = fma(weight0_1, value1_0, fma(weight0_0, value0_0, sum0_0));
    let weight1_0 = vec4<f32>(subgroupBroadcast(weight0.y, 0u));
    let weight1_1 = vec4<f32>(subgroupBroadcast(weight1.y, 0u));
    sum1_0 = fma(weight1_1, value1_0, fma(weight1_0, value0_0, sum1_0));
    let weight2_0 = vec4<f32>(subgroupBroadcast(weight0.z, 0u));
    let weight2_1 = vec4<f32>(subgroupBroadcast(weight1.z, 0u));
    sum2_0 = fma(weight2_1, value1_0, fma(weight2_0, value0_0, sum2_0));
    let weight3_0 = vec4<f32>(subgroupBroadcast(weight0.w, 0u));
    let weight3_1 = vec4<f32>(subgroupBroadcast(weight1.w, 0u));
    sum3_0 = fma(weight3_1, value1_0, fma(weight3_0, value0_0, sum3_0));
    let weight4_0 = vec4<f32>(subgroupBroadcast(weight0.x, 1u));
    let weight4_1 = vec4<f32>(subgroupBroadcast(weight1.x, 1u));
    sum4_0 = fma(weight4_1, value1_0, fma(weight4_0, value0_0, sum4_0));
    let weight5_0 = vec4<f32>(subgroupBroadcast(weight0.y, 1u));
    let weight5_1 = vec4<f32>(subgroupBroadcast(weight1.y, 1u));
    sum5_0 = fma(weight5_1, value1_0, fma(weight5_0, value0_0, sum5_0));
    let weight6_0 = vec4<f32>(subgroupBroadcast(weight0.z, 1u));
    let weight6_1 = vec4<f32>(subgroupBroadcast(weight1.z, 1u));
    sum6_0 = fma(weight6_1, value1_0, fma(weight6_0, value0_0, sum6_0));
    let weight7_0 = vec4<f32>(subgroupBroadcast(weight0.w, 1u));
    let weight7_1 = vec4<f32>(subgroupBroadcast(weight1.w, 1u));
    sum7_0 = fma(weight7_1, value1_0, fma(weight7_0, value0_0, sum7_0));
    let weight8_0 = vec4<f32>(subgroupBroadcast(weight0.x, 2u));
    let weight8_1 = vec4<f32>(subgroupBroadcast(weight1.x, 2u));
    sum8_0 = fma(weight8_1, value1_0, fma(weight8_0, value0_0, sum8_0));
    let weight9_0 = vec4<f32>(subgroupBroadcast(weight0.y, 2u));
    let weight9_1 = vec4<f32>(subgroupBroadcast(weight1.y, 2u));
    sum9_0 = fma(weight9_1, value1_0, fma(weight9_0, value0_0, sum9_0));
    let weight10_0 = vec4<f32>(subgroupBroadcast(weight0.z, 2u));
    let weight10_1 = vec4<f32>(subgroupBroadcast(weight1.z, 2u));
    sum10_0 = fma(weight10_1, value1_0, fma(weight10_0, value0_0, sum10_0));
    let weight11_0 = vec4<f32>(subgroupBroadcast(weight0.w, 2u));
    let weight11_1 = vec4<f32>(subgroupBroadcast(weight1.w, 2u));
    sum11_0 = fma(weight11_1, value1_0, fma(weight11_0, value0_0, sum11_0));
    let weight12_0 = vec4<f32>(subgroupBroadcast(weight0.x, 3u));
    let weight12_1 = vec4<f32>(subgroupBroadcast(weight1.x, 3u));
    sum12_0 = fma(weight12_1, value1_0, fma(weight12_0, value0_0, sum12_0));
    let weight13_0 = vec4<f32>(subgroupBroadcast(weight0.y, 3u));
    let weight13_1 = vec4<f32>(subgroupBroadcast(weight1.y, 3u));
    sum13_0 = fma(weight13_1, value1_0, fma(weight13_0, value0_0, sum13_0));
    let weight14_0 = vec4<f32>(subgroupBroadcast(weight0.z, 3u));
    let weight14_1 = vec4<f32>(subgroupBroadcast(weight1.z, 3u));
    sum14_0 = fma(weight14_1, value1_0, fma(weight14_0, value0_0, sum14_0));
    let weight15_0 = vec4<f32>(subgroupBroadcast(weight0.w, 3u));
    let weight15_1 = vec4<f32>(subgroupBroadcast(weight1.w, 3u));
    sum15_0 = fma(weight15_1, value1_0, fma(weight15_0, value0_0, sum15_0));
    head++;
    query += select(0u, 2u, head == endHead);
    head = select(head, firstHead, head == endHead);
  }
  for (var r = 0u; r < min(block.y, 16u); r++) {
    let at = sumsAt + r * rowStride;
    sums[at] = sum0_0;
    sum0_0 = sum1_0;
    sum1_0 = sum2_0;
    sum2_0 = sum3_0;
    sum3_0 = sum4_0;
    sum4_0 = sum5_0;
    sum5_0 = sum6_0;
    sum6_0 = sum7_0;
    sum7_0 = sum8_0;
    sum8_0 = sum9_0;
    sum9_0 = sum10_0;
    sum10_0 = sum11_0;
    sum11_0 = sum12_0;
    sum12_0 = sum13_0;
    sum13_0 = sum14_0;
    sum14_0 = sum15_0;
  }
}
