enable subgroups;

struct Params {
  heads: u32,
  queriesPerKeyValueHead: u32,
  kvHeads: u32,
  scale: f32,
  headElements: u32,
  window: u32,
  taskCount: u32,
  tokens: u32,
  prefixLength: u32,
  firstStart: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> sequences: array<vec4<u32>>;
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

fn startOf(row: u32) -> u32 {
  return sequences[params.firstStart + row / 4u][row % 4u];
}

@compute @workgroup_size(4)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (workgroup >= params.taskCount) { return; }
  let firstRow = workgroup / params.heads * 16u;
  let rowCount = min(16u, params.tokens - firstRow);
  let head = workgroup % params.heads;
  let kvHead = head / params.queriesPerKeyValueHead;
  let queryAt0 = (min(firstRow + lane, firstRow + rowCount - 1u) * params.heads + head) * params.headElements;
  let queryAt1 = (min(firstRow + 4u + lane, firstRow + rowCount - 1u) * params.heads + head) * params.headElements;
  let queryAt2 = (min(firstRow + 8u + lane, firstRow + rowCount - 1u) * params.heads + head) * params.headElements;
  let queryAt3 = (min(firstRow + 12u + lane, firstRow + rowCount - 1u) * params.heads + head) * params.headElements;
  var maximum0 = -3e+38;
  var total0 = 0.0;
  var out0_0 = vec4<f32>();
  var maximum1 = -3e+38;
  var total1 = 0.0;
  var out1_0 = vec4<f32>();
  var maximum2 = -3e+38;
  var total2 = 0.0;
  var out2_0 = vec4<f32>();
  var maximum3 = -3e+38;
  var total3 = 0.0;
  var out3_0 = vec4<f32>();
  var maximum4 = -3e+38;
  var total4 = 0.0;
  var out4_0 = vec4<f32>();
  var maximum5 = -3e+38;
  var total5 = 0.0;
  var out5_0 = vec4<f32>();
  var maximum6 = -3e+38;
  var total6 = 0.0;
  var out6_0 = vec4<f32>();
  var maximum7 = -3e+38;
  var total7 = 0.0;
  var out7_0 = vec4<f32>();
  var maximum8 = -3e+38;
  var total8 = 0.0;
  var out8_0 = vec4<f32>();
  var maximum9 = -3e+38;
  var total9 = 0.0;
  var out9_0 = vec4<f32>();
  var maximum10 = -3e+38;
  var total10 = 0.0;
  var out10_0 = vec4<f32>();
  var maximum11 = -3e+38;
  var total11 = 0.0;
  var out11_0 = vec4<f32>();
  var maximum12 = -3e+38;
  var total12 = 0.0;
  var out12_0 = vec4<f32>();
  var maximum13 = -3e+38;
  var total13 = 0.0;
  var out13_0 = vec4<f32>();
  var maximum14 = -3e+38;
  var total14 = 0.0;
  var out14_0 = vec4<f32>();
  var maximum15 = -3e+38;
  var total15 = 0.0;
  var out15_0 = vec4<f32>();
  let row0 = min(firstRow + lane, firstRow + rowCount - 1u);
  let place0 = params.prefixLength + row0 - startOf(row0);
  let hidden0 = select(0u, place0 + 1u - params.window, place0 >= params.window);
  let row1 = min(firstRow + 4u + lane, firstRow + rowCount - 1u);
  let place1 = params.prefixLength + row1 - startOf(row1);
  let hidden1 = select(0u, place1 + 1u - params.window, place1 >= params.window);
  let row2 = min(firstRow + 8u + lane, firstRow + rowCount - 1u);
  let place2 = params.prefixLength + row2 - startOf(row2);
  let hidden2 = select(0u, place2 + 1u - params.window, place2 >= params.window);
  let row3 = min(firstRow + 12u + lane, firstRow + rowCount - 1u);
  let place3 = params.prefixLength + row3 - startOf(row3);
  let hidden3 = select(0u, place3 + 1u - params.window, place3 >= params.window);
  // Of all rows, found by every lane alike, as the loop over keys must be uniform.
  var hidden = params.prefixLength;
  for (var r = 0u; r < rowCount; r++) {
    let place = params.prefixLength + firstRow + r - startOf(firstRow + r);
    hidden = min(hidden, select(0u, place + 1u - params.window, place >= params.window));
  }
  for (var key = (hidden) / 16u * 16u; key < params.prefixLength; key += 16u) {
    let keys = key + lane * 4u + vec4<u32>(0u, 1u, 2u, 3u);
    let keyAt0 = (min(keys.x, params.prefixLength - 1u) * params.kvHeads + kvHead) * params.headElements;
    let keyAt1 = (min(keys.y, params.prefixLength - 1u) * params.kvHeads + kvHead) * params.headElements;
    let keyAt2 = (min(keys.z, params.prefixLength - 1u) * params.kvHeads + kvHead) * params.headElements;
    let keyAt3 = (min(keys.w, params.prefixLength - 1u) * params.kvHeads + kvHead) * params.headElements;
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
      let column0 = k[keyAt0 + i];
      let column1 = k[keyAt1 + i];
      let column2 = k[keyAt2 + i];
      let column3 = k[keyAt3 + i];
      let own0 = q[queryAt0 + i];
      let own1 = q[queryAt1 + i];
      let own2 = q[queryAt2 + i];
      let own3 = q[queryAt3 + i];
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
      s8 = fma(vec4<f32>(subgroupBroadcast(own2.w, 0u)), turned3, fma(vec4<f32>(subgroupBroadcast(own2.z, 0u)), turned2, fma(vec4<f32>(subgroupBroadcast(own2.y, 0u)), turned1, fma(vec4<f32>(subgroupBroadcast(own2.x, 0u)), turned0, s8))));
      s9 = fma(vec4<f32>(subgroupBroadcast(own2.w, 1u)), turned3, fma(vec4<f32>(subgroupBroadcast(own2.z, 1u)), turned2, fma(vec4<f32>(subgroupBroadcast(own2.y, 1u)), turned1, fma(vec4<f32>(subgroupBroadcast(own2.x, 1u)), turned0, s9))));
      s10 = fma(vec4<f32>(subgroupBroadcast(own2.w, 2u)), turned3, fma(vec4<f32>(subgroupBroadcast(own2.z, 2u)), turned2, fma(vec4<f32>(subgroupBroadcast(own2.y, 2u)), turned1, fma(vec4<f32>(subgroupBroadcast(own2.x, 2u)), turned0, s10))));
      s11 = fma(vec4<f32>(subgroupBroadcast(own2.w, 3u)), turned3, fma(vec4<f32>(subgroupBroadcast(own2.z, 3u)), turned2, fma(vec4<f32>(subgroupBroadcast(own2.y, 3u)), turned1, fma(vec4<f32>(subgroupBroadcast(own2.x, 3u)), turned0, s11))));
      s12 = fma(vec4<f32>(subgroupBroadcast(own3.w, 0u)), turned3, fma(vec4<f32>(subgroupBroadcast(own3.z, 0u)), turned2, fma(vec4<f32>(subgroupBroadcast(own3.y, 0u)), turned1, fma(vec4<f32>(subgroupBroadcast(own3.x, 0u)), turned0, s12))));
      s13 = fma(vec4<f32>(subgroupBroadcast(own3.w, 1u)), turned3, fma(vec4<f32>(subgroupBroadcast(own3.z, 1u)), turned2, fma(vec4<f32>(subgroupBroadcast(own3.y, 1u)), turned1, fma(vec4<f32>(subgroupBroadcast(own3.x, 1u)), turned0, s13))));
      s14 = fma(vec4<f32>(subgroupBroadcast(own3.w, 2u)), turned3, fma(vec4<f32>(subgroupBroadcast(own3.z, 2u)), turned2, fma(vec4<f32>(subgroupBroadcast(own3.y, 2u)), turned1, fma(vec4<f32>(subgroupBroadcast(own3.x, 2u)), turned0, s14))));
      s15 = fma(vec4<f32>(subgroupBroadcast(own3.w, 3u)), turned3, fma(vec4<f32>(subgroupBroadcast(own3.z, 3u)), turned2, fma(vec4<f32>(subgroupBroadcast(own3.y, 3u)), turned1, fma(vec4<f32>(subgroupBroadcast(own3.x, 3u)), turned0, s15))));
    }
    s0 = select(vec4<f32>(MASKED), params.scale * s0, (keys < vec4<u32>(params.prefixLength)) & (keys >= vec4<u32>(subgroupBroadcast(hidden0, 0u))));
    let most0 = max(maximum0, largestOfLanes(max(max(s0.x, s0.y), max(s0.z, s0.w))));
    let decay0 = exp(maximum0 - most0);
    maximum0 = most0;
    s0 = exp(s0 - most0);
    total0 = total0 * decay0 + ((s0.x + s0.y) + (s0.z + s0.w));
    out0_0 *= decay0;
    s1 = select(vec4<f32>(MASKED), params.scale * s1, (keys < vec4<u32>(params.prefixLength)) & (keys >= vec4<u32>(subgroupBroadcast(hidden0, 1u))));
    let most1 = max(maximum1, largestOfLanes(max(max(s1.x, s1.y), max(s1.z, s1.w))));
    let decay1 = exp(maximum1 - most1);
    maximum1 = most1;
    s1 = exp(s1 - most1);
    total1 = total1 * decay1 + ((s1.x + s1.y) + (s1.z + s1.w));
    out1_0 *= decay1;
    s2 = select(vec4<f32>(MASKED), params.scale * s2, (keys < vec4<u32>(params.prefixLength)) & (keys >= vec4<u32>(subgroupBroadcast(hidden0, 2u))));
    let most2 = max(maximum2, largestOfLanes(max(max(s2.x, s2.y), max(s2.z, s2.w))));
    let decay2 = exp(maximum2 - most2);
    maximum2 = most2;
    s2 = exp(s2 - most2);
    total2 = total2 * decay2 + ((s2.x + s2.y) + (s2.z + s2.w));
    out2_0 *= decay2;
    s3 = select(vec4<f32>(MASKED), params.scale * s3, (keys < vec4<u32>(params.prefixLength)) & (keys >= vec4<u32>(subgroupBroadcast(hidden0, 3u))));
    let most3 = max(maximum3, largestOfLanes(max(max(s3.x, s3.y), max(s3.z, s3.w))));
    let decay3 = exp(maximum3 - most3);
    maximum3 = most3;
    s3 = exp(s3 - most3);
    total3 = total3 * decay3 + ((s3.x + s3.y) + (s3.z + s3.w));
    out3_0 *= decay3;
    s4 = select(vec4<f32>(MASKED), params.scale * s4, (keys < vec4<u32>(params.prefixLength)) & (keys >= vec4<u32>(subgroupBroadcast(hidden1, 0u))));
    let most4 = max(maximum4, largestOfLanes(max(max(s4.x, s4.y), max(s4.z, s4.w))));
    let decay4 = exp(maximum4 - most4);
    maximum4 = most4;
    s4 = exp(s4 - most4);
    total4 = total4 * decay4 + ((s4.x + s4.y) + (s4.z + s4.w));
    out4_0 *= decay4;
    s5 = select(vec4<f32>(MASKED), params.scale * s5, (keys < vec4<u32>(params.prefixLength)) & (keys >= vec4<u32>(subgroupBroadcast(hidden1, 1u))));
    let most5 = max(maximum5, largestOfLanes(max(max(s5.x, s5.y), max(s5.z, s5.w))));
    let decay5 = exp(maximum5 - most5);
    maximum5 = most5;
    s5 = exp(s5 - most5);
    total5 = total5 * decay5 + ((s5.x + s5.y) + (s5.z + s5.w));
    out5_0 *= decay5;
    s6 = select(vec4<f32>(MASKED), params.scale * s6, (keys < vec4<u32>(params.prefixLength)) & (keys >= vec4<u32>(subgroupBroadcast(hidden1, 2u))));
    let most6 = max(maximum6, largestOfLanes(max(max(s6.x, s6.y), max(s6.z, s6.w))));
    let decay6 = exp(maximum6 - most6);
    maximum6 = most6;
    s6 = exp(s6 - most6);
    total6 = total6 * decay6 + ((s6.x + s6.y) + (s6.z + s6.w));
    out6_0 *= decay6;
    s7 = select(vec4<f32>(MASKED), params.scale * s7, (keys < vec4<u32>(params.prefixLength)) & (keys >= vec4<u32>(subgroupBroadcast(hidden1, 3u))));
    let most7 = max(maximum7, largestOfLanes(max(max(s7.x, s7.y), max(s7.z, s7.w))));
    let decay7 = exp(maximum7 - most7);
    maximum7 = most7;
    s7 = exp(s7 - most7);
    total7 = total7 * decay7 + ((s7.x + s7.y) + (s7.z + s7.w));
    out7_0 *= decay7;
    s8 = select(vec4<f32>(MASKED), params.scale * s8, (keys < vec4<u32>(params.prefixLength)) & (keys >= vec4<u32>(subgroupBroadcast(hidden2, 0u))));
    let most8 = max(maximum8, largestOfLanes(max(max(s8.x, s8.y), max(s8.z, s8.w))));
    let decay8 = exp(maximum8 - most8);
    maximum8 = most8;
    s8 = exp(s8 - most8);
    total8 = total8 * decay8 + ((s8.x + s8.y) + (s8.z + s8.w));
    out8_0 *= decay8;
    s9 = select(vec4<f32>(MASKED), params.scale * s9, (keys < vec4<u32>(params.prefixLength)) & (keys >= vec4<u32>(subgroupBroadcast(hidden2, 1u))));
    let most9 = max(maximum9, largestOfLanes(max(max(s9.x, s9.y), max(s9.z, s9.w))));
    let decay9 = exp(maximum9 - most9);
    maximum9 = most9;
    s9 = exp(s9 - most9);
    total9 = total9 * decay9 + ((s9.x + s9.y) + (s9.z + s9.w));
    out9_0 *= decay9;
    s10 = select(vec4<f32>(MASKED), params.scale * s10, (keys < vec4<u32>(params.prefixLength)) & (keys >= vec4<u32>(subgroupBroadcast(hidden2, 2u))));
    let most10 = max(maximum10, largestOfLanes(max(max(s10.x, s10.y), max(s10.z, s10.w))));
    let decay10 = exp(maximum10 - most10);
    maximum10 = most10;
    s10 = exp(s10 - most10);
    total10 = total10 * decay10 + ((s10.x + s10.y) + (s10.z + s10.w));
    out10_0 *= decay10;
    s11 = select(vec4<f32>(MASKED), params.scale * s11, (keys < vec4<u32>(params.prefixLength)) & (keys >= vec4<u32>(subgroupBroadcast(hidden2, 3u))));
    let most11 = max(maximum11, largestOfLanes(max(max(s11.x, s11.y), max(s11.z, s11.w))));
    let decay11 = exp(maximum11 - most11);
    maximum11 = most11;
    s11 = exp(s11 - most11);
    total11 = total11 * decay11 + ((s11.x + s11.y) + (s11.z + s11.w));
    out11_0 *= decay11;
    s12 = select(vec4<f32>(MASKED), params.scale * s12, (keys < vec4<u32>(params.prefixLength)) & (keys >= vec4<u32>(subgroupBroadcast(hidden3, 0u))));
    let most12 = max(maximum12, largestOfLanes(max(max(s12.x, s12.y), max(s12.z, s12.w))));
    let decay12 = exp(maximum12 - most12);
    maximum12 = most12;
    s12 = exp(s12 - most12);
    total12 = total12 * decay12 + ((s12.x + s12.y) + (s12.z + s12.w));
    out12_0 *= decay12;
    s13 = select(vec4<f32>(MASKED), params.scale * s13, (keys < vec4<u32>(params.prefixLength)) & (keys >= vec4<u32>(subgroupBroadcast(hidden3, 1u))));
    let most13 = max(maximum13, largestOfLanes(max(max(s13.x, s13.y), max(s13.z, s13.w))));
    let decay13 = exp(maximum13 - most13);
    maximum13 = most13;
    s13 = exp(s13 - most13);
    total13 = total13 * decay13 + ((s13.x + s13.y) + (s13.z + s13.w));
    out13_0 *= decay13;
    s14 = select(vec4<f32>(MASKED), params.scale * s14, (keys < vec4<u32>(params.prefixLength)) & (keys >= vec4<u32>(subgroupBroadcast(hidden3, 2u))));
    let most14 = max(maximum14, largestOfLanes(max(max(s14.x, s14.y), max(s14.z, s14.w))));
    let decay14 = exp(maximum14 - most14);
    maximum14 = most14;
    s14 = exp(s14 - most14);
    total14 = total14 * decay14 + ((s14.x + s14.y) + (s14.z + s14.w));
    out14_0 *= decay14;
    s15 = select(vec4<f32>(MASKED), params.scale * s15, (keys < vec4<u32>(params.prefixLength)) & (keys >= vec4<u32>(subgroupBroadcast(hidden3, 3u))));
    let most15 = max(maximum15, largestOfLanes(max(max(s15.x, s15.y), max(s15.z, s15.w))));
    let decay15 = exp(maximum15 - most15);
    maximum15 = most15;
    s15 = exp(s15 - most15);
    total15 = total15 * decay15 + ((s15.x + s15.y) + (s15.z + s15.w));
    out15_0 *= decay15;
    for (var giver = 0u; giver < 4u; giver++) {
      let columnAt0 = (min(key + giver * 4u, params.prefixLength - 1u) * params.kvHeads + kvHead) * params.headElements + lane;
      let columnAt1 = (min(key + giver * 4u + 1u, params.prefixLength - 1u) * params.kvHeads + kvHead) * params.headElements + lane;
      let columnAt2 = (min(key + giver * 4u + 2u, params.prefixLength - 1u) * params.kvHeads + kvHead) * params.headElements + lane;
      let columnAt3 = (min(key + giver * 4u + 3u, params.prefixLength - 1u) * params.kvHeads + kvHead) * params.headElements + lane;
      let outValue0_0 = v[columnAt0];
      let outValue1_0 = v[columnAt1];
      let outValue2_0 = v[columnAt2];
      let outValue3_0 = v[columnAt3];
      let outWeight0_0 = vec4<f32>(subgroupShuffle(s0.x, giver));
      let outWeight0_1 = vec4<f32>(subgroupShuffle(s0.y, giver));
      let outWeight0_2 = vec4<f32>(subgroupShuffle(s0.z, giver));
      let outWeight0_3 = vec4<f32>(subgroupShuffle(s0.w, giver));
      out0_0 = fma(outWeight0_3, outValue3_0, fma(outWeight0_2, outValue2_0, fma(outWeight0_1, outValue1_0, fma(outWeight0_0, outValue0_0, out0_0))));
      let outWeight1_0 = vec4<f32>(subgroupShuffle(s1.x, giver));
      let outWeight1_1 = vec4<f32>(subgroupShuffle(s1.y, giver));
      let outWeight1_2 = vec4<f32>(subgroupShuffle(s1.z, giver));
      let outWeight1_3 = vec4<f32>(subgroupShuffle(s1.w, giver));
      out1_0 = fma(outWeight1_3, outValue3_0, fma(outWeight1_2, outValue2_0, fma(outWeight1_1, outValue1_0, fma(outWeight1_0, outValue0_0, out1_0))));
      let outWeight2_0 = vec4<f32>(subgroupShuffle(s2.x, giver));
      let outWeight2_1 = vec4<f32>(subgroupShuffle(s2.y, giver));
      let outWeight2_2 = vec4<f32>(subgroupShuffle(s2.z, giver));
      let outWeight2_3 = vec4<f32>(subgroupShuffle(s2.w, giver));
      out2_0 = fma(outWeight2_3, outValue3_0, fma(outWeight2_2, outValue2_0, fma(outWeight2_1, outValue1_0, fma(outWeight2_0, outValue0_0, out2_0))));
      let outWeight3_0 = vec4<f32>(subgroupShuffle(s3.x, giver));
      let outWeight3_1 = vec4<f32>(subgroupShuffle(s3.y, giver));
      let outWeight3_2 = vec4<f32>(subgroupShuffle(s3.z, giver));
      let outWeight3_3 = vec4<f32>(subgroupShuffle(s3.w, giver));
      out3_0 = fma(outWeight3_3, outValue3_0, fma(outWeight3_2, outValue2_0, fma(outWeight3_1, outValue1_0, fma(outWeight3_0, outValue0_0, out3_0))));
      let outWeight4_0 = vec4<f32>(subgroupShuffle(s4.x, giver));
      let outWeight4_1 = vec4<f32>(subgroupShuffle(s4.y, giver));
      let outWeight4_2 = vec4<f32>(subgroupShuffle(s4.z, giver));
      let outWeight4_3 = vec4<f32>(subgroupShuffle(s4.w, giver));
      out4_0 = fma(outWeight4_3, outValue3_0, fma(outWeight4_2, outValue2_0, fma(outWeight4_1, outValue1_0, fma(outWeight4_0, outValue0_0, out4_0))));
      let outWeight5_0 = vec4<f32>(subgroupShuffle(s5.x, giver));
      let outWeight5_1 = vec4<f32>(subgroupShuffle(s5.y, giver));
      let outWeight5_2 = vec4<f32>(subgroupShuffle(s5.z, giver));
      let outWeight5_3 = vec4<f32>(subgroupShuffle(s5.w, giver));
      out5_0 = fma(outWeight5_3, outValue3_0, fma(outWeight5_2, outValue2_0, fma(outWeight5_1, outValue1_0, fma(outWeight5_0, outValue0_0, out5_0))));
      let outWeight6_0 = vec4<f32>(subgroupShuffle(s6.x, giver));
      let outWeight6_1 = vec4<f32>(subgroupShuffle(s6.y, giver));
      let outWeight6_2 = vec4<f32>(subgroupShuffle(s6.z, giver));
      let outWeight6_3 = vec4<f32>(subgroupShuffle(s6.w, giver));
      out6_0 = fma(outWeight6_3, outValue3_0, fma(outWeight6_2, outValue2_0, fma(outWeight6_1, outValue1_0, fma(outWeight6_0, outValue0_0, out6_0))));
      let outWeight7_0 = vec4<f32>(subgroupShuffle(s7.x, giver));
      let outWeight7_1 = vec4<f32>(subgroupShuffle(s7.y, giver));
      let outWeight7_2 = vec4<f32>(subgroupShuffle(s7.z, giver));
      let outWeight7_3 = vec4<f32>(subgroupShuffle(s7.w, giver));
      out7_0 = fma(outWeight7_3, outValue3_0, fma(outWeight7_2, outValue2_0, fma(outWeight7_1, outValue1_0, fma(outWeight7_0, outValue0_0, out7_0))));
      let outWeight8_0 = vec4<f32>(subgroupShuffle(s8.x, giver));
      let outWeight8_1 = vec4<f32>(subgroupShuffle(s8.y, giver));
      let outWeight8_2 = vec4<f32>(subgroupShuffle(s8.z, giver));
      let outWeight8_3 = vec4<f32>(subgroupShuffle(s8.w, giver));
      out8_0 = fma(outWeight8_3, outValue3_0, fma(outWeight8_2, outValue2_0, fma(outWeight8_1, outValue1_0, fma(outWeight8_0, outValue0_0, out8_0))));
      let outWeight9_0 = vec4<f32>(subgroupShuffle(s9.x, giver));
      let outWeight9_1 = vec4<f32>(subgroupShuffle(s9.y, giver));
      let outWeight9_2 = vec4<f32>(subgroupShuffle(s9.z, giver));
      let outWeight9_3 = vec4<f32>(subgroupShuffle(s9.w, giver));
      out9_0 = fma(outWeight9_3, outValue3_0, fma(outWeight9_2, outValue2_0, fma(outWeight9_1, outValue1_0, fma(outWeight9_0, outValue0_0, out9_0))));
      let outWeight10_0 = vec4<f32>(subgroupShuffle(s10.x, giver));
      let outWeight10_1 = vec4<f32>(subgroupShuffle(s10.y, giver));
      let outWeight10_2 = vec4<f32>(subgroupShuffle(s10.z, giver));
      let outWeight10_3 = vec4<f32>(subgroupShuffle(s10.w, giver));
      out10_0 = fma(outWeight10_3, outValue3_0, fma(outWeight10_2, outValue2_0, fma(outWeight10_1, outValue1_0, fma(outWeight10_0, outValue0_0, out10_0))));
      let outWeight11_0 = vec4<f32>(subgroupShuffle(s11.x, giver));
      let outWeight11_1 = vec4<f32>(subgroupShuffle(s11.y, giver));
      let outWeight11_2 = vec4<f32>(subgroupShuffle(s11.z, giver));
      let outWeight11_3 = vec4<f32>(subgroupShuffle(s11.w, giver));
      out11_0 = fma(outWeight11_3, outValue3_0, fma(outWeight11_2, outValue2_0, fma(outWeight11_1, outValue1_0, fma(outWeight11_0, outValue0_0, out11_0))));
      let outWeight12_0 = vec4<f32>(subgroupShuffle(s12.x, giver));
      let outWeight12_1 = vec4<f32>(subgroupShuffle(s12.y, giver));
      let outWeight12_2 = vec4<f32>(subgroupShuffle(s12.z, giver));
      let outWeight12_3 = vec4<f32>(subgroupShuffle(s12.w, giver));
      out12_0 = fma(outWeight12_3, outValue3_0, fma(outWeight12_2, outValue2_0, fma(outWeight12_1, outValue1_0, fma(outWeight12_0, outValue0_0, out12_0))));
      let outWeight13_0 = vec4<f32>(subgroupShuffle(s13.x, giver));
      let outWeight13_1 = vec4<f32>(subgroupShuffle(s13.y, giver));
      let outWeight13_2 = vec4<f32>(subgroupShuffle(s13.z, giver));
      let outWeight13_3 = vec4<f32>(subgroupShuffle(s13.w, giver));
      out13_0 = fma(outWeight13_3, outValue3_0, fma(outWeight13_2, outValue2_0, fma(outWeight13_1, outValue1_0, fma(outWeight13_0, outValue0_0, out13_0))));
      let outWeight14_0 = vec4<f32>(subgroupShuffle(s14.x, giver));
      let outWeight14_1 = vec4<f32>(subgroupShuffle(s14.y, giver));
      let outWeight14_2 = vec4<f32>(subgroupShuffle(s14.z, giver));
      let outWeight14_3 = vec4<f32>(subgroupShuffle(s14.w, giver));
      out14_0 = fma(outWeight14_3, outValue3_0, fma(outWeight14_2, outValue2_0, fma(outWeight14_1, outValue1_0, fma(outWeight14_0, outValue0_0, out14_0))));
      let outWeight15_0 = vec4<f32>(subgroupShuffle(s15.x, giver));
      let outWeight15_1 = vec4<f32>(subgroupShuffle(s15.y, giver));
      let outWeight15_2 = vec4<f32>(subgroupShuffle(s15.z, giver));
      let outWeight15_3 = vec4<f32>(subgroupShuffle(s15.w, giver));
      out15_0 = fma(outWeight15_3, outValue3_0, fma(outWeight15_2, outValue2_0, fma(outWeight15_1, outValue1_0, fma(outWeight15_0, outValue0_0, out15_0))));
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
  total8 = sumOfLanes(total8);
  total9 = sumOfLanes(total9);
  total10 = sumOfLanes(total10);
  total11 = sumOfLanes(total11);
  total12 = sumOfLanes(total12);
  total13 = sumOfLanes(total13);
  total14 = sumOfLanes(total14);
  total15 = sumOfLanes(total15);
  for (var r = 0u; r < min(rowCount, 16u); r++) {
    let rowHead = (firstRow + r) * params.heads + head;
    let outAt = rowHead * params.headElements + lane;
    let inverse = select(0.0, 1.0 / total0, total0 > 0.0);
    let normalizer = select(-3e+38, maximum0 + log(total0), total0 > 0.0);
    out[outAt] = out0_0 * inverse;
    if (lane == 0u) { logSumExp[rowHead] = normalizer; }
    maximum0 = maximum1;
    total0 = total1;
    out0_0 = out1_0;
    maximum1 = maximum2;
    total1 = total2;
    out1_0 = out2_0;
    maximum2 = maximum3;
    total2 = total3;
    out2_0 = out3_0;
    maximum3 = maximum4;
    total3 = total4;
    out3_0 = out4_0;
    maximum4 = maximum5;
    total4 = total5;
    out4_0 = out5_0;
    maximum5 = maximum6;
    total5 = total6;
    out5_0 = out6_0;
    maximum6 = maximum7;
    total6 = total7;
    out6_0 = out7_0;
    maximum7 = maximum8;
    total7 = total8;
    out7_0 = out8_0;
    maximum8 = maximum9;
    total8 = total9;
    out8_0 = out9_0;
    maximum9 = maximum10;
    total9 = total10;
    out9_0 = out10_0;
    maximum10 = maximum11;
    total10 = total11;
    out10_0 = out11_0;
    maximum11 = maximum12;
    total11 = total12;
    out11_0 = out12_0;
    maximum12 = maximum13;
    total12 = total13;
    out12_0 = out13_0;
    maximum13 = maximum14;
    total13 = total14;
    out13_0 = out14_0;
    maximum14 = maximum15;
    total14 = total15;
    out14_0 = out15_0;
  }
}
