struct Params {
  heads: u32,
  queriesPerKeyValueHead: u32,
  kvHeads: u32,
  scale: f32,
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

var<workgroup> queries: array<vec4<f32>, 256>;
var<workgroup> keyValues: array<vec4<f32>, 256>;
var<workgroup> weights: array<vec4<f32>, 256>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (workgroup >= params.taskCount) { return; }
  let block = blocks[params.firstBlock + workgroup / params.heads];
  let firstRow = block.x;
  let rowCount = block.y;
  let head = workgroup % params.heads;
  let kvHead = head / params.queriesPerKeyValueHead;
  let column = localIndex & 7u;
  let group = localIndex >> 3u;
  let lastRow = firstRow + rowCount - 1u;
  let rows = vec4<u32>(firstRow + group * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
  var maximum = vec4<f32>(-3.0e38);
  var total = vec4<f32>();
  var out0_0 = vec4<f32>();
  var out0_1 = vec4<f32>();
  var out0_2 = vec4<f32>();
  var out0_3 = vec4<f32>();
  var out1_0 = vec4<f32>();
  var out1_1 = vec4<f32>();
  var out1_2 = vec4<f32>();
  var out1_3 = vec4<f32>();
  var out2_0 = vec4<f32>();
  var out2_1 = vec4<f32>();
  var out2_2 = vec4<f32>();
  var out2_3 = vec4<f32>();
  var out3_0 = vec4<f32>();
  var out3_1 = vec4<f32>();
  var out3_2 = vec4<f32>();
  var out3_3 = vec4<f32>();
  var held0 = vec4<f32>();
  var query0 = vec4<f32>();
  var held1 = vec4<f32>();
  var query1 = vec4<f32>();
  var held2 = vec4<f32>();
  var query2 = vec4<f32>();
  var held3 = vec4<f32>();
  var query3 = vec4<f32>();
  let end = firstRow + rowCount;
  let place = firstRow - block.z;
  let hidden = select(0u, place + 1u - params.window, place >= params.window);
  let firstKey = block.z + hidden / 32u * 32u;
  {
    let at = column;
    held0 = k[(min(firstKey + group * 4u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
    held1 = k[(min(firstKey + group * 4u + 1u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
    held2 = k[(min(firstKey + group * 4u + 2u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
    held3 = k[(min(firstKey + group * 4u + 3u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
  }
  for (var key = firstKey; key < end; key += 32u) {
    var s0 = vec4<f32>();
    var s1 = vec4<f32>();
    var s2 = vec4<f32>();
    var s3 = vec4<f32>();
    {
      let at = column;
      query0 = q[(min(firstRow + group * 4u, lastRow) * params.heads + head) * 32u + at];
      query1 = q[(min(firstRow + group * 4u + 1u, lastRow) * params.heads + head) * 32u + at];
      query2 = q[(min(firstRow + group * 4u + 2u, lastRow) * params.heads + head) * 32u + at];
      query3 = q[(min(firstRow + group * 4u + 3u, lastRow) * params.heads + head) * 32u + at];
    }
    workgroupBarrier();
    keyValues[column * 32u + 0u + (group ^ column)] = vec4<f32>(held0.x, held1.x, held2.x, held3.x);
    keyValues[column * 32u + 8u + (group ^ column)] = vec4<f32>(held0.y, held1.y, held2.y, held3.y);
    keyValues[column * 32u + 16u + (group ^ column)] = vec4<f32>(held0.z, held1.z, held2.z, held3.z);
    keyValues[column * 32u + 24u + (group ^ column)] = vec4<f32>(held0.w, held1.w, held2.w, held3.w);
    queries[column * 32u + 0u + (group ^ column)] = vec4<f32>(query0.x, query1.x, query2.x, query3.x);
    queries[column * 32u + 8u + (group ^ column)] = vec4<f32>(query0.y, query1.y, query2.y, query3.y);
    queries[column * 32u + 16u + (group ^ column)] = vec4<f32>(query0.z, query1.z, query2.z, query3.z);
    queries[column * 32u + 24u + (group ^ column)] = vec4<f32>(query0.w, query1.w, query2.w, query3.w);
    {
      let at = 1u * 8u + column;
      held0 = k[(min(key + group * 4u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held1 = k[(min(key + group * 4u + 1u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held2 = k[(min(key + group * 4u + 2u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held3 = k[(min(key + group * 4u + 3u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
    }
    workgroupBarrier();
    for (var step = 0u; step < 32u; step++) {
      {
        let a = queries[step * 8u + (group ^ (step >> 2u))];
        let b = keyValues[step * 8u + (column ^ (step >> 2u))];
        s0 = fma(a, vec4<f32>(b.x), s0);
        s1 = fma(a, vec4<f32>(b.y), s1);
        s2 = fma(a, vec4<f32>(b.z), s2);
        s3 = fma(a, vec4<f32>(b.w), s3);
      }
    }
    {
      let at = 1u * 8u + column;
      query0 = q[(min(firstRow + group * 4u, lastRow) * params.heads + head) * 32u + at];
      query1 = q[(min(firstRow + group * 4u + 1u, lastRow) * params.heads + head) * 32u + at];
      query2 = q[(min(firstRow + group * 4u + 2u, lastRow) * params.heads + head) * 32u + at];
      query3 = q[(min(firstRow + group * 4u + 3u, lastRow) * params.heads + head) * 32u + at];
    }
    workgroupBarrier();
    keyValues[column * 32u + 0u + (group ^ column)] = vec4<f32>(held0.x, held1.x, held2.x, held3.x);
    keyValues[column * 32u + 8u + (group ^ column)] = vec4<f32>(held0.y, held1.y, held2.y, held3.y);
    keyValues[column * 32u + 16u + (group ^ column)] = vec4<f32>(held0.z, held1.z, held2.z, held3.z);
    keyValues[column * 32u + 24u + (group ^ column)] = vec4<f32>(held0.w, held1.w, held2.w, held3.w);
    queries[column * 32u + 0u + (group ^ column)] = vec4<f32>(query0.x, query1.x, query2.x, query3.x);
    queries[column * 32u + 8u + (group ^ column)] = vec4<f32>(query0.y, query1.y, query2.y, query3.y);
    queries[column * 32u + 16u + (group ^ column)] = vec4<f32>(query0.z, query1.z, query2.z, query3.z);
    queries[column * 32u + 24u + (group ^ column)] = vec4<f32>(query0.w, query1.w, query2.w, query3.w);
    {
      let at = 2u * 8u + column;
      held0 = k[(min(key + group * 4u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held1 = k[(min(key + group * 4u + 1u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held2 = k[(min(key + group * 4u + 2u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held3 = k[(min(key + group * 4u + 3u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
    }
    workgroupBarrier();
    for (var step = 0u; step < 32u; step++) {
      {
        let a = queries[step * 8u + (group ^ (step >> 2u))];
        let b = keyValues[step * 8u + (column ^ (step >> 2u))];
        s0 = fma(a, vec4<f32>(b.x), s0);
        s1 = fma(a, vec4<f32>(b.y), s1);
        s2 = fma(a, vec4<f32>(b.z), s2);
        s3 = fma(a, vec4<f32>(b.w), s3);
      }
    }
    {
      let at = 2u * 8u + column;
      query0 = q[(min(firstRow + group * 4u, lastRow) * params.heads + head) * 32u + at];
      query1 = q[(min(firstRow + group * 4u + 1u, lastRow) * params.heads + head) * 32u + at];
      query2 = q[(min(firstRow + group * 4u + 2u, lastRow) * params.heads + head) * 32u + at];
      query3 = q[(min(firstRow + group * 4u + 3u, lastRow) * params.heads + head) * 32u + at];
    }
    workgroupBarrier();
    keyValues[column * 32u + 0u + (group ^ column)] = vec4<f32>(held0.x, held1.x, held2.x, held3.x);
    keyValues[column * 32u + 8u + (group ^ column)] = vec4<f32>(held0.y, held1.y, held2.y, held3.y);
    keyValues[column * 32u + 16u + (group ^ column)] = vec4<f32>(held0.z, held1.z, held2.z, held3.z);
    keyValues[column * 32u + 24u + (group ^ column)] = vec4<f32>(held0.w, held1.w, held2.w, held3.w);
    queries[column * 32u + 0u + (group ^ column)] = vec4<f32>(query0.x, query1.x, query2.x, query3.x);
    queries[column * 32u + 8u + (group ^ column)] = vec4<f32>(query0.y, query1.y, query2.y, query3.y);
    queries[column * 32u + 16u + (group ^ column)] = vec4<f32>(query0.z, query1.z, query2.z, query3.z);
    queries[column * 32u + 24u + (group ^ column)] = vec4<f32>(query0.w, query1.w, query2.w, query3.w);
    {
      let at = 3u * 8u + column;
      held0 = k[(min(key + group * 4u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held1 = k[(min(key + group * 4u + 1u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held2 = k[(min(key + group * 4u + 2u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held3 = k[(min(key + group * 4u + 3u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
    }
    workgroupBarrier();
    for (var step = 0u; step < 32u; step++) {
      {
        let a = queries[step * 8u + (group ^ (step >> 2u))];
        let b = keyValues[step * 8u + (column ^ (step >> 2u))];
        s0 = fma(a, vec4<f32>(b.x), s0);
        s1 = fma(a, vec4<f32>(b.y), s1);
        s2 = fma(a, vec4<f32>(b.z), s2);
        s3 = fma(a, vec4<f32>(b.w), s3);
      }
    }
    {
      let at = 3u * 8u + column;
      query0 = q[(min(firstRow + group * 4u, lastRow) * params.heads + head) * 32u + at];
      query1 = q[(min(firstRow + group * 4u + 1u, lastRow) * params.heads + head) * 32u + at];
      query2 = q[(min(firstRow + group * 4u + 2u, lastRow) * params.heads + head) * 32u + at];
      query3 = q[(min(firstRow + group * 4u + 3u, lastRow) * params.heads + head) * 32u + at];
    }
    workgroupBarrier();
    keyValues[column * 32u + 0u + (group ^ column)] = vec4<f32>(held0.x, held1.x, held2.x, held3.x);
    keyValues[column * 32u + 8u + (group ^ column)] = vec4<f32>(held0.y, held1.y, held2.y, held3.y);
    keyValues[column * 32u + 16u + (group ^ column)] = vec4<f32>(held0.z, held1.z, held2.z, held3.z);
    keyValues[column * 32u + 24u + (group ^ column)] = vec4<f32>(held0.w, held1.w, held2.w, held3.w);
    queries[column * 32u + 0u + (group ^ column)] = vec4<f32>(query0.x, query1.x, query2.x, query3.x);
    queries[column * 32u + 8u + (group ^ column)] = vec4<f32>(query0.y, query1.y, query2.y, query3.y);
    queries[column * 32u + 16u + (group ^ column)] = vec4<f32>(query0.z, query1.z, query2.z, query3.z);
    queries[column * 32u + 24u + (group ^ column)] = vec4<f32>(query0.w, query1.w, query2.w, query3.w);
    {
      let at = column;
      held0 = v[(min(key + group * 4u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held1 = v[(min(key + group * 4u + 1u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held2 = v[(min(key + group * 4u + 2u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held3 = v[(min(key + group * 4u + 3u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
    }
    workgroupBarrier();
    for (var step = 0u; step < 32u; step++) {
      {
        let a = queries[step * 8u + (group ^ (step >> 2u))];
        let b = keyValues[step * 8u + (column ^ (step >> 2u))];
        s0 = fma(a, vec4<f32>(b.x), s0);
        s1 = fma(a, vec4<f32>(b.y), s1);
        s2 = fma(a, vec4<f32>(b.z), s2);
        s3 = fma(a, vec4<f32>(b.w), s3);
      }
    }
    let ownKey = key + column * 4u;
    s0 = select(vec4<f32>(-3.4e38), params.scale * s0, (vec4<u32>((ownKey)) <= rows) & (rows - (ownKey) < vec4<u32>(params.window)));
    s1 = select(vec4<f32>(-3.4e38), params.scale * s1, (vec4<u32>((ownKey + 1u)) <= rows) & (rows - (ownKey + 1u) < vec4<u32>(params.window)));
    s2 = select(vec4<f32>(-3.4e38), params.scale * s2, (vec4<u32>((ownKey + 2u)) <= rows) & (rows - (ownKey + 2u) < vec4<u32>(params.window)));
    s3 = select(vec4<f32>(-3.4e38), params.scale * s3, (vec4<u32>((ownKey + 3u)) <= rows) & (rows - (ownKey + 3u) < vec4<u32>(params.window)));
    weights[group * 8u + column] = max(max(s0, s1), max(s2, s3));
    workgroupBarrier();
    let most = max(maximum, max(max(max(max(max(max(max(weights[group * 8u], weights[group * 8u + 1u]), weights[group * 8u + 2u]), weights[group * 8u + 3u]), weights[group * 8u + 4u]), weights[group * 8u + 5u]), weights[group * 8u + 6u]), weights[group * 8u + 7u]));
    keyValues[group * 32u + 0u + column] = held0;
    keyValues[group * 32u + 8u + column] = held1;
    keyValues[group * 32u + 16u + column] = held2;
    keyValues[group * 32u + 24u + column] = held3;
    {
      let at = 1u * 8u + column;
      held0 = v[(min(key + group * 4u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held1 = v[(min(key + group * 4u + 1u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held2 = v[(min(key + group * 4u + 2u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held3 = v[(min(key + group * 4u + 3u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
    }
    let decay = exp(maximum - most);
    maximum = most;
    s0 = exp(s0 - most);
    s1 = exp(s1 - most);
    s2 = exp(s2 - most);
    s3 = exp(s3 - most);
    total = fma(total, decay, (s0 + s1) + (s2 + s3));
    out0_0 *= decay;
    out0_1 *= decay;
    out0_2 *= decay;
    out0_3 *= decay;
    out1_0 *= decay;
    out1_1 *= decay;
    out1_2 *= decay;
    out1_3 *= decay;
    out2_0 *= decay;
    out2_1 *= decay;
    out2_2 *= decay;
    out2_3 *= decay;
    out3_0 *= decay;
    out3_1 *= decay;
    out3_2 *= decay;
    out3_3 *= decay;
    // The maxima have been read.
    workgroupBarrier();
    weights[column * 32u + 0u + (group ^ column)] = s0;
    weights[column * 32u + 8u + (group ^ column)] = s1;
    weights[column * 32u + 16u + (group ^ column)] = s2;
    weights[column * 32u + 24u + (group ^ column)] = s3;
    workgroupBarrier();
    for (var step = 0u; step < 32u; step++) {
      {
        let a = weights[step * 8u + (group ^ (step >> 2u))];
        let b = keyValues[step * 8u + column];
        out0_0 = fma(a, vec4<f32>(b.x), out0_0);
        out0_1 = fma(a, vec4<f32>(b.y), out0_1);
        out0_2 = fma(a, vec4<f32>(b.z), out0_2);
        out0_3 = fma(a, vec4<f32>(b.w), out0_3);
      }
    }
    workgroupBarrier();
    keyValues[group * 32u + 0u + column] = held0;
    keyValues[group * 32u + 8u + column] = held1;
    keyValues[group * 32u + 16u + column] = held2;
    keyValues[group * 32u + 24u + column] = held3;
    {
      let at = 2u * 8u + column;
      held0 = v[(min(key + group * 4u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held1 = v[(min(key + group * 4u + 1u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held2 = v[(min(key + group * 4u + 2u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held3 = v[(min(key + group * 4u + 3u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
    }
    workgroupBarrier();
    for (var step = 0u; step < 32u; step++) {
      {
        let a = weights[step * 8u + (group ^ (step >> 2u))];
        let b = keyValues[step * 8u + column];
        out1_0 = fma(a, vec4<f32>(b.x), out1_0);
        out1_1 = fma(a, vec4<f32>(b.y), out1_1);
        out1_2 = fma(a, vec4<f32>(b.z), out1_2);
        out1_3 = fma(a, vec4<f32>(b.w), out1_3);
      }
    }
    workgroupBarrier();
    keyValues[group * 32u + 0u + column] = held0;
    keyValues[group * 32u + 8u + column] = held1;
    keyValues[group * 32u + 16u + column] = held2;
    keyValues[group * 32u + 24u + column] = held3;
    {
      let at = 3u * 8u + column;
      held0 = v[(min(key + group * 4u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held1 = v[(min(key + group * 4u + 1u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held2 = v[(min(key + group * 4u + 2u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held3 = v[(min(key + group * 4u + 3u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
    }
    workgroupBarrier();
    for (var step = 0u; step < 32u; step++) {
      {
        let a = weights[step * 8u + (group ^ (step >> 2u))];
        let b = keyValues[step * 8u + column];
        out2_0 = fma(a, vec4<f32>(b.x), out2_0);
        out2_1 = fma(a, vec4<f32>(b.y), out2_1);
        out2_2 = fma(a, vec4<f32>(b.z), out2_2);
        out2_3 = fma(a, vec4<f32>(b.w), out2_3);
      }
    }
    workgroupBarrier();
    keyValues[group * 32u + 0u + column] = held0;
    keyValues[group * 32u + 8u + column] = held1;
    keyValues[group * 32u + 16u + column] = held2;
    keyValues[group * 32u + 24u + column] = held3;
    {
      let at = column;
      held0 = k[(min(key + 32u + group * 4u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held1 = k[(min(key + 32u + group * 4u + 1u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held2 = k[(min(key + 32u + group * 4u + 2u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
      held3 = k[(min(key + 32u + group * 4u + 3u, end - 1u) * params.kvHeads + kvHead) * 32u + at];
    }
    workgroupBarrier();
    for (var step = 0u; step < 32u; step++) {
      {
        let a = weights[step * 8u + (group ^ (step >> 2u))];
        let b = keyValues[step * 8u + column];
        out3_0 = fma(a, vec4<f32>(b.x), out3_0);
        out3_1 = fma(a, vec4<f32>(b.y), out3_1);
        out3_2 = fma(a, vec4<f32>(b.z), out3_2);
        out3_3 = fma(a, vec4<f32>(b.w), out3_3);
      }
    }
  }
  workgroupBarrier();
  weights[group * 8u + column] = total;
  workgroupBarrier();
  let totals = weights[group * 8u] + weights[group * 8u + 1u] + weights[group * 8u + 2u] + weights[group * 8u + 3u] + weights[group * 8u + 4u] + weights[group * 8u + 5u] + weights[group * 8u + 6u] + weights[group * 8u + 7u];
  if (group * 4u < rowCount) {
    let rowHead = rows.x * params.heads + head;
    let outAt = rowHead * 32u + column;
    let rowMaximum = maximum.x;
    let rowTotal = totals.x;
    let inverse = select(0.0, 1.0 / rowTotal, rowTotal > 0.0);
    let normalizer = select(-3.0e38, rowMaximum + log(rowTotal), rowTotal > 0.0);
    out[outAt + 0u] = vec4<f32>(out0_0.x, out0_1.x, out0_2.x, out0_3.x) * inverse;
    out[outAt + 8u] = vec4<f32>(out1_0.x, out1_1.x, out1_2.x, out1_3.x) * inverse;
    out[outAt + 16u] = vec4<f32>(out2_0.x, out2_1.x, out2_2.x, out2_3.x) * inverse;
    out[outAt + 24u] = vec4<f32>(out3_0.x, out3_1.x, out3_2.x, out3_3.x) * inverse;
    if (column == 0u) { logSumExp[rowHead] = normalizer; }
  }
  if (group * 4u + 1u < rowCount) {
    let rowHead = rows.y * params.heads + head;
    let outAt = rowHead * 32u + column;
    let rowMaximum = maximum.y;
    let rowTotal = totals.y;
    let inverse = select(0.0, 1.0 / rowTotal, rowTotal > 0.0);
    let normalizer = select(-3.0e38, rowMaximum + log(rowTotal), rowTotal > 0.0);
    out[outAt + 0u] = vec4<f32>(out0_0.y, out0_1.y, out0_2.y, out0_3.y) * inverse;
    out[outAt + 8u] = vec4<f32>(out1_0.y, out1_1.y, out1_2.y, out1_3.y) * inverse;
    out[outAt + 16u] = vec4<f32>(out2_0.y, out2_1.y, out2_2.y, out2_3.y) * inverse;
    out[outAt + 24u] = vec4<f32>(out3_0.y, out3_1.y, out3_2.y, out3_3.y) * inverse;
    if (column == 0u) { logSumExp[rowHead] = normalizer; }
  }
  if (group * 4u + 2u < rowCount) {
    let rowHead = rows.z * params.heads + head;
    let outAt = rowHead * 32u + column;
    let rowMaximum = maximum.z;
    let rowTotal = totals.z;
    let inverse = select(0.0, 1.0 / rowTotal, rowTotal > 0.0);
    let normalizer = select(-3.0e38, rowMaximum + log(rowTotal), rowTotal > 0.0);
    out[outAt + 0u] = vec4<f32>(out0_0.z, out0_1.z, out0_2.z, out0_3.z) * inverse;
    out[outAt + 8u] = vec4<f32>(out1_0.z, out1_1.z, out1_2.z, out1_3.z) * inverse;
    out[outAt + 16u] = vec4<f32>(out2_0.z, out2_1.z, out2_2.z, out2_3.z) * inverse;
    out[outAt + 24u] = vec4<f32>(out3_0.z, out3_1.z, out3_2.z, out3_3.z) * inverse;
    if (column == 0u) { logSumExp[rowHead] = normalizer; }
  }
  if (group * 4u + 3u < rowCount) {
    let rowHead = rows.w * params.heads + head;
    let outAt = rowHead * 32u + column;
    let rowMaximum = maximum.w;
    let rowTotal = totals.w;
    let inverse = select(0.0, 1.0 / rowTotal, rowTotal > 0.0);
    let normalizer = select(-3.0e38, rowMaximum + log(rowTotal), rowTotal > 0.0);
    out[outAt + 0u] = vec4<f32>(out0_0.w, out0_1.w, out0_2.w, out0_3.w) * inverse;
    out[outAt + 8u] = vec4<f32>(out1_0.w, out1_1.w, out1_2.w, out1_3.w) * inverse;
    out[outAt + 16u] = vec4<f32>(out2_0.w, out2_1.w, out2_2.w, out2_3.w) * inverse;
    out[outAt + 24u] = vec4<f32>(out3_0.w, out3_1.w, out3_2.w, out3_3.w) * inverse;
    if (column == 0u) { logSumExp[rowHead] = normalizer; }
  }
}
