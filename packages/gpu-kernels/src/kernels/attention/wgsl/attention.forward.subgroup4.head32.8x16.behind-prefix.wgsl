enable subgroups;

struct Params {
  heads: u32,
  queriesPerKeyValueHead: u32,
  kvHeads: u32,
  scale: f32,
  headElements: u32,
  window: u32,
  taskCount: u32,
  firstBlock: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> blocks: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> q: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> k: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> v: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> out: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> logSumExp: array<f32>;

const MASKED = -3.4e+38;

fn largestOfLanes(value: f32) -> f32 {
  var result = value;
  result = max(result, subgroupShuffleXor(result, 1u));
  result = max(result, subgroupShuffleXor(result, 2u));
  return result;
}

fn sumOfLanes(value: f32) -> f32 {
  var result = value;
  result = result + subgroupShuffleXor(result, 1u);
  result = result + subgroupShuffleXor(result, 2u);
  return result;
}

@compute @workgroup_size(4)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (workgroup >= params.taskCount) { return; }
  let block = blocks[params.firstBlock + workgroup / params.heads];
  let firstRow = block.x;
  let rowCount = block.y;
  let head = workgroup % params.heads;
  let kvHead = head / params.queriesPerKeyValueHead;
  let queryAt0 = (min(firstRow + lane, firstRow + rowCount - 1u) * params.heads + head) * params.headElements;
  let queryAt1 = (min(firstRow + 4u + lane, firstRow + rowCount - 1u) * params.heads + head) * params.headElements;
  var maximum0 = -3e+38;
  var total0 = 0.0;
  var out0_0 = vec4<f32>();
  var out0_1 = vec4<f32>();
  var maximum1 = -3e+38;
  var total1 = 0.0;
  var out1_0 = vec4<f32>();
  var out1_1 = vec4<f32>();
  var maximum2 = -3e+38;
  var total2 = 0.0;
  var out2_0 = vec4<f32>();
  var out2_1 = vec4<f32>();
  var maximum3 = -3e+38;
  var total3 = 0.0;
  var out3_0 = vec4<f32>();
  var out3_1 = vec4<f32>();
  var maximum4 = -3e+38;
  var total4 = 0.0;
  var out4_0 = vec4<f32>();
  var out4_1 = vec4<f32>();
  var maximum5 = -3e+38;
  var total5 = 0.0;
  var out5_0 = vec4<f32>();
  var out5_1 = vec4<f32>();
  var maximum6 = -3e+38;
  var total6 = 0.0;
  var out6_0 = vec4<f32>();
  var out6_1 = vec4<f32>();
  var maximum7 = -3e+38;
  var total7 = 0.0;
  var out7_0 = vec4<f32>();
  var out7_1 = vec4<f32>();
  let end = firstRow + rowCount;
  let place = firstRow - block.z;
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
    s0 = select(vec4<f32>(MASKED), params.scale * s0, (keys <= vec4<u32>(firstRow)) & (vec4<u32>(firstRow) - keys < vec4<u32>(params.window)));
    let most0 = max(maximum0, largestOfLanes(max(max(s0.x, s0.y), max(s0.z, s0.w))));
    let decay0 = exp(maximum0 - most0);
    maximum0 = most0;
    s0 = exp(s0 - most0);
    total0 = total0 * decay0 + ((s0.x + s0.y) + (s0.z + s0.w));
    out0_0 *= decay0;
    out0_1 *= decay0;
    s1 = select(vec4<f32>(MASKED), params.scale * s1, (keys <= vec4<u32>(firstRow + 1u)) & (vec4<u32>(firstRow + 1u) - keys < vec4<u32>(params.window)));
    let most1 = max(maximum1, largestOfLanes(max(max(s1.x, s1.y), max(s1.z, s1.w))));
    let decay1 = exp(maximum1 - most1);
    maximum1 = most1;
    s1 = exp(s1 - most1);
    total1 = total1 * decay1 + ((s1.x + s1.y) + (s1.z + s1.w));
    out1_0 *= decay1;
    out1_1 *= decay1;
    s2 = select(vec4<f32>(MASKED), params.scale * s2, (keys <= vec4<u32>(firstRow + 2u)) & (vec4<u32>(firstRow + 2u) - keys < vec4<u32>(params.window)));
    let most2 = max(maximum2, largestOfLanes(max(max(s2.x, s2.y), max(s2.z, s2.w))));
    let decay2 = exp(maximum2 - most2);
    maximum2 = most2;
    s2 = exp(s2 - most2);
    total2 = total2 * decay2 + ((s2.x + s2.y) + (s2.z + s2.w));
    out2_0 *= decay2;
    out2_1 *= decay2;
    s3 = select(vec4<f32>(MASKED), params.scale * s3, (keys <= vec4<u32>(firstRow + 3u)) & (vec4<u32>(firstRow + 3u) - keys < vec4<u32>(params.window)));
    let most3 = max(maximum3, largestOfLanes(max(max(s3.x, s3.y), max(s3.z, s3.w))));
    let decay3 = exp(maximum3 - most3);
    maximum3 = most3;
    s3 = exp(s3 - most3);
    total3 = total3 * decay3 + ((s3.x + s3.y) + (s3.z + s3.w));
    out3_0 *= decay3;
    out3_1 *= decay3;
    s4 = select(vec4<f32>(MASKED), params.scale * s4, (keys <= vec4<u32>(firstRow + 4u)) & (vec4<u32>(firstRow + 4u) - keys < vec4<u32>(params.window)));
    let most4 = max(maximum4, largestOfLanes(max(max(s4.x, s4.y), max(s4.z, s4.w))));
    let decay4 = exp(maximum4 - most4);
    maximum4 = most4;
    s4 = exp(s4 - most4);
    total4 = total4 * decay4 + ((s4.x + s4.y) + (s4.z + s4.w));
    out4_0 *= decay4;
    out4_1 *= decay4;
    s5 = select(vec4<f32>(MASKED), params.scale * s5, (keys <= vec4<u32>(firstRow + 5u)) & (vec4<u32>(firstRow + 5u) - keys < vec4<u32>(params.window)));
    let most5 = max(maximum5, largestOfLanes(max(max(s5.x, s5.y), max(s5.z, s5.w))));
    let decay5 = exp(maximum5 - most5);
    maximum5 = most5;
    s5 = exp(s5 - most5);
    total5 = total5 * decay5 + ((s5.x + s5.y) + (s5.z + s5.w));
    out5_0 *= decay5;
    out5_1 *= decay5;
    s6 = select(vec4<f32>(MASKED), params.scale * s6, (keys <= vec4<u32>(firstRow + 6u)) & (vec4<u32>(firstRow + 6u) - keys < vec4<u32>(params.window)));
    let most6 = max(maximum6, largestOfLanes(max(max(s6.x, s6.y), max(s6.z, s6.w))));
    let decay6 = exp(maximum6 - most6);
    maximum6 = most6;
    s6 = exp(s6 - most6);
    total6 = total6 * decay6 + ((s6.x + s6.y) + (s6.z + s6.w));
    out6_0 *= decay6;
    out6_1 *= decay6;
    s7 = select(vec4<f32>(MASKED), params.scale * s7, (keys <= vec4<u32>(firstRow + 7u)) & (vec4<u32>(firstRow + 7u) - keys < vec4<u32>(params.window)));
    let most7 = max(maximum7, largestOfLanes(max(max(s7.x, s7.y), max(s7.z, s7.w))));
    let decay7 = exp(maximum7 - most7);
    maximum7 = most7;
    s7 = exp(s7 - most7);
    total7 = total7 * decay7 + ((s7.x + s7.y) + (s7.z + s7.w));
    out7_0 *= decay7;
    out7_1 *= decay7;
    for (var giver = 0u; giver < 4u; giver++) {
      let columnAt0 = (min(key + giver * 4u, end - 1u) * params.kvHeads + kvHead) * params.headElements + lane;
      let columnAt1 = (min(key + giver * 4u + 1u, end - 1u) * params.kvHeads + kvHead) * params.headElements + lane;
      let columnAt2 = (min(key + giver * 4u + 2u, end - 1u) * params.kvHeads + kvHead) * params.headElements + lane;
      let columnAt3 = (min(key + giver * 4u + 3u, end - 1u) * params.kvHeads + kvHead) * params.headElements + lane;
      let outValue0_0 = v[columnAt0];
      let outValue0_1 = v[columnAt0 + 4u];
      let outValue1_0 = v[columnAt1];
      let outValue1_1 = v[columnAt1 + 4u];
      let outValue2_0 = v[columnAt2];
      let outValue2_1 = v[columnAt2 + 4u];
      let outValue3_0 = v[columnAt3];
      let outValue3_1 = v[columnAt3 + 4u];
      let outWeight0_0 = vec4<f32>(subgroupShuffle(s0.x, giver));
      let outWeight0_1 = vec4<f32>(subgroupShuffle(s0.y, giver));
      let outWeight0_2 = vec4<f32>(subgroupShuffle(s0.z, giver));
      let outWeight0_3 = vec4<f32>(subgroupShuffle(s0.w, giver));
      out0_0 = fma(outWeight0_3, outValue3_0, fma(outWeight0_2, outValue2_0, fma(outWeight0_1, outValue1_0, fma(outWeight0_0, outValue0_0, out0_0))));
      out0_1 = fma(outWeight0_3, outValue3_1, fma(outWeight0_2, outValue2_1, fma(outWeight0_1, outValue1_1, fma(outWeight0_0, outValue0_1, out0_1))));
      let outWeight1_0 = vec4<f32>(subgroupShuffle(s1.x, giver));
      let outWeight1_1 = vec4<f32>(subgroupShuffle(s1.y, giver));
      let outWeight1_2 = vec4<f32>(subgroupShuffle(s1.z, giver));
      let outWeight1_3 = vec4<f32>(subgroupShuffle(s1.w, giver));
      out1_0 = fma(outWeight1_3, outValue3_0, fma(outWeight1_2, outValue2_0, fma(outWeight1_1, outValue1_0, fma(outWeight1_0, outValue0_0, out1_0))));
      out1_1 = fma(outWeight1_3, outValue3_1, fma(outWeight1_2, outValue2_1, fma(outWeight1_1, outValue1_1, fma(outWeight1_0, outValue0_1, out1_1))));
      let outWeight2_0 = vec4<f32>(subgroupShuffle(s2.x, giver));
      let outWeight2_1 = vec4<f32>(subgroupShuffle(s2.y, giver));
      let outWeight2_2 = vec4<f32>(subgroupShuffle(s2.z, giver));
      let outWeight2_3 = vec4<f32>(subgroupShuffle(s2.w, giver));
      out2_0 = fma(outWeight2_3, outValue3_0, fma(outWeight2_2, outValue2_0, fma(outWeight2_1, outValue1_0, fma(outWeight2_0, outValue0_0, out2_0))));
      out2_1 = fma(outWeight2_3, outValue3_1, fma(outWeight2_2, outValue2_1, fma(outWeight2_1, outValue1_1, fma(outWeight2_0, outValue0_1, out2_1))));
      let outWeight3_0 = vec4<f32>(subgroupShuffle(s3.x, giver));
      let outWeight3_1 = vec4<f32>(subgroupShuffle(s3.y, giver));
      let outWeight3_2 = vec4<f32>(subgroupShuffle(s3.z, giver));
      let outWeight3_3 = vec4<f32>(subgroupShuffle(s3.w, giver));
      out3_0 = fma(outWeight3_3, outValue3_0, fma(outWeight3_2, outValue2_0, fma(outWeight3_1, outValue1_0, fma(outWeight3_0, outValue0_0, out3_0))));
      out3_1 = fma(outWeight3_3, outValue3_1, fma(outWeight3_2, outValue2_1, fma(outWeight3_1, outValue1_1, fma(outWeight3_0, outValue0_1, out3_1))));
      let outWeight4_0 = vec4<f32>(subgroupShuffle(s4.x, giver));
      let outWeight4_1 = vec4<f32>(subgroupShuffle(s4.y, giver));
      let outWeight4_2 = vec4<f32>(subgroupShuffle(s4.z, giver));
      let outWeight4_3 = vec4<f32>(subgroupShuffle(s4.w, giver));
      out4_0 = fma(outWeight4_3, outValue3_0, fma(outWeight4_2, outValue2_0, fma(outWeight4_1, outValue1_0, fma(outWeight4_0, outValue0_0, out4_0))));
      out4_1 = fma(outWeight4_3, outValue3_1, fma(outWeight4_2, outValue2_1, fma(outWeight4_1, outValue1_1, fma(outWeight4_0, outValue0_1, out4_1))));
      let outWeight5_0 = vec4<f32>(subgroupShuffle(s5.x, giver));
      let outWeight5_1 = vec4<f32>(subgroupShuffle(s5.y, giver));
      let outWeight5_2 = vec4<f32>(subgroupShuffle(s5.z, giver));
      let outWeight5_3 = vec4<f32>(subgroupShuffle(s5.w, giver));
      out5_0 = fma(outWeight5_3, outValue3_0, fma(outWeight5_2, outValue2_0, fma(outWeight5_1, outValue1_0, fma(outWeight5_0, outValue0_0, out5_0))));
      out5_1 = fma(outWeight5_3, outValue3_1, fma(outWeight5_2, outValue2_1, fma(outWeight5_1, outValue1_1, fma(outWeight5_0, outValue0_1, out5_1))));
      let outWeight6_0 = vec4<f32>(subgroupShuffle(s6.x, giver));
      let outWeight6_1 = vec4<f32>(subgroupShuffle(s6.y, giver));
      let outWeight6_2 = vec4<f32>(subgroupShuffle(s6.z, giver));
      let outWeight6_3 = vec4<f32>(subgroupShuffle(s6.w, giver));
      out6_0 = fma(outWeight6_3, outValue3_0, fma(outWeight6_2, outValue2_0, fma(outWeight6_1, outValue1_0, fma(outWeight6_0, outValue0_0, out6_0))));
      out6_1 = fma(outWeight6_3, outValue3_1, fma(outWeight6_2, outValue2_1, fma(outWeight6_1, outValue1_1, fma(outWeight6_0, outValue0_1, out6_1))));
      let outWeight7_0 = vec4<f32>(subgroupShuffle(s7.x, giver));
      let outWeight7_1 = vec4<f32>(subgroupShuffle(s7.y, giver));
      let outWeight7_2 = vec4<f32>(subgroupShuffle(s7.z, giver));
      let outWeight7_3 = vec4<f32>(subgroupShuffle(s7.w, giver));
      out7_0 = fma(outWeight7_3, outValue3_0, fma(outWeight7_2, outValue2_0, fma(outWeight7_1, outValue1_0, fma(outWeight7_0, outValue0_0, out7_0))));
      out7_1 = fma(outWeight7_3, outValue3_1, fma(outWeight7_2, outValue2_1, fma(outWeight7_1, outValue1_1, fma(outWeight7_0, outValue0_1, out7_1))));
    }
  }
  total0 = sumOfLanes(total0);
  total1 = sumOfLanes(total1);
  total2 = sumOfLanes(total2);
  total3 = sumOfLanes(total3);
  total4 = sumOfLanes(total4);
  total5 = sumOfLanes(total5);
  total6 = sumOfLanes(total6);
  total7 = sumOfLanes(total7);
  for (var r = 0u; r < min(rowCount, 8u); r++) {
    let rowHead = (firstRow + r) * params.heads + head;
    let outAt = rowHead * params.headElements + lane;
    let prefixNormalizer = logSumExp[rowHead];
    let most = max(prefixNormalizer, maximum0);
    let ofPrefix = exp(prefixNormalizer - most);
    let own = exp(maximum0 - most);
    let total = ofPrefix + own * total0;
    out[outAt] = (out[outAt] * ofPrefix + out0_0 * own) * (1.0 / total);
    out[outAt + 4u] = (out[outAt + 4u] * ofPrefix + out0_1 * own) * (1.0 / total);
    if (lane == 0u) { logSumExp[rowHead] = most + log(total); }
    maximum0 = maximum1;
    total0 = total1;
    out0_0 = out1_0;
    out0_1 = out1_1;
    maximum1 = maximum2;
    total1 = total2;
    out1_0 = out2_0;
    out1_1 = out2_1;
    maximum2 = maximum3;
    total2 = total3;
    out2_0 = out3_0;
    out2_1 = out3_1;
    maximum3 = maximum4;
    total3 = total4;
    out3_0 = out4_0;
    out3_1 = out4_1;
    maximum4 = maximum5;
    total4 = total5;
    out4_0 = out5_0;
    out4_1 = out5_1;
    maximum5 = maximum6;
    total5 = total6;
    out5_0 = out6_0;
    out5_1 = out6_1;
    maximum6 = maximum7;
    total6 = total7;
    out6_0 = out7_0;
    out6_1 = out7_1;
  }
}
