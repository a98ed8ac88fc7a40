struct Params {
  heads: u32,
  queriesPerKeyValueHead: u32,
  kvHeads: u32,
  scale: f32,
  headElements: u32,
  window: u32,
  longerThan: u32,
  taskCount: u32,
  queryTasks: u32,
  queryWorkgroups: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> blocks: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> q: array<f32>;
@group(0) @binding(3) var<storage, read> k: array<f32>;
@group(0) @binding(4) var<storage, read> v: array<f32>;
@group(0) @binding(5) var<storage, read> gradOutput: array<f32>;
@group(0) @binding(6) var<storage, read> statistics: array<vec2<f32>>;
@group(0) @binding(7) var<storage, read_write> gradQuery: array<f32>;
@group(0) @binding(8) var<storage, read_write> gradKey: array<f32>;
@group(0) @binding(9) var<storage, read_write> gradValue: array<f32>;

@compute @workgroup_size(32)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (workgroup < params.queryWorkgroups) {
    let task = workgroup * 32u + localIndex;
    if (task >= params.queryTasks) { return; }
    let block = blocks[task / params.heads];
    if (block.w - block.z <= params.longerThan) { return; }
    let head = task % params.heads;
    let kvHead = head / params.queriesPerKeyValueHead;
    let lastRow = block.x + block.y - 1u;
    let row0 = min(block.x, lastRow);
    let rowAt0 = (row0 * params.heads + head) * params.headElements;
    let statistics0 = statistics[row0 * params.heads + head];
    let row1 = min(block.x + 1u, lastRow);
    let rowAt1 = (row1 * params.heads + head) * params.headElements;
    let statistics1 = statistics[row1 * params.heads + head];
    let row2 = min(block.x + 2u, lastRow);
    let rowAt2 = (row2 * params.heads + head) * params.headElements;
    let statistics2 = statistics[row2 * params.heads + head];
    let row3 = min(block.x + 3u, lastRow);
    let rowAt3 = (row3 * params.heads + head) * params.headElements;
    let statistics3 = statistics[row3 * params.heads + head];
    let firstKey = select(block.z, block.x + 1u - params.window, block.x - block.z >= params.window);
    var first = true;
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
        s0_0 = fma(a0, b0, s0_0);
        s0_1 = fma(a0, b1, s0_1);
        s0_2 = fma(a0, b2, s0_2);
        s0_3 = fma(a0, b3, s0_3);
        let a1 = q[rowAt1 + i];
        s1_0 = fma(a1, b0, s1_0);
        s1_1 = fma(a1, b1, s1_1);
        s1_2 = fma(a1, b2, s1_2);
        s1_3 = fma(a1, b3, s1_3);
        let a2 = q[rowAt2 + i];
        s2_0 = fma(a2, b0, s2_0);
        s2_1 = fma(a2, b1, s2_1);
        s2_2 = fma(a2, b2, s2_2);
        s2_3 = fma(a2, b3, s2_3);
        let a3 = q[rowAt3 + i];
        s3_0 = fma(a3, b0, s3_0);
        s3_1 = fma(a3, b1, s3_1);
        s3_2 = fma(a3, b2, s3_2);
        s3_3 = fma(a3, b3, s3_3);
      }
      let seen0_0 = (key0 <= row0) & (row0 - key0 < params.window);
      let seen0_1 = (key1 <= row0) & (row0 - key1 < params.window);
      let seen0_2 = (key2 <= row0) & (row0 - key2 < params.window);
      let seen0_3 = (key3 <= row0) & (row0 - key3 < params.window);
      let seen1_0 = (key0 <= row1) & (row1 - key0 < params.window);
      let seen1_1 = (key1 <= row1) & (row1 - key1 < params.window);
      let seen1_2 = (key2 <= row1) & (row1 - key2 < params.window);
      let seen1_3 = (key3 <= row1) & (row1 - key3 < params.window);
      let seen2_0 = (key0 <= row2) & (row2 - key0 < params.window);
      let seen2_1 = (key1 <= row2) & (row2 - key1 < params.window);
      let seen2_2 = (key2 <= row2) & (row2 - key2 < params.window);
      let seen2_3 = (key3 <= row2) & (row2 - key3 < params.window);
      let seen3_0 = (key0 <= row3) & (row3 - key0 < params.window);
      let seen3_1 = (key1 <= row3) & (row3 - key1 < params.window);
      let seen3_2 = (key2 <= row3) & (row3 - key2 < params.window);
      let seen3_3 = (key3 <= row3) & (row3 - key3 < params.window);
      let p0_0 = select(0.0, exp(min(params.scale * s0_0 - statistics0.x, 0.0)), seen0_0);
      let p0_1 = select(0.0, exp(min(params.scale * s0_1 - statistics0.x, 0.0)), seen0_1);
      let p0_2 = select(0.0, exp(min(params.scale * s0_2 - statistics0.x, 0.0)), seen0_2);
      let p0_3 = select(0.0, exp(min(params.scale * s0_3 - statistics0.x, 0.0)), seen0_3);
      let p1_0 = select(0.0, exp(min(params.scale * s1_0 - statistics1.x, 0.0)), seen1_0);
      let p1_1 = select(0.0, exp(min(params.scale * s1_1 - statistics1.x, 0.0)), seen1_1);
      let p1_2 = select(0.0, exp(min(params.scale * s1_2 - statistics1.x, 0.0)), seen1_2);
      let p1_3 = select(0.0, exp(min(params.scale * s1_3 - statistics1.x, 0.0)), seen1_3);
      let p2_0 = select(0.0, exp(min(params.scale * s2_0 - statistics2.x, 0.0)), seen2_0);
      let p2_1 = select(0.0, exp(min(params.scale * s2_1 - statistics2.x, 0.0)), seen2_1);
      let p2_2 = select(0.0, exp(min(params.scale * s2_2 - statistics2.x, 0.0)), seen2_2);
      let p2_3 = select(0.0, exp(min(params.scale * s2_3 - statistics2.x, 0.0)), seen2_3);
      let p3_0 = select(0.0, exp(min(params.scale * s3_0 - statistics3.x, 0.0)), seen3_0);
      let p3_1 = select(0.0, exp(min(params.scale * s3_1 - statistics3.x, 0.0)), seen3_1);
      let p3_2 = select(0.0, exp(min(params.scale * s3_2 - statistics3.x, 0.0)), seen3_2);
      let p3_3 = select(0.0, exp(min(params.scale * s3_3 - statistics3.x, 0.0)), seen3_3);
      var d0_0 = 0.0;
      var d0_1 = 0.0;
      var d0_2 = 0.0;
      var d0_3 = 0.0;
      var d1_0 = 0.0;
      var d1_1 = 0.0;
      var d1_2 = 0.0;
      var d1_3 = 0.0;
      var d2_0 = 0.0;
      var d2_1 = 0.0;
      var d2_2 = 0.0;
      var d2_3 = 0.0;
      var d3_0 = 0.0;
      var d3_1 = 0.0;
      var d3_2 = 0.0;
      var d3_3 = 0.0;
      for (var i = 0u; i < params.headElements; i++) {
        let b0 = v[columnAt0 + i];
        let b1 = v[columnAt1 + i];
        let b2 = v[columnAt2 + i];
        let b3 = v[columnAt3 + i];
        let a0 = gradOutput[rowAt0 + i];
        d0_0 = fma(a0, b0, d0_0);
        d0_1 = fma(a0, b1, d0_1);
        d0_2 = fma(a0, b2, d0_2);
        d0_3 = fma(a0, b3, d0_3);
        let a1 = gradOutput[rowAt1 + i];
        d1_0 = fma(a1, b0, d1_0);
        d1_1 = fma(a1, b1, d1_1);
        d1_2 = fma(a1, b2, d1_2);
        d1_3 = fma(a1, b3, d1_3);
        let a2 = gradOutput[rowAt2 + i];
        d2_0 = fma(a2, b0, d2_0);
        d2_1 = fma(a2, b1, d2_1);
        d2_2 = fma(a2, b2, d2_2);
        d2_3 = fma(a2, b3, d2_3);
        let a3 = gradOutput[rowAt3 + i];
        d3_0 = fma(a3, b0, d3_0);
        d3_1 = fma(a3, b1, d3_1);
        d3_2 = fma(a3, b2, d3_2);
        d3_3 = fma(a3, b3, d3_3);
      }
      s0_0 = params.scale * p0_0 * (d0_0 - statistics0.y);
      s0_1 = params.scale * p0_1 * (d0_1 - statistics0.y);
      s0_2 = params.scale * p0_2 * (d0_2 - statistics0.y);
      s0_3 = params.scale * p0_3 * (d0_3 - statistics0.y);
      s1_0 = params.scale * p1_0 * (d1_0 - statistics1.y);
      s1_1 = params.scale * p1_1 * (d1_1 - statistics1.y);
      s1_2 = params.scale * p1_2 * (d1_2 - statistics1.y);
      s1_3 = params.scale * p1_3 * (d1_3 - statistics1.y);
      s2_0 = params.scale * p2_0 * (d2_0 - statistics2.y);
      s2_1 = params.scale * p2_1 * (d2_1 - statistics2.y);
      s2_2 = params.scale * p2_2 * (d2_2 - statistics2.y);
      s2_3 = params.scale * p2_3 * (d2_3 - statistics2.y);
      s3_0 = params.scale * p3_0 * (d3_0 - statistics3.y);
      s3_1 = params.scale * p3_1 * (d3_1 - statistics3.y);
      s3_2 = params.scale * p3_2 * (d3_2 - statistics3.y);
      s3_3 = params.scale * p3_3 * (d3_3 - statistics3.y);
      for (var i = 0u; i < params.headElements; i++) {
        let value0 = k[columnAt0 + i];
        let value1 = k[columnAt1 + i];
        let value2 = k[columnAt2 + i];
        let value3 = k[columnAt3 + i];
        if (0u < block.y) {
          var sum = select(gradQuery[rowAt0 + i], f32(), first);
          sum = fma(f32(s0_0), value0, sum);
          sum = fma(f32(s0_1), value1, sum);
          sum = fma(f32(s0_2), value2, sum);
          sum = fma(f32(s0_3), value3, sum);
          gradQuery[rowAt0 + i] = sum;
        }
        if (1u < block.y) {
          var sum = select(gradQuery[rowAt1 + i], f32(), first);
          sum = fma(f32(s1_0), value0, sum);
          sum = fma(f32(s1_1), value1, sum);
          sum = fma(f32(s1_2), value2, sum);
          sum = fma(f32(s1_3), value3, sum);
          gradQuery[rowAt1 + i] = sum;
        }
        if (2u < block.y) {
          var sum = select(gradQuery[rowAt2 + i], f32(), first);
          sum = fma(f32(s2_0), value0, sum);
          sum = fma(f32(s2_1), value1, sum);
          sum = fma(f32(s2_2), value2, sum);
          sum = fma(f32(s2_3), value3, sum);
          gradQuery[rowAt2 + i] = sum;
        }
        if (3u < block.y) {
          var sum = select(gradQuery[rowAt3 + i], f32(), first);
          sum = fma(f32(s3_0), value0, sum);
          sum = fma(f32(s3_1), value1, sum);
          sum = fma(f32(s3_2), value2, sum);
          sum = fma(f32(s3_3), value3, sum);
          gradQuery[rowAt3 + i] = sum;
        }
      }
      first = false;
    }
  } else {
    let task = (workgroup - params.queryWorkgroups) * 32u + localIndex;
    if (task >= params.taskCount) { return; }
    let block = blocks[task / params.kvHeads];
    if (block.w - block.z <= params.longerThan) { return; }
    let kvHead = task % params.kvHeads;
    let row0 = block.x + min(0u, block.y - 1u);
    let rowAt0 = (row0 * params.kvHeads + kvHead) * params.headElements;
    let row1 = block.x + min(1u, block.y - 1u);
    let rowAt1 = (row1 * params.kvHeads + kvHead) * params.headElements;
    let row2 = block.x + min(2u, block.y - 1u);
    let rowAt2 = (row2 * params.kvHeads + kvHead) * params.headElements;
    let row3 = block.x + min(3u, block.y - 1u);
    let rowAt3 = (row3 * params.kvHeads + kvHead) * params.headElements;
    // Exclusive; the last key row is seen by the last queries.
    let lastKey = block.x + block.y - 1u;
    let queryEnd = select(block.w, lastKey + params.window, params.window < block.w - lastKey);
    let firstHead = kvHead * params.queriesPerKeyValueHead;
    var first = true;
    for (var head = firstHead; head < firstHead + params.queriesPerKeyValueHead; head++) {
      for (var query = block.x; query < queryEnd; query += 4u) {
        let query0 = query;
        let column0 = min(query0, block.w - 1u) * params.heads + head;
        let columnAt0 = column0 * params.headElements;
        let statistics0 = statistics[column0];
        let query1 = query + 1u;
        let column1 = min(query1, block.w - 1u) * params.heads + head;
        let columnAt1 = column1 * params.headElements;
        let statistics1 = statistics[column1];
        let query2 = query + 2u;
        let column2 = min(query2, block.w - 1u) * params.heads + head;
        let columnAt2 = column2 * params.headElements;
        let statistics2 = statistics[column2];
        let query3 = query + 3u;
        let column3 = min(query3, block.w - 1u) * params.heads + head;
        let columnAt3 = column3 * params.headElements;
        let statistics3 = statistics[column3];
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
          let b0 = q[columnAt0 + i];
          let b1 = q[columnAt1 + i];
          let b2 = q[columnAt2 + i];
          let b3 = q[columnAt3 + i];
          let a0 = k[rowAt0 + i];
          s0_0 = fma(a0, b0, s0_0);
          s0_1 = fma(a0, b1, s0_1);
          s0_2 = fma(a0, b2, s0_2);
          s0_3 = fma(a0, b3, s0_3);
          let a1 = k[rowAt1 + i];
          s1_0 = fma(a1, b0, s1_0);
          s1_1 = fma(a1, b1, s1_1);
          s1_2 = fma(a1, b2, s1_2);
          s1_3 = fma(a1, b3, s1_3);
          let a2 = k[rowAt2 + i];
          s2_0 = fma(a2, b0, s2_0);
          s2_1 = fma(a2, b1, s2_1);
          s2_2 = fma(a2, b2, s2_2);
          s2_3 = fma(a2, b3, s2_3);
          let a3 = k[rowAt3 + i];
          s3_0 = fma(a3, b0, s3_0);
          s3_1 = fma(a3, b1, s3_1);
          s3_2 = fma(a3, b2, s3_2);
          s3_3 = fma(a3, b3, s3_3);
        }
        let seen0_0 = (query0 >= row0) & (query0 < block.w) & (query0 - row0 < params.window);
        let seen0_1 = (query1 >= row0) & (query1 < block.w) & (query1 - row0 < params.window);
        let seen0_2 = (query2 >= row0) & (query2 < block.w) & (query2 - row0 < params.window);
        let seen0_3 = (query3 >= row0) & (query3 < block.w) & (query3 - row0 < params.window);
        let seen1_0 = (query0 >= row1) & (query0 < block.w) & (query0 - row1 < params.window);
        let seen1_1 = (query1 >= row1) & (query1 < block.w) & (query1 - row1 < params.window);
        let seen1_2 = (query2 >= row1) & (query2 < block.w) & (query2 - row1 < params.window);
        let seen1_3 = (query3 >= row1) & (query3 < block.w) & (query3 - row1 < params.window);
        let seen2_0 = (query0 >= row2) & (query0 < block.w) & (query0 - row2 < params.window);
        let seen2_1 = (query1 >= row2) & (query1 < block.w) & (query1 - row2 < params.window);
        let seen2_2 = (query2 >= row2) & (query2 < block.w) & (query2 - row2 < params.window);
        let seen2_3 = (query3 >= row2) & (query3 < block.w) & (query3 - row2 < params.window);
        let seen3_0 = (query0 >= row3) & (query0 < block.w) & (query0 - row3 < params.window);
        let seen3_1 = (query1 >= row3) & (query1 < block.w) & (query1 - row3 < params.window);
        let seen3_2 = (query2 >= row3) & (query2 < block.w) & (query2 - row3 < params.window);
        let seen3_3 = (query3 >= row3) & (query3 < block.w) & (query3 - row3 < params.window);
        let p0_0 = select(0.0, exp(min(params.scale * s0_0 - statistics0.x, 0.0)), seen0_0);
        let p0_1 = select(0.0, exp(min(params.scale * s0_1 - statistics1.x, 0.0)), seen0_1);
        let p0_2 = select(0.0, exp(min(params.scale * s0_2 - statistics2.x, 0.0)), seen0_2);
        let p0_3 = select(0.0, exp(min(params.scale * s0_3 - statistics3.x, 0.0)), seen0_3);
        let p1_0 = select(0.0, exp(min(params.scale * s1_0 - statistics0.x, 0.0)), seen1_0);
        let p1_1 = select(0.0, exp(min(params.scale * s1_1 - statistics1.x, 0.0)), seen1_1);
        let p1_2 = select(0.0, exp(min(params.scale * s1_2 - statistics2.x, 0.0)), seen1_2);
        let p1_3 = select(0.0, exp(min(params.scale * s1_3 - statistics3.x, 0.0)), seen1_3);
        let p2_0 = select(0.0, exp(min(params.scale * s2_0 - statistics0.x, 0.0)), seen2_0);
        let p2_1 = select(0.0, exp(min(params.scale * s2_1 - statistics1.x, 0.0)), seen2_1);
        let p2_2 = select(0.0, exp(min(params.scale * s2_2 - statistics2.x, 0.0)), seen2_2);
        let p2_3 = select(0.0, exp(min(params.scale * s2_3 - statistics3.x, 0.0)), seen2_3);
        let p3_0 = select(0.0, exp(min(params.scale * s3_0 - statistics0.x, 0.0)), seen3_0);
        let p3_1 = select(0.0, exp(min(params.scale * s3_1 - statistics1.x, 0.0)), seen3_1);
        let p3_2 = select(0.0, exp(min(params.scale * s3_2 - statistics2.x, 0.0)), seen3_2);
        let p3_3 = select(0.0, exp(min(params.scale * s3_3 - statistics3.x, 0.0)), seen3_3);
        var d0_0 = 0.0;
        var d0_1 = 0.0;
        var d0_2 = 0.0;
        var d0_3 = 0.0;
        var d1_0 = 0.0;
        var d1_1 = 0.0;
        var d1_2 = 0.0;
        var d1_3 = 0.0;
        var d2_0 = 0.0;
        var d2_1 = 0.0;
        var d2_2 = 0.0;
        var d2_3 = 0.0;
        var d3_0 = 0.0;
        var d3_1 = 0.0;
        var d3_2 = 0.0;
        var d3_3 = 0.0;
        for (var i = 0u; i < params.headElements; i++) {
          let b0 = gradOutput[columnAt0 + i];
          let b1 = gradOutput[columnAt1 + i];
          let b2 = gradOutput[columnAt2 + i];
          let b3 = gradOutput[columnAt3 + i];
          let a0 = v[rowAt0 + i];
          d0_0 = fma(a0, b0, d0_0);
          d0_1 = fma(a0, b1, d0_1);
          d0_2 = fma(a0, b2, d0_2);
          d0_3 = fma(a0, b3, d0_3);
          let a1 = v[rowAt1 + i];
          d1_0 = fma(a1, b0, d1_0);
          d1_1 = fma(a1, b1, d1_1);
          d1_2 = fma(a1, b2, d1_2);
          d1_3 = fma(a1, b3, d1_3);
          let a2 = v[rowAt2 + i];
          d2_0 = fma(a2, b0, d2_0);
          d2_1 = fma(a2, b1, d2_1);
          d2_2 = fma(a2, b2, d2_2);
          d2_3 = fma(a2, b3, d2_3);
          let a3 = v[rowAt3 + i];
          d3_0 = fma(a3, b0, d3_0);
          d3_1 = fma(a3, b1, d3_1);
          d3_2 = fma(a3, b2, d3_2);
          d3_3 = fma(a3, b3, d3_3);
        }
        s0_0 = params.scale * p0_0 * (d0_0 - statistics0.y);
        s0_1 = params.scale * p0_1 * (d0_1 - statistics1.y);
        s0_2 = params.scale * p0_2 * (d0_2 - statistics2.y);
        s0_3 = params.scale * p0_3 * (d0_3 - statistics3.y);
        s1_0 = params.scale * p1_0 * (d1_0 - statistics0.y);
        s1_1 = params.scale * p1_1 * (d1_1 - statistics1.y);
        s1_2 = params.scale * p1_2 * (d1_2 - statistics2.y);
        s1_3 = params.scale * p1_3 * (d1_3 - statistics3.y);
        s2_0 = params.scale * p2_0 * (d2_0 - statistics0.y);
        s2_1 = params.scale * p2_1 * (d2_1 - statistics1.y);
        s2_2 = params.scale * p2_2 * (d2_2 - statistics2.y);
        s2_3 = params.scale * p2_3 * (d2_3 - statistics3.y);
        s3_0 = params.scale * p3_0 * (d3_0 - statistics0.y);
        s3_1 = params.scale * p3_1 * (d3_1 - statistics1.y);
        s3_2 = params.scale * p3_2 * (d3_2 - statistics2.y);
        s3_3 = params.scale * p3_3 * (d3_3 - statistics3.y);
        for (var i = 0u; i < params.headElements; i++) {
          let value0 = gradOutput[columnAt0 + i];
          let value1 = gradOutput[columnAt1 + i];
          let value2 = gradOutput[columnAt2 + i];
          let value3 = gradOutput[columnAt3 + i];
          if (0u < block.y) {
            var sum = select(gradValue[rowAt0 + i], f32(), first);
            sum = fma(f32(p0_0), value0, sum);
            sum = fma(f32(p0_1), value1, sum);
            sum = fma(f32(p0_2), value2, sum);
            sum = fma(f32(p0_3), value3, sum);
            gradValue[rowAt0 + i] = sum;
          }
          if (1u < block.y) {
            var sum = select(gradValue[rowAt1 + i], f32(), first);
            sum = fma(f32(p1_0), value0, sum);
            sum = fma(f32(p1_1), value1, sum);
            sum = fma(f32(p1_2), value2, sum);
            sum = fma(f32(p1_3), value3, sum);
            gradValue[rowAt1 + i] = sum;
          }
          if (2u < block.y) {
            var sum = select(gradValue[rowAt2 + i], f32(), first);
            sum = fma(f32(p2_0), value0, sum);
            sum = fma(f32(p2_1), value1, sum);
            sum = fma(f32(p2_2), value2, sum);
            sum = fma(f32(p2_3), value3, sum);
            gradValue[rowAt2 + i] = sum;
          }
          if (3u < block.y) {
            var sum = select(gradValue[rowAt3 + i], f32(), first);
            sum = fma(f32(p3_0), value0, sum);
            sum = fma(f32(p3_1), value1, sum);
            sum = fma(f32(p3_2), value2, sum);
            sum = fma(f32(p3_3), value3, sum);
            gradValue[rowAt3 + i] = sum;
          }
        }
        for (var i = 0u; i < params.headElements; i++) {
          let value0 = q[columnAt0 + i];
          let value1 = q[columnAt1 + i];
          let value2 = q[columnAt2 + i];
          let value3 = q[columnAt3 + i];
          if (0u < block.y) {
            var sum = select(gradKey[rowAt0 + i], f32(), first);
            sum = fma(f32(s0_0), value0, sum);
            sum = fma(f32(s0_1), value1, sum);
            sum = fma(f32(s0_2), value2, sum);
            sum = fma(f32(s0_3), value3, sum);
            gradKey[rowAt0 + i] = sum;
          }
          if (1u < block.y) {
            var sum = select(gradKey[rowAt1 + i], f32(), first);
            sum = fma(f32(s1_0), value0, sum);
            sum = fma(f32(s1_1), value1, sum);
            sum = fma(f32(s1_2), value2, sum);
            sum = fma(f32(s1_3), value3, sum);
            gradKey[rowAt1 + i] = sum;
          }
          if (2u < block.y) {
            var sum = select(gradKey[rowAt2 + i], f32(), first);
            sum = fma(f32(s2_0), value0, sum);
            sum = fma(f32(s2_1), value1, sum);
            sum = fma(f32(s2_2), value2, sum);
            sum = fma(f32(s2_3), value3, sum);
            gradKey[rowAt2 + i] = sum;
          }
          if (3u < block.y) {
            var sum = select(gradKey[rowAt3 + i], f32(), first);
            sum = fma(f32(s3_0), value0, sum);
            sum = fma(f32(s3_1), value1, sum);
            sum = fma(f32(s3_2), value2, sum);
            sum = fma(f32(s3_3), value3, sum);
            gradKey[rowAt3 + i] = sum;
          }
        }
        first = false;
      }
    }
  }
}
