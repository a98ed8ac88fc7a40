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
  var sum0_1 = vec4<f32>();
  var sum0_2 = vec4<f32>();
  var sum0_3 = vec4<f32>();
  var sum1_0 = vec4<f32>();
  var sum1_1 = vec4<f32>();
  var sum1_2 = vec4<f32>();
  var sum1_3 = vec4<f32>();
  var sum2_0 = vec4<f32>();
  var sum2_1 = vec4<f32>();
  var sum2_2 = vec4<f32>();
  var sum2_3 = vec4<f32>();
  var sum3_0 = vec4<f32>();
  var sum3_1 = vec4<f32>();
  var sum3_2 = vec4<f32>();
  var sum3_3 = vec4<f32>();
  var sum4_0 = vec4<f32>();
  var sum4_1 = vec4<f32>();
  var sum4_2 = vec4<f32>();
  var sum4_3 = vec4<f32>();
  var sum5_0 = vec4<f32>();
  var sum5_1 = vec4<f32>();
  var sum5_2 = vec4<f32>();
  var sum5_3 = vec4<f32>();
  var sum6_0 = vec4<f32>();
  var sum6_1 = vec4<f32>();
  var sum6_2 = vec4<f32>();
  var sum6_3 = vec4<f32>();
  var sum7_0 = vec4<f32>();
  var sum7_1 = vec4<f32>();
  var sum7_2 = vec4<f32>();
  var sum7_3 = vec4<f32>();
  let weightAt0 = params.weightsAt + ((min(block.x + lane, lastRow) - params.stripStart) * params.heads + head) * params.weightStride;
  let weightAt1 = params.weightsAt + ((min(block.x + 4u + lane, lastRow) - params.stripStart) * params.heads + head) * params.weightStride;
  let place = block.x - block.z;
  let hidden = select(0u, place + 1u - params.window, place >= params.window);
  for (var key = (hidden) / 16u * 16u; key <= lastRow - block.z; key += 4u) {
    let weight0 = weights[weightAt0 + key / 4u];
    let weight1 = weights[weightAt1 + key / 4u];
    let valueAt0 = (min(block.z + key, lastRow) * params.kvHeads + kvHead) * params.headElements + lane;
    let value0_0 = values[valueAt0];
    let value0_1 = values[valueAt0 + 4u];
    let value0_2 = values[valueAt0 + 8u];
    let value0_3 = values[valueAt0 + 12u];
    let valueAt1 = (min(block.z + key + 1u, lastRow) * params.kvHeads + kvHead) * params.headElements + lane;
    let value1_0 = values[valueAt1];
    let value1_1 = values[valueAt1 + 4u];
    let value1_2 = values[valueAt1 + 8u];
    let value1_3 = values[valueAt1 + 12u];
    let valueAt2 = (min(block.z + key + 2u, lastRow) * params.kvHeads + kvHead) * params.headElements + lane;
    let value2_0 = values[valueAt2];
    let value2_1 = values[valueAt2 + 4u];
    let value2_2 = values[valueAt2 + 8u];
    let value2_3 = values[valueAt2 + 12u];
    let valueAt3 = (min(block.z + key + 3u, lastRow) * params.kvHeads + kvHead) * params.headElements + lane;
    let value3_0 = values[valueAt3];
    let value3_1 = values[valueAt3 + 4u];
    let value3_2 = values[valueAt3 + 8u];
    let value3_3 = values[valueAt3 + 12u];
    let weight0_0 = vec4<f32>(subgroupBroadcast(weight0.x, 0u));
    let weight0_1 = vec4<f32>(subgroupBroadcast(weight0.y, 0u));
    let weight0_2 = vec4<f32>(subgroupBroadcast(weight0.z, 0u));
    let weight0_3 = vec4<f32>(subgroupBroadcast(weight0.w, 0u));
    sum0_0 = fma(weight0_3, value3_0, fma(weight0_2, value2_0, fma(weight0_1, value1_0, fma(weight0_0, value0_0, sum0_0))));
    sum0_1 = fma(weight0_3, value3_1, fma(weight0_2, value2_1, fma(weight0_1, value1_1, fma(weight0_0, value0_1, sum0_1))));
    sum0_2 = fma(weight0_3, value3_2, fma(weight0_2, value2_2, fma(weight0_1, value1_2, fma(weight0_0, value0_2, sum0_2))));
    sum0_3 = fma(weight0_3, value3_3, fma(weight0_2, value2_3, fma(weight0_1, value1_3, fma(weight0_0, value0_3, sum0_3))));
    let weight1_0 = vec4<f32>(subgroupBroadcast(weight0.x, 1u));
    let weight1_1 = vec4<f32>(subgroupBroadcast(weight0.y, 1u));
    let weight1_2 = vec4<f32>(subgroupBroadcast(weight0.z, 1u));
    let weight1_3 = vec4<f32>(subgroupBroadcast(weight0.w, 1u));
    sum1_0 = fma(weight1_3, value3_0, fma(weight1_2, value2_0, fma(weight1_1, value1_0, fma(weight1_0, value0_0, sum1_0))));
    sum1_1 = fma(weight1_3, value3_1, fma(weight1_2, value2_1, fma(weight1_1, value1_1, fma(weight1_0, value0_1, sum1_1))));
    sum1_2 = fma(weight1_3, value3_2, fma(weight1_2, value2_2, fma(weight1_1, value1_2, fma(weight1_0, value0_2, sum1_2))));
    sum1_3 = fma(weight1_3, value3_3, fma(weight1_2, value2_3, fma(weight1_1, value1_3, fma(weight1_0, value0_3, sum1_3))));
    let weight2_0 = vec4<f32>(subgroupBroadcast(weight0.x, 2u));
    let weight2_1 = vec4<f32>(subgroupBroadcast(weight0.y, 2u));
    let weight2_2 = vec4<f32>(subgroupBroadcast(weight0.z, 2u));
    let weight2_3 = vec4<f32>(subgroupBroadcast(weight0.w, 2u));
    sum2_0 = fma(weight2_3, value3_0, fma(weight2_2, value2_0, fma(weight2_1, value1_0, fma(weight2_0, value0_0, sum2_0))));
    sum2_1 = fma(weight2_3, value3_1, fma(weight2_2, value2_1, fma(weight2_1, value1_1, fma(weight2_0, value0_1, sum2_1))));
    sum2_2 = fma(weight2_3, value3_2, fma(weight2_2, value2_2, fma(weight2_1, value1_2, fma(weight2_0, value0_2, sum2_2))));
    sum2_3 = fma(weight2_3, value3_3, fma(weight2_2, value2_3, fma(weight2_1, value1_3, fma(weight2_0, value0_3, sum2_3))));
    let weight3_0 = vec4<f32>(subgroupBroadcast(weight0.x, 3u));
    let weight3_1 = vec4<f32>(subgroupBroadcast(weight0.y, 3u));
    let weight3_2 = vec4<f32>(subgroupBroadcast(weight0.z, 3u));
    let weight3_3 = vec4<f32>(subgroupBroadcast(weight0.w, 3u));
    sum3_0 = fma(weight3_3, value3_0, fma(weight3_2, value2_0, fma(weight3_1, value1_0, fma(weight3_0, value0_0, sum3_0))));
    sum3_1 = fma(weight3_3, value3_1, fma(weight3_2, value2_1, fma(weight3_1, value1_1, fma(weight3_0, value0_1, sum3_1))));
    sum3_2 = fma(weight3_3, value3_2, fma(weight3_2, value2_2, fma(weight3_1, value1_2, fma(weight3_0, value0_2, sum3_2))));
    sum3_3 = fma(weight3_3, value3_3, fma(weight3_2, value2_3, fma(weight3_1, value1_3, fma(weight3_0, value0_3, sum3_3))));
    let weight4_0 = vec4<f32>(subgroupBroadcast(weight1.x, 0u));
    let weight4_1 = vec4<f32>(subgroupBroadcast(weight1.y, 0u));
    let weight4_2 = vec4<f32>(subgroupBroadcast(weight1.z, 0u));
    let weight4_3 = vec4<f32>(subgroupBroadcast(weight1.w, 0u));
    sum4_0 = fma(weight4_3, value3_0, fma(weight4_2, value2_0, fma(weight4_1, value1_0, fma(weight4_0, value0_0, sum4_0))));
    sum4_1 = fma(weight4_3, value3_1, fma(weight4_2, value2_1, fma(weight4_1, value1_1, fma(weight4_0, value0_1, sum4_1))));
    sum4_2 = fma(weight4_3, value3_2, fma(weight4_2, value2_2, fma(weight4_1, value1_2, fma(weight4_0, value0_2, sum4_2))));
    sum4_3 = fma(weight4_3, value3_3, fma(weight4_2, value2_3, fma(weight4_1, value1_3, fma(weight4_0, value0_3, sum4_3))));
    let weight5_0 = vec4<f32>(subgroupBroadcast(weight1.x, 1u));
    let weight5_1 = vec4<f32>(subgroupBroadcast(weight1.y, 1u));
    let weight5_2 = vec4<f32>(subgroupBroadcast(weight1.z, 1u));
    let weight5_3 = vec4<f32>(subgroupBroadcast(weight1.w, 1u));
    sum5_0 = fma(weight5_3, value3_0, fma(weight5_2, value2_0, fma(weight5_1, value1_0, fma(weight5_0, value0_0, sum5_0))));
    sum5_1 = fma(weight5_3, value3_1, fma(weight5_2, value2_1, fma(weight5_1, value1_1, fma(weight5_0, value0_1, sum5_1))));
    sum5_2 = fma(weight5_3, value3_2, fma(weight5_2, value2_2, fma(weight5_1, value1_2, fma(weight5_0, value0_2, sum5_2))));
    sum5_3 = fma(weight5_3, value3_3, fma(weight5_2, value2_3, fma(weight5_1, value1_3, fma(weight5_0, value0_3, sum5_3))));
    let weight6_0 = vec4<f32>(subgroupBroadcast(weight1.x, 2u));
    let weight6_1 = vec4<f32>(subgroupBroadcast(weight1.y, 2u));
    let weight6_2 = vec4<f32>(subgroupBroadcast(weight1.z, 2u));
    let weight6_3 = vec4<f32>(subgroupBroadcast(weight1.w, 2u));
    sum6_0 = fma(weight6_3, value3_0, fma(weight6_2, value2_0, fma(weight6_1, value1_0, fma(weight6_0, value0_0, sum6_0))));
    sum6_1 = fma(weight6_3, value3_1, fma(weight6_2, value2_1, fma(weight6_1, value1_1, fma(weight6_0, value0_1, sum6_1))));
    sum6_2 = fma(weight6_3, value3_2, fma(weight6_2, value2_2, fma(weight6_1, value1_2, fma(weight6_0, value0_2, sum6_2))));
    sum6_3 = fma(weight6_3, value3_3, fma(weight6_2, value2_3, fma(weight6_1, value1_3, fma(weight6_0, value0_3, sum6_3))));
    let weight7_0 = vec4<f32>(subgroupBroadcast(weight1.x, 3u));
    let weight7_1 = vec4<f32>(subgroupBroadcast(weight1.y, 3u));
    let weight7_2 = vec4<f32>(subgroupBroadcast(weight1.z, 3u));
    let weight7_3 = vec4<f32>(subgroupBroadcast(weight1.w, 3u));
    sum7_0 = fma(weight7_3, value3_0, fma(weight7_2, value2_0, fma(weight7_1, value1_0, fma(weight7_0, value0_0, sum7_0))));
    sum7_1 = fma(weight7_3, value3_1, fma(weight7_2, value2_1, fma(weight7_1, value1_1, fma(weight7_0, value0_1, sum7_1))));
    sum7_2 = fma(weight7_3, value3_2, fma(weight7_2, value2_2, fma(weight7_1, value1_2, fma(weight7_0, value0_2, sum7_2))));
    sum7_3 = fma(weight7_3, value3_3, fma(weight7_2, value2_3, fma(weight7_1, value1_3, fma(weight7_0, value0_3, sum7_3))));
  }
  for (var r = 0u; r < min(block.y, 8u); r++) {
    let at = sumsAt + r * rowStride;
    sums[at] = sum0_0;
    sums[at + 4u] = sum0_1;
    sums[at + 8u] = sum0_2;
    sums[at + 12u] = sum0_3;
    sum0_0 = sum1_0;
    sum0_1 = sum1_1;
    sum0_2 = sum1_2;
    sum0_3 = sum1_3;
    sum1_0 = sum2_0;
    sum1_1 = sum2_1;
    sum1_2 = sum2_2;
    sum1_3 = sum2_3;
    sum2_0 = sum3_0;
    sum2_1 = sum3_1;
    sum2_2 = sum3_2;
    sum2_3 = sum3_3;
    sum3_0 = sum4_0;
    sum3_1 = sum4_1;
    sum3_2 = sum4_2;
    sum3_3 = sum4_3;
    sum4_0 = sum5_0;
    sum4_1 = sum5_1;
    sum4_2 = sum5_2;
    sum4_3 = sum5_3;
    sum5_0 = sum6_0;
    sum5_1 = sum6_1;
    sum5_2 = sum6_2;
    sum5_3 = sum6_3;
    sum6_0 = sum7_0;
    sum6_1 = sum7_1;
    sum6_2 = sum7_2;
    sum6_3 = sum7_3;
  }
}
