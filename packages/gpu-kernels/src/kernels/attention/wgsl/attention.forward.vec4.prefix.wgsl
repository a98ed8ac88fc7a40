struct Params {
  heads: u32,
  queriesPerKeyValueHead: u32,
  kvHeads: u32,
  scale: f32,
  headElements: u32,
  prefixLength: u32,
  window: u32,
  taskCount: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> blocks: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> q: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> k: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> v: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> out: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> logSumExp: array<f32>;
@group(0) @binding(7) var<storage, read> prefixK: array<vec4<f32>>;
@group(0) @binding(8) var<storage, read> prefixV: array<vec4<f32>>;

const MASKED = -3.4e38;

@compute @workgroup_size(32)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let task = workgroup * 32u + localIndex;
  if (task >= params.taskCount) { return; }
  let block = blocks[task / params.heads];
  let head = task % params.heads;
  let kvHead = head / params.queriesPerKeyValueHead;
  let lastRow = block.x + block.y - 1u;
  let row0 = min(block.x, lastRow);
  let rowAt0 = (row0 * params.heads + head) * params.headElements;
  var maximum0 = -3.0e38;
  var total0 = 0.0;
  let row1 = min(block.x + 1u, lastRow);
  let rowAt1 = (row1 * params.heads + head) * params.headElements;
  var maximum1 = -3.0e38;
  var total1 = 0.0;
  let row2 = min(block.x + 2u, lastRow);
  let rowAt2 = (row2 * params.heads + head) * params.headElements;
  var maximum2 = -3.0e38;
  var total2 = 0.0;
  let row3 = min(block.x + 3u, lastRow);
  let rowAt3 = (row3 * params.heads + head) * params.headElements;
  var maximum3 = -3.0e38;
  var total3 = 0.0;
  var first = true;
  let lastPrefixKey = params.prefixLength - 1u;
  let position0 = params.prefixLength + row0 - block.z;
  let position1 = params.prefixLength + row1 - block.z;
  let position2 = params.prefixLength + row2 - block.z;
  let position3 = params.prefixLength + row3 - block.z;
  let firstPrefixKey = select(0u, position0 + 1u - params.window, position0 >= params.window);
  for (var key = firstPrefixKey; key <= lastPrefixKey; key += 4u) {
    let key0 = key;
    let columnAt0 = (min(key0, lastPrefixKey) * params.kvHeads + kvHead) * params.headElements;
    let key1 = key + 1u;
    let columnAt1 = (min(key1, lastPrefixKey) * params.kvHeads + kvHead) * params.headElements;
    let key2 = key + 2u;
    let columnAt2 = (min(key2, lastPrefixKey) * params.kvHeads + kvHead) * params.headElements;
    let key3 = key + 3u;
    let columnAt3 = (min(key3, lastPrefixKey) * params.kvHeads + kvHead) * params.headElements;
    var s0_0 = 0.0;
    var s0_1 = 0.0;
    var s0_2 = 0.0;
    var s0_3 = 0.0;
    var s1_0 = 0.0;
    var s1_1 = 0.0;
    var s1_2 = 0.0;
    var s1_3 = 0.0;
    var s2_0 = 0.0;
    var s2_1 = 0.0;
    var s2_2 = 0.0;
    var s2_3 = 0.0;
    var s3_0 = 0.0;
    var s3_1 = 0.0;
    var s3_2 = 0.0;
    var s3_3 = 0.0;
    for (var i = 0u; i < params.headElements; i++) {
      let b0 = prefixK[columnAt0 + i];
      let b1 = prefixK[columnAt1 + i];
      let b2 = prefixK[columnAt2 + i];
      let b3 = prefixK[columnAt3 + i];
      let a0 = q[rowAt0 + i];
      s0_0 = fma(a0.w, b0.w, fma(a0.z, b0.z, fma(a0.y, b0.y, fma(a0.x, b0.x, s0_0))));
      s0_1 = fma(a0.w, b1.w, fma(a0.z, b1.z, fma(a0.y, b1.y, fma(a0.x, b1.x, s0_1))));
      s0_2 = fma(a0.w, b2.w, fma(a0.z, b2.z, fma(a0.y, b2.y, fma(a0.x, b2.x, s0_2))));
      s0_3 = fma(a0.w, b3.w, fma(a0.z, b3.z, fma(a0.y, b3.y, fma(a0.x, b3.x, s0_3))));
      let a1 = q[rowAt1 + i];
      s1_0 = fma(a1.w, b0.w, fma(a1.z, b0.z, fma(a1.y, b0.y, fma(a1.x, b0.x, s1_0))));
      s1_1 = fma(a1.w, b1.w, fma(a1.z, b1.z, fma(a1.y, b1.y, fma(a1.x, b1.x, s1_1))));
      s1_2 = fma(a1.w, b2.w, fma(a1.z, b2.z, fma(a1.y, b2.y, fma(a1.x, b2.x, s1_2))));
      s1_3 = fma(a1.w, b3.w, fma(a1.z, b3.z, fma(a1.y, b3.y, fma(a1.x, b3.x, s1_3))));
      let a2 = q[rowAt2 + i];
      s2_0 = fma(a2.w, b0.w, fma(a2.z, b0.z, fma(a2.y, b0.y, fma(a2.x, b0.x, s2_0))));
      s2_1 = fma(a2.w, b1.w, fma(a2.z, b1.z, fma(a2.y, b1.y, fma(a2.x, b1.x, s2_1))));
      s2_2 = fma(a2.w, b2.w, fma(a2.z, b2.z, fma(a2.y, b2.y, fma(a2.x, b2.x, s2_2))));
      s2_3 = fma(a2.w, b3.w, fma(a2.z, b3.z, fma(a2.y, b3.y, fma(a2.x, b3.x, s2_3))));
      let a3 = q[rowAt3 + i];
      s3_0 = fma(a3.w, b0.w, fma(a3.z, b0.z, fma(a3.y, b0.y, fma(a3.x, b0.x, s3_0))));
      s3_1 = fma(a3.w, b1.w, fma(a3.z, b1.z, fma(a3.y, b1.y, fma(a3.x, b1.x, s3_1))));
      s3_2 = fma(a3.w, b2.w, fma(a3.z, b2.z, fma(a3.y, b2.y, fma(a3.x, b2.x, s3_2))));
      s3_3 = fma(a3.w, b3.w, fma(a3.z, b3.z, fma(a3.y, b3.y, fma(a3.x, b3.x, s3_3))));
    }
    s0_0 = select(MASKED, params.scale * s0_0, (key0 <= lastPrefixKey) & (position0 - key0 < params.window));
    s0_1 = select(MASKED, params.scale * s0_1, (key1 <= lastPrefixKey) & (position0 - key1 < params.window));
    s0_2 = select(MASKED, params.scale * s0_2, (key2 <= lastPrefixKey) & (position0 - key2 < params.window));
    s0_3 = select(MASKED, params.scale * s0_3, (key3 <= lastPrefixKey) & (position0 - key3 < params.window));
    let newMaximum0 = max(maximum0, max(max(max(s0_0, s0_1), s0_2), s0_3));
    let decay0 = exp(maximum0 - newMaximum0);
    maximum0 = newMaximum0;
    s0_0 = exp(s0_0 - maximum0);
    s0_1 = exp(s0_1 - maximum0);
    s0_2 = exp(s0_2 - maximum0);
    s0_3 = exp(s0_3 - maximum0);
    total0 = total0 * decay0 + (s0_0 + s0_1 + s0_2 + s0_3);
    s1_0 = select(MASKED, params.scale * s1_0, (key0 <= lastPrefixKey) & (position1 - key0 < params.window));
    s1_1 = select(MASKED, params.scale * s1_1, (key1 <= lastPrefixKey) & (position1 - key1 < params.window));
    s1_2 = select(MASKED, params.scale * s1_2, (key2 <= lastPrefixKey) & (position1 - key2 < params.window));
    s1_3 = select(MASKED, params.scale * s1_3, (key3 <= lastPrefixKey) & (position1 - key3 < params.window));
    let newMaximum1 = max(maximum1, max(max(max(s1_0, s1_1), s1_2), s1_3));
    let decay1 = exp(maximum1 - newMaximum1);
    maximum1 = newMaximum1;
    s1_0 = exp(s1_0 - maximum1);
    s1_1 = exp(s1_1 - maximum1);
    s1_2 = exp(s1_2 - maximum1);
    s1_3 = exp(s1_3 - maximum1);
    total1 = total1 * decay1 + (s1_0 + s1_1 + s1_2 + s1_3);
    s2_0 = select(MASKED, params.scale * s2_0, (key0 <= lastPrefixKey) & (position2 - key0 < params.window));
    s2_1 = select(MASKED, params.scale * s2_1, (key1 <= lastPrefixKey) & (position2 - key1 < params.window));
    s2_2 = select(MASKED, params.scale * s2_2, (key2 <= lastPrefixKey) & (position2 - key2 < params.window));
    s2_3 = select(MASKED, params.scale * s2_3, (key3 <= lastPrefixKey) & (position2 - key3 < params.window));
    let newMaximum2 = max(maximum2, max(max(max(s2_0, s2_1), s2_2), s2_3));
    let decay2 = exp(maximum2 - newMaximum2);
    maximum2 = newMaximum2;
    s2_0 = exp(s2_0 - maximum2);
    s2_1 = exp(s2_1 - maximum2);
    s2_2 = exp(s2_2 - maximum2);
    s2_3 = exp(s2_3 - maximum2);
    total2 = total2 * decay2 + (s2_0 + s2_1 + s2_2 + s2_3);
    s3_0 = select(MASKED, params.scale * s3_0, (key0 <= lastPrefixKey) & (position3 - key0 < params.window));
    s3_1 = select(MASKED, params.scale * s3_1, (key1 <= lastPrefixKey) & (position3 - key1 < params.window));
    s3_2 = select(MASKED, params.scale * s3_2, (key2 <= lastPrefixKey) & (position3 - key2 < params.window));
    s3_3 = select(MASKED, params.scale * s3_3, (key3 <= lastPrefixKey) & (position3 - key3 < params.window));
    let newMaximum3 = max(maximum3, max(max(max(s3_0, s3_1), s3_2), s3_3));
    let decay3 = exp(maximum3 - newMaximum3);
    maximum3 = newMaximum3;
    s3_0 = exp(s3_0 - maximum3);
    s3_1 = exp(s3_1 - maximum3);
    s3_2 = exp(s3_2 - maximum3);
    s3_3 = exp(s3_3 - maximum3);
    total3 = total3 * decay3 + (s3_0 + s3_1 + s3_2 + s3_3);
    for (var i = 0u; i < params.headElements; i++) {
      let value0 = prefixV[columnAt0 + i];
      let value1 = prefixV[columnAt1 + i];
      let value2 = prefixV[columnAt2 + i];
      let value3 = prefixV[columnAt3 + i];
      if (0u < block.y) {
        var sum = select(out[rowAt0 + i] * decay0, vec4<f32>(), first);
        sum = fma(vec4<f32>(s0_0), value0, sum);
        sum = fma(vec4<f32>(s0_1), value1, sum);
        sum = fma(vec4<f32>(s0_2), value2, sum);
        sum = fma(vec4<f32>(s0_3), value3, sum);
        out[rowAt0 + i] = sum;
      }
      if (1u < block.y) {
        var sum = select(out[rowAt1 + i] * decay1, vec4<f32>(), first);
        sum = fma(vec4<f32>(s1_0), value0, sum);
        sum = fma(vec4<f32>(s1_1), value1, sum);
        sum = fma(vec4<f32>(s1_2), value2, sum);
        sum = fma(vec4<f32>(s1_3), value3, sum);
        out[rowAt1 + i] = sum;
      }
      if (2u < block.y) {
        var sum = select(out[rowAt2 + i] * decay2, vec4<f32>(), first);
        sum = fma(vec4<f32>(s2_0), value0, sum);
        sum = fma(vec4<f32>(s2_1), value1, sum);
        sum = fma(vec4<f32>(s2_2), value2, sum);
        sum = fma(vec4<f32>(s2_3), value3, sum);
        out[rowAt2 + i] = sum;
      }
      if (3u < block.y) {
        var sum = select(out[rowAt3 + i] * decay3, vec4<f32>(), first);
        sum = fma(vec4<f32>(s3_0), value0, sum);
        sum = fma(vec4<f32>(s3_1), value1, sum);
        sum = fma(vec4<f32>(s3_2), value2, sum);
        sum = fma(vec4<f32>(s3_3), value3, sum);
        out[rowAt3 + i] = sum;
      }
    }
    first = false;
  }
  let firstKey = select(block.z, block.x + 1u - params.window, block.x - block.z >= params.window);
  for (var key = firstKey; key <= lastRow; key += 4u) {
    let key0 = key;
    let columnAt0 = (min(key0, lastRow) * params.kvHeads + kvHead) * params.headElements;
    let key1 = key + 1u;
    let columnAt1 = (min(key1, lastRow) * params.kvHeads + kvHead) * params.headElements;
    let key2 = key + 2u;
    let columnAt2 = (min(key2, lastRow) * params.kvHeads + kvHead) * params.headElements;
    let key3 = key + 3u;
    let columnAt3 = (min(key3, lastRow) * params.kvHeads + kvHead) * params.headElements;
    var s0_0 = 0.0;
    var s0_1 = 0.0;
    var s0_2 = 0.0;
    var s0_3 = 0.0;
    var s1_0 = 0.0;
    var s1_1 = 0.0;
    var s1_2 = 0.0;
    var s1_3 = 0.0;
    var s2_0 = 0.0;
    var s2_1 = 0.0;
    var s2_2 = 0.0;
    var s2_3 = 0.0;
    var s3_0 = 0.0;
    var s3_1 = 0.0;
    var s3_2 = 0.0;
    var s3_3 = 0.0;
    for (var i = 0u; i < params.headElements; i++) {
      let b0 = k[columnAt0 + i];
      let b1 = k[columnAt1 + i];
      let b2 = k[columnAt2 + i];
      let b3 = k[columnAt3 + i];
      let a0 = q[rowAt0 + i];
      s0_0 = fma(a0.w, b0.w, fma(a0.z, b0.z, fma(a0.y, b0.y, fma(a0.x, b0.x, s0_0))));
      s0_1 = fma(a0.w, b1.w, fma(a0.z, b1.z, fma(a0.y, b1.y, fma(a0.x, b1.x, s0_1))));
      s0_2 = fma(a0.w, b2.w, fma(a0.z, b2.z, fma(a0.y, b2.y, fma(a0.x, b2.x, s0_2))));
      s0_3 = fma(a0.w, b3.w, fma(a0.z, b3.z, fma(a0.y, b3.y, fma(a0.x, b3.x, s0_3))));
      let a1 = q[rowAt1 + i];
      s1_0 = fma(a1.w, b0.w, fma(a1.z, b0.z, fma(a1.y, b0.y, fma(a1.x, b0.x, s1_0))));
      s1_1 = fma(a1.w, b1.w, fma(a1.z, b1.z, fma(a1.y, b1.y, fma(a1.x, b1.x, s1_1))));
      s1_2 = fma(a1.w, b2.w, fma(a1.z, b2.z, fma(a1.y, b2.y, fma(a1.x, b2.x, s1_2))));
      s1_3 = fma(a1.w, b3.w, fma(a1.z, b3.z, fma(a1.y, b3.y, fma(a1.x, b3.x, s1_3))));
      let a2 = q[rowAt2 + i];
      s2_0 = fma(a2.w, b0.w, fma(a2.z, b0.z, fma(a2.y, b0.y, fma(a2.x, b0.x, s2_0))));
      s2_1 = fma(a2.w, b1.w, fma(a2.z, b1.z, fma(a2.y, b1.y, fma(a2.x, b1.x, s2_1))));
      s2_2 = fma(a2.w, b2.w, fma(a2.z, b2.z, fma(a2.y, b2.y, fma(a2.x, b2.x, s2_2))));
      s2_3 = fma(a2.w, b3.w, fma(a2.z, b3.z, fma(a2.y, b3.y, fma(a2.x, b3.x, s2_3))));
      let a3 = q[rowAt3 + i];
      s3_0 = fma(a3.w, b0.w, fma(a3.z, b0.z, fma(a3.y, b0.y, fma(a3.x, b0.x, s3_0))));
      s3_1 = fma(a3.w, b1.w, fma(a3.z, b1.z, fma(a3.y, b1.y, fma(a3.x, b1.x, s3_1))));
      s3_2 = fma(a3.w, b2.w, fma(a3.z, b2.z, fma(a3.y, b2.y, fma(a3.x, b2.x, s3_2))));
      s3_3 = fma(a3.w, b3.w, fma(a3.z, b3.z, fma(a3.y, b3.y, fma(a3.x, b3.x, s3_3))));
    }
    s0_0 = select(MASKED, params.scale * s0_0, (key0 <= row0) & (row0 - key0 < params.window));
    s0_1 = select(MASKED, params.scale * s0_1, (key1 <= row0) & (row0 - key1 < params.window));
    s0_2 = select(MASKED, params.scale * s0_2, (key2 <= row0) & (row0 - key2 < params.window));
    s0_3 = select(MASKED, params.scale * s0_3, (key3 <= row0) & (row0 - key3 < params.window));
    let newMaximum0 = max(maximum0, max(max(max(s0_0, s0_1), s0_2), s0_3));
    let decay0 = exp(maximum0 - newMaximum0);
    maximum0 = newMaximum0;
    s0_0 = exp(s0_0 - maximum0);
    s0_1 = exp(s0_1 - maximum0);
    s0_2 = exp(s0_2 - maximum0);
    s0_3 = exp(s0_3 - maximum0);
    total0 = total0 * decay0 + (s0_0 + s0_1 + s0_2 + s0_3);
    s1_0 = select(MASKED, params.scale * s1_0, (key0 <= row1) & (row1 - key0 < params.window));
    s1_1 = select(MASKED, params.scale * s1_1, (key1 <= row1) & (row1 - key1 < params.window));
    s1_2 = select(MASKED, params.scale * s1_2, (key2 <= row1) & (row1 - key2 < params.window));
    s1_3 = select(MASKED, params.scale * s1_3, (key3 <= row1) & (row1 - key3 < params.window));
    let newMaximum1 = max(maximum1, max(max(max(s1_0, s1_1), s1_2), s1_3));
    let decay1 = exp(maximum1 - newMaximum1);
    maximum1 = newMaximum1;
    s1_0 = exp(s1_0 - maximum1);
    s1_1 = exp(s1_1 - maximum1);
    s1_2 = exp(s1_2 - maximum1);
    s1_3 = exp(s1_3 - maximum1);
    total1 = total1 * decay1 + (s1_0 + s1_1 + s1_2 + s1_3);
    s2_0 = select(MASKED, params.scale * s2_0, (key0 <= row2) & (row2 - key0 < params.window));
    s2_1 = select(MASKED, params.scale * s2_1, (key1 <= row2) & (row2 - key1 < params.window));
    s2_2 = select(MASKED, params.scale * s2_2, (key2 <= row2) & (row2 - key2 < params.window));
    s2_3 = select(MASKED, params.scale * s2_3, (key3 <= row2) & (row2 - key3 < params.window));
    let newMaximum2 = max(maximum2, max(max(max(s2_0, s2_1), s2_2), s2_3));
    let decay2 = exp(maximum2 - newMaximum2);
    maximum2 = newMaximum2;
    s2_0 = exp(s2_0 - maximum2);
    s2_1 = exp(s2_1 - maximum2);
    s2_2 = exp(s2_2 - maximum2);
    s2_3 = exp(s2_3 - maximum2);
    total2 = total2 * decay2 + (s2_0 + s2_1 + s2_2 + s2_3);
    s3_0 = select(MASKED, params.scale * s3_0, (key0 <= row3) & (row3 - key0 < params.window));
    s3_1 = select(MASKED, params.scale * s3_1, (key1 <= row3) & (row3 - key1 < params.window));
    s3_2 = select(MASKED, params.scale * s3_2, (key2 <= row3) & (row3 - key2 < params.window));
    s3_3 = select(MASKED, params.scale * s3_3, (key3 <= row3) & (row3 - key3 < params.window));
    let newMaximum3 = max(maximum3, max(max(max(s3_0, s3_1), s3_2), s3_3));
    let decay3 = exp(maximum3 - newMaximum3);
    maximum3 = newMaximum3;
    s3_0 = exp(s3_0 - maximum3);
    s3_1 = exp(s3_1 - maximum3);
    s3_2 = exp(s3_2 - maximum3);
    s3_3 = exp(s3_3 - maximum3);
    total3 = total3 * decay3 + (s3_0 + s3_1 + s3_2 + s3_3);
    for (var i = 0u; i < params.headElements; i++) {
      let value0 = v[columnAt0 + i];
      let value1 = v[columnAt1 + i];
      let value2 = v[columnAt2 + i];
      let value3 = v[columnAt3 + i];
      if (0u < block.y) {
        var sum = select(out[rowAt0 + i] * decay0, vec4<f32>(), first);
        sum = fma(vec4<f32>(s0_0), value0, sum);
        sum = fma(vec4<f32>(s0_1), value1, sum);
        sum = fma(vec4<f32>(s0_2), value2, sum);
        sum = fma(vec4<f32>(s0_3), value3, sum);
        out[rowAt0 + i] = sum;
      }
      if (1u < block.y) {
        var sum = select(out[rowAt1 + i] * decay1, vec4<f32>(), first);
        sum = fma(vec4<f32>(s1_0), value0, sum);
        sum = fma(vec4<f32>(s1_1), value1, sum);
        sum = fma(vec4<f32>(s1_2), value2, sum);
        sum = fma(vec4<f32>(s1_3), value3, sum);
        out[rowAt1 + i] = sum;
      }
      if (2u < block.y) {
        var sum = select(out[rowAt2 + i] * decay2, vec4<f32>(), first);
        sum = fma(vec4<f32>(s2_0), value0, sum);
        sum = fma(vec4<f32>(s2_1), value1, sum);
        sum = fma(vec4<f32>(s2_2), value2, sum);
        sum = fma(vec4<f32>(s2_3), value3, sum);
        out[rowAt2 + i] = sum;
      }
      if (3u < block.y) {
        var sum = select(out[rowAt3 + i] * decay3, vec4<f32>(), first);
        sum = fma(vec4<f32>(s3_0), value0, sum);
        sum = fma(vec4<f32>(s3_1), value1, sum);
        sum = fma(vec4<f32>(s3_2), value2, sum);
        sum = fma(vec4<f32>(s3_3), value3, sum);
        out[rowAt3 + i] = sum;
      }
    }
    first = false;
  }
  if (0u < block.y) {
    for (var i = 0u; i < params.headElements; i++) { out[rowAt0 + i] *= 1.0 / total0; }
    logSumExp[row0 * params.heads + head] = maximum0 + log(total0);
  }
  if (1u < block.y) {
    for (var i = 0u; i < params.headElements; i++) { out[rowAt1 + i] *= 1.0 / total1; }
    logSumExp[row1 * params.heads + head] = maximum1 + log(total1);
  }
  if (2u < block.y) {
    for (var i = 0u; i < params.headElements; i++) { out[rowAt2 + i] *= 1.0 / total2; }
    logSumExp[row2 * params.heads + head] = maximum2 + log(total2);
  }
  if (3u < block.y) {
    for (var i = 0u; i < params.headElements; i++) { out[rowAt3 + i] *= 1.0 / total3; }
    logSumExp[row3 * params.heads + head] = maximum3 + log(total3);
  }
}
