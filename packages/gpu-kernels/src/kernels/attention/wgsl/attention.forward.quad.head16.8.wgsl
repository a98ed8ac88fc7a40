enable subgroups;

struct Params {
  heads: u32,
  queriesPerKeyValueHead: u32,
  kvHeads: u32,
  scale: f32,
  headElements: u32,
  window: u32,
  prefixLength: u32,
  firstBlock: u32,
  taskCount: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> blocks: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> q: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> k: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> v: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> out: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> logSumExp: array<f32>;

const MASKED = -3.4e+38;

@compute @workgroup_size(4)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (workgroup >= params.taskCount) { return; }
  let block = blocks[params.firstBlock + workgroup / params.heads];
  let head = workgroup % params.heads;
  let kvHead = head / params.queriesPerKeyValueHead;
  let end = block.x + block.y;
  let row0 = min(block.x + lane, end - 1u);
  let q0_0 = params.scale * q[(row0 * params.heads + head) * params.headElements];
  let q0_1 = params.scale * q[(row0 * params.heads + head) * params.headElements + 1u];
  let q0_2 = params.scale * q[(row0 * params.heads + head) * params.headElements + 2u];
  let q0_3 = params.scale * q[(row0 * params.heads + head) * params.headElements + 3u];
  var maximum0 = -3e+38;
  var total0 = 0.0;
  var out0_0 = vec4<f32>();
  var out0_1 = vec4<f32>();
  var out0_2 = vec4<f32>();
  var out0_3 = vec4<f32>();
  let row1 = min(block.x + 4u + lane, end - 1u);
  let q1_0 = params.scale * q[(row1 * params.heads + head) * params.headElements];
  let q1_1 = params.scale * q[(row1 * params.heads + head) * params.headElements + 1u];
  let q1_2 = params.scale * q[(row1 * params.heads + head) * params.headElements + 2u];
  let q1_3 = params.scale * q[(row1 * params.heads + head) * params.headElements + 3u];
  var maximum1 = -3e+38;
  var total1 = 0.0;
  var out1_0 = vec4<f32>();
  var out1_1 = vec4<f32>();
  var out1_2 = vec4<f32>();
  var out1_3 = vec4<f32>();
  let place = block.x - block.z;
  let hidden = select(0u, place + 1u - params.window, place >= params.window);
  for (var key = block.z + (hidden & ~3u); key < end; key += 4u) {
    let at = (min(key + lane, end - 1u) * params.kvHeads + kvHead) * params.headElements;
    let key0_0 = k[at];
    let key0_1 = k[at + 1u];
    let key0_2 = k[at + 2u];
    let key0_3 = k[at + 3u];
    let value0_0 = v[at];
    let value0_1 = v[at + 1u];
    let value0_2 = v[at + 2u];
    let value0_3 = v[at + 3u];
    let key1_0 = quadSwapX(key0_0);
    let key1_1 = quadSwapX(key0_1);
    let key1_2 = quadSwapX(key0_2);
    let key1_3 = quadSwapX(key0_3);
    let key2_0 = quadSwapY(key0_0);
    let key2_1 = quadSwapY(key0_1);
    let key2_2 = quadSwapY(key0_2);
    let key2_3 = quadSwapY(key0_3);
    let key3_0 = quadSwapDiagonal(key0_0);
    let key3_1 = quadSwapDiagonal(key0_1);
    let key3_2 = quadSwapDiagonal(key0_2);
    let key3_3 = quadSwapDiagonal(key0_3);
    let value1_0 = quadSwapX(value0_0);
    let value1_1 = quadSwapX(value0_1);
    let value1_2 = quadSwapX(value0_2);
    let value1_3 = quadSwapX(value0_3);
    let value2_0 = quadSwapY(value0_0);
    let value2_1 = quadSwapY(value0_1);
    let value2_2 = quadSwapY(value0_2);
    let value2_3 = quadSwapY(value0_3);
    let value3_0 = quadSwapDiagonal(value0_0);
    let value3_1 = quadSwapDiagonal(value0_1);
    let value3_2 = quadSwapDiagonal(value0_2);
    let value3_3 = quadSwapDiagonal(value0_3);
    let column0 = key + (lane ^ 0u);
    let column1 = key + (lane ^ 1u);
    let column2 = key + (lane ^ 2u);
    let column3 = key + (lane ^ 3u);
    let s0_0 = select(MASKED, dot(q0_0, key0_0) + dot(q0_1, key0_1) + dot(q0_2, key0_2) + dot(q0_3, key0_3), (column0 <= row0) & (row0 - column0 < params.window));
    let s0_1 = select(MASKED, dot(q0_0, key1_0) + dot(q0_1, key1_1) + dot(q0_2, key1_2) + dot(q0_3, key1_3), (column1 <= row0) & (row0 - column1 < params.window));
    let s0_2 = select(MASKED, dot(q0_0, key2_0) + dot(q0_1, key2_1) + dot(q0_2, key2_2) + dot(q0_3, key2_3), (column2 <= row0) & (row0 - column2 < params.window));
    let s0_3 = select(MASKED, dot(q0_0, key3_0) + dot(q0_1, key3_1) + dot(q0_2, key3_2) + dot(q0_3, key3_3), (column3 <= row0) & (row0 - column3 < params.window));
    let most0 = max(max(max(s0_0, s0_1), max(s0_2, s0_3)), maximum0);
    let decay0 = exp(maximum0 - most0);
    maximum0 = most0;
    let p0_0 = exp(s0_0 - most0);
    let p0_1 = exp(s0_1 - most0);
    let p0_2 = exp(s0_2 - most0);
    let p0_3 = exp(s0_3 - most0);
    total0 = total0 * decay0 + ((p0_0 + p0_1) + (p0_2 + p0_3));
    out0_0 = out0_0 * decay0 + (p0_0 * value0_0 + p0_1 * value1_0 + p0_2 * value2_0 + p0_3 * value3_0);
    out0_1 = out0_1 * decay0 + (p0_0 * value0_1 + p0_1 * value1_1 + p0_2 * value2_1 + p0_3 * value3_1);
    out0_2 = out0_2 * decay0 + (p0_0 * value0_2 + p0_1 * value1_2 + p0_2 * value2_2 + p0_3 * value3_2);
    out0_3 = out0_3 * decay0 + (p0_0 * value0_3 + p0_1 * value1_3 + p0_2 * value2_3 + p0_3 * value3_3);
    let s1_0 = select(MASKED, dot(q1_0, key0_0) + dot(q1_1, key0_1) + dot(q1_2, key0_2) + dot(q1_3, key0_3), (column0 <= row1) & (row1 - column0 < params.window));
    let s1_1 = select(MASKED, dot(q1_0, key1_0) + dot(q1_1, key1_1) + dot(q1_2, key1_2) + dot(q1_3, key1_3), (column1 <= row1) & (row1 - column1 < params.window));
    let s1_2 = select(MASKED, dot(q1_0, key2_0) + dot(q1_1, key2_1) + dot(q1_2, key2_2) + dot(q1_3, key2_3), (column2 <= row1) & (row1 - column2 < params.window));
    let s1_3 = select(MASKED, dot(q1_0, key3_0) + dot(q1_1, key3_1) + dot(q1_2, key3_2) + dot(q1_3, key3_3), (column3 <= row1) & (row1 - column3 < params.window));
    let most1 = max(max(max(s1_0, s1_1), max(s1_2, s1_3)), maximum1);
    let decay1 = exp(maximum1 - most1);
    maximum1 = most1;
    let p1_0 = exp(s1_0 - most1);
    let p1_1 = exp(s1_1 - most1);
    let p1_2 = exp(s1_2 - most1);
    let p1_3 = exp(s1_3 - most1);
    total1 = total1 * decay1 + ((p1_0 + p1_1) + (p1_2 + p1_3));
    out1_0 = out1_0 * decay1 + (p1_0 * value0_0 + p1_1 * value1_0 + p1_2 * value2_0 + p1_3 * value3_0);
    out1_1 = out1_1 * decay1 + (p1_0 * value0_1 + p1_1 * value1_1 + p1_2 * value2_1 + p1_3 * value3_1);
    out1_2 = out1_2 * decay1 + (p1_0 * value0_2 + p1_1 * value1_2 + p1_2 * value2_2 + p1_3 * value3_2);
    out1_3 = out1_3 * decay1 + (p1_0 * value0_3 + p1_1 * value1_3 + p1_2 * value2_3 + p1_3 * value3_3);
  }
  if (block.x + lane < end) {
    let rowHead = row0 * params.heads + head;
    let inverse = select(0.0, 1.0 / total0, total0 > 0.0);
    out[rowHead * params.headElements] = out0_0 * inverse;
    out[rowHead * params.headElements + 1u] = out0_1 * inverse;
    out[rowHead * params.headElements + 2u] = out0_2 * inverse;
    out[rowHead * params.headElements + 3u] = out0_3 * inverse;
    logSumExp[rowHead] = select(-3e+38, maximum0 + log(total0), total0 > 0.0);
  }
  if (block.x + 4u + lane < end) {
    let rowHead = row1 * params.heads + head;
    let inverse = select(0.0, 1.0 / total1, total1 > 0.0);
    out[rowHead * params.headElements] = out1_0 * inverse;
    out[rowHead * params.headElements + 1u] = out1_1 * inverse;
    out[rowHead * params.headElements + 2u] = out1_2 * inverse;
    out[rowHead * params.headElements + 3u] = out1_3 * inverse;
    logSumExp[rowHead] = select(-3e+38, maximum1 + log(total1), total1 > 0.0);
  }
}
