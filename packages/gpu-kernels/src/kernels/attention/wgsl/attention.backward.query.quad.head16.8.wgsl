enable subgroups;

struct Params {
  heads: u32,
  queriesPerKeyValueHead: u32,
  kvHeads: u32,
  scale: f32,
  headElements: u32,
  window: u32,
  firstBlock: u32,
  taskCount: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> blocks: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> q: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> k: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> v: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> gradOutput: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read> statistics: array<vec2<f32>>;
@group(0) @binding(7) var<storage, read_write> gradQuery: array<vec4<f32>>;

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
  let rowHead0 = row0 * params.heads + head;
  let at0 = rowHead0 * params.headElements;
  let q0_0 = params.scale * q[at0];
  let q0_1 = params.scale * q[at0 + 1u];
  let q0_2 = params.scale * q[at0 + 2u];
  let q0_3 = params.scale * q[at0 + 3u];
  let grad0_0 = gradOutput[at0];
  let grad0_1 = gradOutput[at0 + 1u];
  let grad0_2 = gradOutput[at0 + 2u];
  let grad0_3 = gradOutput[at0 + 3u];
  let statistics0 = statistics[rowHead0];
  var gradQuery0_0 = vec4<f32>();
  var gradQuery0_1 = vec4<f32>();
  var gradQuery0_2 = vec4<f32>();
  var gradQuery0_3 = vec4<f32>();
  let row1 = min(block.x + 4u + lane, end - 1u);
  let rowHead1 = row1 * params.heads + head;
  let at1 = rowHead1 * params.headElements;
  let q1_0 = params.scale * q[at1];
  let q1_1 = params.scale * q[at1 + 1u];
  let q1_2 = params.scale * q[at1 + 2u];
  let q1_3 = params.scale * q[at1 + 3u];
  let grad1_0 = gradOutput[at1];
  let grad1_1 = gradOutput[at1 + 1u];
  let grad1_2 = gradOutput[at1 + 2u];
  let grad1_3 = gradOutput[at1 + 3u];
  let statistics1 = statistics[rowHead1];
  var gradQuery1_0 = vec4<f32>();
  var gradQuery1_1 = vec4<f32>();
  var gradQuery1_2 = vec4<f32>();
  var gradQuery1_3 = vec4<f32>();
  let place = block.x - block.z;
  let hidden = select(0u, place + 1u - params.window, place >= params.window);
  for (var key = block.z + (hidden & ~3u); key < end; key += 4u) {
    let keyAt = (min(key + lane, end - 1u) * params.kvHeads + kvHead) * params.headElements;
    let key0_0 = k[keyAt];
    let key0_1 = k[keyAt + 1u];
    let key0_2 = k[keyAt + 2u];
    let key0_3 = k[keyAt + 3u];
    let value0_0 = v[keyAt];
    let value0_1 = v[keyAt + 1u];
    let value0_2 = v[keyAt + 2u];
    let value0_3 = v[keyAt + 3u];
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
    let seen0_0 = (column0 <= row0) & (row0 - column0 < params.window);
    let p0_0 = select(0.0, exp(min(dot(q0_0, key0_0) + dot(q0_1, key0_1) + dot(q0_2, key0_2) + dot(q0_3, key0_3) - statistics0.x, 0.0)), seen0_0);
    let d0_0 = p0_0 * (dot(grad0_0, value0_0) + dot(grad0_1, value0_1) + dot(grad0_2, value0_2) + dot(grad0_3, value0_3) - statistics0.y);
    let seen0_1 = (column1 <= row0) & (row0 - column1 < params.window);
    let p0_1 = select(0.0, exp(min(dot(q0_0, key1_0) + dot(q0_1, key1_1) + dot(q0_2, key1_2) + dot(q0_3, key1_3) - statistics0.x, 0.0)), seen0_1);
    let d0_1 = p0_1 * (dot(grad0_0, value1_0) + dot(grad0_1, value1_1) + dot(grad0_2, value1_2) + dot(grad0_3, value1_3) - statistics0.y);
    let seen0_2 = (column2 <= row0) & (row0 - column2 < params.window);
    let p0_2 = select(0.0, exp(min(dot(q0_0, key2_0) + dot(q0_1, key2_1) + dot(q0_2, key2_2) + dot(q0_3, key2_3) - statistics0.x, 0.0)), seen0_2);
    let d0_2 = p0_2 * (dot(grad0_0, value2_0) + dot(grad0_1, value2_1) + dot(grad0_2, value2_2) + dot(grad0_3, value2_3) - statistics0.y);
    let seen0_3 = (column3 <= row0) & (row0 - column3 < params.window);
    let p0_3 = select(0.0, exp(min(dot(q0_0, key3_0) + dot(q0_1, key3_1) + dot(q0_2, key3_2) + dot(q0_3, key3_3) - statistics0.x, 0.0)), seen0_3);
    let d0_3 = p0_3 * (dot(grad0_0, value3_0) + dot(grad0_1, value3_1) + dot(grad0_2, value3_2) + dot(grad0_3, value3_3) - statistics0.y);
    gradQuery0_0 += d0_0 * key0_0 + d0_1 * key1_0 + d0_2 * key2_0 + d0_3 * key3_0;
    gradQuery0_1 += d0_0 * key0_1 + d0_1 * key1_1 + d0_2 * key2_1 + d0_3 * key3_1;
    gradQuery0_2 += d0_0 * key0_2 + d0_1 * key1_2 + d0_2 * key2_2 + d0_3 * key3_2;
    gradQuery0_3 += d0_0 * key0_3 + d0_1 * key1_3 + d0_2 * key2_3 + d0_3 * key3_3;
    let seen1_0 = (column0 <= row1) & (row1 - column0 < params.window);
    let p1_0 = select(0.0, exp(min(dot(q1_0, key0_0) + dot(q1_1, key0_1) + dot(q1_2, key0_2) + dot(q1_3, key0_3) - statistics1.x, 0.0)), seen1_0);
    let d1_0 = p1_0 * (dot(grad1_0, value0_0) + dot(grad1_1, value0_1) + dot(grad1_2, value0_2) + dot(grad1_3, value0_3) - statistics1.y);
    let seen1_1 = (column1 <= row1) & (row1 - column1 < params.window);
    let p1_1 = select(0.0, exp(min(dot(q1_0, key1_0) + dot(q1_1, key1_1) + dot(q1_2, key1_2) + dot(q1_3, key1_3) - statistics1.x, 0.0)), seen1_1);
    let d1_1 = p1_1 * (dot(grad1_0, value1_0) + dot(grad1_1, value1_1) + dot(grad1_2, value1_2) + dot(grad1_3, value1_3) - statistics1.y);
    let seen1_2 = (column2 <= row1) & (row1 - column2 < params.window);
    let p1_2 = select(0.0, exp(min(dot(q1_0, key2_0) + dot(q1_1, key2_1) + dot(q1_2, key2_2) + dot(q1_3, key2_3) - statistics1.x, 0.0)), seen1_2);
    let d1_2 = p1_2 * (dot(grad1_0, value2_0) + dot(grad1_1, value2_1) + dot(grad1_2, value2_2) + dot(grad1_3, value2_3) - statistics1.y);
    let seen1_3 = (column3 <= row1) & (row1 - column3 < params.window);
    let p1_3 = select(0.0, exp(min(dot(q1_0, key3_0) + dot(q1_1, key3_1) + dot(q1_2, key3_2) + dot(q1_3, key3_3) - statistics1.x, 0.0)), seen1_3);
    let d1_3 = p1_3 * (dot(grad1_0, value3_0) + dot(grad1_1, value3_1) + dot(grad1_2, value3_2) + dot(grad1_3, value3_3) - statistics1.y);
    gradQuery1_0 += d1_0 * key0_0 + d1_1 * key1_0 + d1_2 * key2_0 + d1_3 * key3_0;
    gradQuery1_1 += d1_0 * key0_1 + d1_1 * key1_1 + d1_2 * key2_1 + d1_3 * key3_1;
    gradQuery1_2 += d1_0 * key0_2 + d1_1 * key1_2 + d1_2 * key2_2 + d1_3 * key3_2;
    gradQuery1_3 += d1_0 * key0_3 + d1_1 * key1_3 + d1_2 * key2_3 + d1_3 * key3_3;
  }
  if (block.x + lane < end) {
    gradQuery[at0] = params.scale * gradQuery0_0;
    gradQuery[at0 + 1u] = params.scale * gradQuery0_1;
    gradQuery[at0 + 2u] = params.scale * gradQuery0_2;
    gradQuery[at0 + 3u] = params.scale * gradQuery0_3;
  }
  if (block.x + 4u + lane < end) {
    gradQuery[at1] = params.scale * gradQuery1_0;
    gradQuery[at1 + 1u] = params.scale * gradQuery1_1;
    gradQuery[at1 + 2u] = params.scale * gradQuery1_2;
    gradQuery[at1 + 3u] = params.scale * gradQuery1_3;
  }
}
