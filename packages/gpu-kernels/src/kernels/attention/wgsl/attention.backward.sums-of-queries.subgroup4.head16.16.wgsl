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
  let block = blocks[params.firstBlock + workgroup / params.heads];
  if (block.x < params.stripStart || block.x >= params.stripEnd) { return; }
  let head = workgroup % params.heads;
  let kvHead = head / params.queriesPerKeyValueHead;
  let lastRow = block.x + block.y - 1u;
  let sumsAt = (block.x * params.heads + head) * params.headElements + lane;
  let rowStride = params.heads * params.headElements;
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
  let weightAt0 = params.weightsAt + ((min(block.x + lane, lastRow) - params.stripStart) * params.heads + head) * params.weightStride;
  let weightAt1 = params.weightsAt + ((min(block.x + 4u + lane, lastRow) - params.stripStart) * params.heads + head) * params.weightStride;
  let weightAt2 = params.weightsAt + ((min(block.x + 8u + lane, lastRow) - params.stripStart) * params.heads + head) * params.weightStride;
  let weightAt3 = params.weightsAt + ((min(block.x + 12u + lane, lastRow) - params.stripStart) * params.heads + head) * params.weightStride;
  let place = block.x - block.z;
  let hidden = select(0u, place + 1u - params.window, place >= params.window);
  for (var key = (hidden) / 16u * 16u; key <= lastRow - block.z; key += 4u) {
    let weight0 = weights[weightAt0 + key / 4u];
    let weight1 = weights[weightAt1 + key / 4u];
    let weight2 = weights[weightAt2 + key / 4u];
    let weight3 = weights[weightAt3 + key / 4u];
    let valueAt0 = (min(block.z + key, lastRow) * params.kvHeads + kvHead) * params.headElements + lane;
    let value0_0 = values[valueAt0];
    let valueAt1 = (min(block.z + key + 1u, lastRow) * params.kvHeads + kvHead) * params.headElements + lane;
    let value1_0 = values[valueAt1];
    let valueAt2 = (min(block.z + key + 2u, lastRow) * params.kvHeads + kvHead) * params.headElements + lane;
    let value2_0 = values[valueAt2];
    let valueAt3 = (min(block.z + key + 3u, lastRow) * params.kvHeads + kvHead) * params.headElements + lane;
    let value3_0 = values[valueAt3];
    let weight0_0 = vec4<f32>(subgroupBroadcast(weight0.x, 0u));
    let weight0_1 = vec4<f32>(subgroupBroadcast(weight0.y, 0u));
    let weight0_2 = vec4<f32>(subgroupBroadcast(weight0.z, 0u));
    let weight0_3 = vec4<f32>(subgroupBroadcast(weight0.w, 0u));
    sum0_0 = fma(weight0_3, value3_0, fma(weight0_2, value2_0, fma(weight0_1, value1_0, fma(weight0_0, value0_0, sum0_0))));
    let weight1_0 = vec4<f32>(subgroupBroadcast(weight0.x, 1u));
    let weight1_1 = vec4<f32>(subgroupBroadcast(weight0.y, 1u));
    let weight1_2 = vec4<f32>(subgroupBroadcast(weight0.z, 1u));
    let weight1_3 = vec4<f32>(subgroupBroadcast(weight0.w, 1u));
    sum1_0 = fma(weight1_3, value3_0, fma(weight1_2, value2_0, fma(weight1_1, value1_0, fma(weight1_0, value0_0, sum1_0))));
    let weight2_0 = vec4<f32>(subgroupBroadcast(weight0.x, 2u));
    let weight2_1 = vec4<f32>(subgroupBroadcast(weight0.y, 2u));
    let weight2_2 = vec4<f32>(subgroupBroadcast(weight0.z, 2u));
    let weight2_3 = vec4<f32>(subgroupBroadcast(weight0.w, 2u));
    sum2_0 = fma(weight2_3, value3_0, fma(weight2_2, value2_0, fma(weight2_1, value1_0, fma(weight2_0, value0_0, sum2_0))));
    let weight3_0 = vec4<f32>(subgroupBroadcast(weight0.x, 3u));
    let weight3_1 = vec4<f32>(subgroupBroadcast(weight0.y, 3u));
    let weight3_2 = vec4<f32>(subgroupBroadcast(weight0.z, 3u));
    let weight3_3 = vec4<f32>(subgroupBroadcast(weight0.w, 3u));
    sum3_0 = fma(weight3_3, value3_0, fma(weight3_2, value2_0, fma(weight3_1, value1_0, fma(weight3_0, value0_0, sum3_0))));
    let weight4_0 = vec4<f32>(subgroupBroadcast(weight1.x, 0u));
    let weight4_1 = vec4<f32>(subgroupBroadcast(weight1.y, 0u));
    let weight4_2 = vec4<f32>(subgroupBroadcast(weight1.z, 0u));
    let weight4_3 = vec4<f32>(subgroupBroadcast(weight1.w, 0u));
    sum4_0 = fma(weight4_3, value3_0, fma(weight4_2, value2_0, fma(weight4_1, value1_0, fma(weight4_0, value0_0, sum4_0))));
    let weight5_0 = vec4<f32>(subgroupBroadcast(weight1.x, 1u));
    let weight5_1 = vec4<f32>(subgroupBroadcast(weight1.y, 1u));
    let weight5_2 = vec4<f32>(subgroupBroadcast(weight1.z, 1u));
    let weight5_3 = vec4<f32>(subgroupBroadcast(weight1.w, 1u));
    sum5_0 = fma(weight5_3, value3_0, fma(weight5_2, value2_0, fma(weight5_1, value1_0, fma(weight5_0, value0_0, sum5_0))));
    let weight6_0 = vec4<f32>(subgroupBroadcast(weight1.x, 2u));
    let weight6_1 = vec4<f32>(subgroupBroadcast(weight1.y, 2u));
    let weight6_2 = vec4<f32>(subgroupBroadcast(weight1.z, 2u));
    let weight6_3 = vec4<f32>(subgroupBroadcast(weight1.w, 2u));
    sum6_0 = fma(weight6_3, value3_0, fma(weight6_2, value2_0, fma(weight6_1, value1_0, fma(weight6_0, value0_0, sum6_0))));
    let weight7_0 = vec4<f32>(subgroupBroadcast(weight1.x, 3u));
    let weight7_1 = vec4<f32>(subgroupBroadcast(weight1.y, 3u));
    let weight7_2 = vec4<f32>(subgroupBroadcast(weight1.z, 3u));
    let weight7_3 = vec4<f32>(subgroupBroadcast(weight1.w, 3u));
    sum7_0 = fma(weight7_3, value3_0, fma(weight7_2, value2_0, fma(weight7_1, value1_0, fma(weight7_0, value0_0, sum7_0))));
    let weight8_0 = vec4<f32>(subgroupBroadcast(weight2.x, 0u));
    let weight8_1 = vec4<f32>(subgroupBroadcast(weight2.y, 0u));
    let weight8_2 = vec4<f32>(subgroupBroadcast(weight2.z, 0u));
    let weight8_3 = vec4<f32>(subgroupBroadcast(weight2.w, 0u));
    sum8_0 = fma(weight8_3, value3_0, fma(weight8_2, value2_0, fma(weight8_1, value1_0, fma(weight8_0, value0_0, sum8_0))));
    let weight9_0 = vec4<f32>(subgroupBroadcast(weight2.x, 1u));
    let weight9_1 = vec4<f32>(subgroupBroadcast(weight2.y, 1u));
    let weight9_2 = vec4<f32>(subgroupBroadcast(weight2.z, 1u));
    let weight9_3 = vec4<f32>(subgroupBroadcast(weight2.w, 1u));
    sum9_0 = fma(weight9_3, value3_0, fma(weight9_2, value2_0, fma(weight9_1, value1_0, fma(weight9_0, value0_0, sum9_0))));
    let weight10_0 = vec4<f32>(subgroupBroadcast(weight2.x, 2u));
    let weight10_1 = vec4<f32>(subgroupBroadcast(weight2.y, 2u));
    let weight10_2 = vec4<f32>(subgroupBroadcast(weight2.z, 2u));
    let weight10_3 = vec4<f32>(subgroupBroadcast(weight2.w, 2u));
    sum10_0 = fma(weight10_3, value3_0, fma(weight10_2, value2_0, fma(weight10_1, value1_0, fma(weight10_0, value0_0, sum10_0))));
    let weight11_0 = vec4<f32>(subgroupBroadcast(weight2.x, 3u));
    let weight11_1 = vec4<f32>(subgroupBroadcast(weight2.y, 3u));
    let weight11_2 = vec4<f32>(subgroupBroadcast(weight2.z, 3u));
    let weight11_3 = vec4<f32>(subgroupBroadcast(weight2.w, 3u));
    sum11_0 = fma(weight11_3, value3_0, fma(weight11_2, value2_0, fma(weight11_1, value1_0, fma(weight11_0, value0_0, sum11_0))));
    let weight12_0 = vec4<f32>(subgroupBroadcast(weight3.x, 0u));
    let weight12_1 = vec4<f32>(subgroupBroadcast(weight3.y, 0u));
    let weight12_2 = vec4<f32>(subgroupBroadcast(weight3.z, 0u));
    let weight12_3 = vec4<f32>(subgroupBroadcast(weight3.w, 0u));
    sum12_0 = fma(weight12_3, value3_0, fma(weight12_2, value2_0, fma(weight12_1, value1_0, fma(weight12_0, value0_0, sum12_0))));
    let weight13_0 = vec4<f32>(subgroupBroadcast(weight3.x, 1u));
    let weight13_1 = vec4<f32>(subgroupBroadcast(weight3.y, 1u));
    let weight13_2 = vec4<f32>(subgroupBroadcast(weight3.z, 1u));
    let weight13_3 = vec4<f32>(subgroupBroadcast(weight3.w, 1u));
    sum13_0 = fma(weight13_3, value3_0, fma(weight13_2, value2_0, fma(weight13_1, value1_0, fma(weight13_0, value0_0, sum13_0))));
    let weight14_0 = vec4<f32>(subgroupBroadcast(weight3.x, 2u));
    let weight14_1 = vec4<f32>(subgroupBroadcast(weight3.y, 2u));
    let weight14_2 = vec4<f32>(subgroupBroadcast(weight3.z, 2u));
    let weight14_3 = vec4<f32>(subgroupBroadcast(weight3.w, 2u));
    sum14_0 = fma(weight14_3, value3_0, fma(weight14_2, value2_0, fma(weight14_1, value1_0, fma(weight14_0, value0_0, sum14_0))));
    let weight15_0 = vec4<f32>(subgroupBroadcast(weight3.x, 3u));
    let weight15_1 = vec4<f32>(subgroupBroadcast(weight3.y, 3u));
    let weight15_2 = vec4<f32>(subgroupBroadcast(weight3.z, 3u));
    let weight15_3 = vec4<f32>(subgroupBroadcast(weight3.w, 3u));
    sum15_0 = fma(weight15_3, value3_0, fma(weight15_2, value2_0, fma(weight15_1, value1_0, fma(weight15_0, value0_0, sum15_0))));
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
