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
@group(0) @binding(7) var<storage, read_write> gradKey: array<vec4<f32>>;
@group(0) @binding(8) var<storage, read_write> gradValue: array<vec4<f32>>;

@compute @workgroup_size(4)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (workgroup >= params.taskCount) { return; }
  let block = blocks[params.firstBlock + workgroup / params.kvHeads];
  let kvHead = workgroup % params.kvHeads;
  let end = block.x + block.y;
  let row0 = min(block.x + lane, end - 1u);
  let at0 = (row0 * params.kvHeads + kvHead) * params.headElements;
  let key0_0 = params.scale * k[at0];
  let key0_1 = params.scale * k[at0 + 1u];
  let key0_2 = params.scale * k[at0 + 2u];
  let key0_3 = params.scale * k[at0 + 3u];
  let value0_0 = v[at0];
  let value0_1 = v[at0 + 1u];
  let value0_2 = v[at0 + 2u];
  let value0_3 = v[at0 + 3u];
  var gradKey0_0 = vec4<f32>();
  var gradValue0_0 = vec4<f32>();
  var gradKey0_1 = vec4<f32>();
  var gradValue0_1 = vec4<f32>();
  var gradKey0_2 = vec4<f32>();
  var gradValue0_2 = vec4<f32>();
  var gradKey0_3 = vec4<f32>();
  var gradValue0_3 = vec4<f32>();
  let row1 = min(block.x + 4u + lane, end - 1u);
  let at1 = (row1 * params.kvHeads + kvHead) * params.headElements;
  let key1_0 = params.scale * k[at1];
  let key1_1 = params.scale * k[at1 + 1u];
  let key1_2 = params.scale * k[at1 + 2u];
  let key1_3 = params.scale * k[at1 + 3u];
  let value1_0 = v[at1];
  let value1_1 = v[at1 + 1u];
  let value1_2 = v[at1 + 2u];
  let value1_3 = v[at1 + 3u];
  var gradKey1_0 = vec4<f32>();
  var gradValue1_0 = vec4<f32>();
  var gradKey1_1 = vec4<f32>();
  var gradValue1_1 = vec4<f32>();
  var gradKey1_2 = vec4<f32>();
  var gradValue1_2 = vec4<f32>();
  var gradKey1_3 = vec4<f32>();
  var gradValue1_3 = vec4<f32>();
  // Exclusive; the last key is seen by the last queries.
  let queryEnd = select(block.w, end - 1u + params.window, params.window < block.w - (end - 1u));
  let firstHead = kvHead * params.queriesPerKeyValueHead;
  for (var head = firstHead; head < firstHead + params.queriesPerKeyValueHead; head++) {
    for (var query = block.x; query < queryEnd; query += 4u) {
      let rowHead = min(query + lane, block.w - 1u) * params.heads + head;
      let queryAt = rowHead * params.headElements;
      let q0_0 = q[queryAt];
      let q0_1 = q[queryAt + 1u];
      let q0_2 = q[queryAt + 2u];
      let q0_3 = q[queryAt + 3u];
      let grad0_0 = gradOutput[queryAt];
      let grad0_1 = gradOutput[queryAt + 1u];
      let grad0_2 = gradOutput[queryAt + 2u];
      let grad0_3 = gradOutput[queryAt + 3u];
      let own = statistics[rowHead];
      let q1_0 = quadSwapX(q0_0);
      let q1_1 = quadSwapX(q0_1);
      let q1_2 = quadSwapX(q0_2);
      let q1_3 = quadSwapX(q0_3);
      let q2_0 = quadSwapY(q0_0);
      let q2_1 = quadSwapY(q0_1);
      let q2_2 = quadSwapY(q0_2);
      let q2_3 = quadSwapY(q0_3);
      let q3_0 = quadSwapDiagonal(q0_0);
      let q3_1 = quadSwapDiagonal(q0_1);
      let q3_2 = quadSwapDiagonal(q0_2);
      let q3_3 = quadSwapDiagonal(q0_3);
      let grad1_0 = quadSwapX(grad0_0);
      let grad1_1 = quadSwapX(grad0_1);
      let grad1_2 = quadSwapX(grad0_2);
      let grad1_3 = quadSwapX(grad0_3);
      let grad2_0 = quadSwapY(grad0_0);
      let grad2_1 = quadSwapY(grad0_1);
      let grad2_2 = quadSwapY(grad0_2);
      let grad2_3 = quadSwapY(grad0_3);
      let grad3_0 = quadSwapDiagonal(grad0_0);
      let grad3_1 = quadSwapDiagonal(grad0_1);
      let grad3_2 = quadSwapDiagonal(grad0_2);
      let grad3_3 = quadSwapDiagonal(grad0_3);
      let column0 = query + (lane ^ 0u);
      let statistics0 = own;
      let column1 = query + (lane ^ 1u);
      let statistics1 = quadSwapX(own);
      let column2 = query + (lane ^ 2u);
      let statistics2 = quadSwapY(own);
      let column3 = query + (lane ^ 3u);
      let statistics3 = quadSwapDiagonal(own);
      let seen0_0 = (column0 >= row0) & (column0 < block.w) & (column0 - row0 < params.window);
      let p0_0 = select(0.0, exp(min(dot(key0_0, q0_0) + dot(key0_1, q0_1) + dot(key0_2, q0_2) + dot(key0_3, q0_3) - statistics0.x, 0.0)), seen0_0);
      let d0_0 = p0_0 * (dot(value0_0, grad0_0) + dot(value0_1, grad0_1) + dot(value0_2, grad0_2) + dot(value0_3, grad0_3) - statistics0.y);
      let seen0_1 = (column1 >= row0) & (column1 < block.w) & (column1 - row0 < params.window);
      let p0_1 = select(0.0, exp(min(dot(key0_0, q1_0) + dot(key0_1, q1_1) + dot(key0_2, q1_2) + dot(key0_3, q1_3) - statistics1.x, 0.0)), seen0_1);
      let d0_1 = p0_1 * (dot(value0_0, grad1_0) + dot(value0_1, grad1_1) + dot(value0_2, grad1_2) + dot(value0_3, grad1_3) - statistics1.y);
      let seen0_2 = (column2 >= row0) & (column2 < block.w) & (column2 - row0 < params.window);
      let p0_2 = select(0.0, exp(min(dot(key0_0, q2_0) + dot(key0_1, q2_1) + dot(key0_2, q2_2) + dot(key0_3, q2_3) - statistics2.x, 0.0)), seen0_2);
      let d0_2 = p0_2 * (dot(value0_0, grad2_0) + dot(value0_1, grad2_1) + dot(value0_2, grad2_2) + dot(value0_3, grad2_3) - statistics2.y);
      let seen0_3 = (column3 >= row0) & (column3 < block.w) & (column3 - row0 < params.window);
      let p0_3 = select(0.0, exp(min(dot(key0_0, q3_0) + dot(key0_1, q3_1) + dot(key0_2, q3_2) + dot(key0_3, q3_3) - statistics3.x, 0.0)), seen0_3);
      let d0_3 = p0_3 * (dot(value0_0, grad3_0) + dot(value0_1, grad3_1) + dot(value0_2, grad3_2) + dot(value0_3, grad3_3) - statistics3.y);
      gradValue0_0 += p0_0 * grad0_0 + p0_1 * grad1_0 + p0_2 * grad2_0 + p0_3 * grad3_0;
      gradKey0_0 += d0_0 * q0_0 + d0_1 * q1_0 + d0_2 * q2_0 + d0_3 * q3_0;
      gradValue0_1 += p0_0 * grad0_1 + p0_1 * grad1_1 + p0_2 * grad2_1 + p0_3 * grad3_1;
      gradKey0_1 += d0_0 * q0_1 + d0_1 * q1_1 + d0_2 * q2_1 + d0_3 * q3_1;
      gradValue0_2 += p0_0 * grad0_2 + p0_1 * grad1_2 + p0_2 * grad2_2 + p0_3 * grad3_2;
      gradKey0_2 += d0_0 * q0_2 + d0_1 * q1_2 + d0_2 * q2_2 + d0_3 * q3_2;
      gradValue0_3 += p0_0 * grad0_3 + p0_1 * grad1_3 + p0_2 * grad2_3 + p0_3 * grad3_3;
      gradKey0_3 += d0_0 * q0_3 + d0_1 * q1_3 + d0_2 * q2_3 + d0_3 * q3_3;
      let seen1_0 = (column0 >= row1) & (column0 < block.w) & (column0 - row1 < params.window);
      let p1_0 = select(0.0, exp(min(dot(key1_0, q0_0) + dot(key1_1, q0_1) + dot(key1_2, q0_2) + dot(key1_3, q0_3) - statistics0.x, 0.0)), seen1_0);
      let d1_0 = p1_0 * (dot(value1_0, grad0_0) + dot(value1_1, grad0_1) + dot(value1_2, grad0_2) + dot(value1_3, grad0_3) - statistics0.y);
      let seen1_1 = (column1 >= row1) & (column1 < block.w) & (column1 - row1 < params.window);
      let p1_1 = select(0.0, exp(min(dot(key1_0, q1_0) + dot(key1_1, q1_1) + dot(key1_2, q1_2) + dot(key1_3, q1_3) - statistics1.x, 0.0)), seen1_1);
      let d1_1 = p1_1 * (dot(value1_0, grad1_0) + dot(value1_1, grad1_1) + dot(value1_2, grad1_2) + dot(value1_3, grad1_3) - statistics1.y);
      let seen1_2 = (column2 >= row1) & (column2 < block.w) & (column2 - row1 < params.window);
      let p1_2 = select(0.0, exp(min(dot(key1_0, q2_0) + dot(key1_1, q2_1) + dot(key1_2, q2_2) + dot(key1_3, q2_3) - statistics2.x, 0.0)), seen1_2);
      let d1_2 = p1_2 * (dot(value1_0, grad2_0) + dot(value1_1, grad2_1) + dot(value1_2, grad2_2) + dot(value1_3, grad2_3) - statistics2.y);
      let seen1_3 = (column3 >= row1) & (column3 < block.w) & (column3 - row1 < params.window);
      let p1_3 = select(0.0, exp(min(dot(key1_0, q3_0) + dot(key1_1, q3_1) + dot(key1_2, q3_2) + dot(key1_3, q3_3) - statistics3.x, 0.0)), seen1_3);
      let d1_3 = p1_3 * (dot(value1_0, grad3_0) + dot(value1_1, grad3_1) + dot(value1_2, grad3_2) + dot(value1_3, grad3_3) - statistics3.y);
      gradValue1_0 += p1_0 * grad0_0 + p1_1 * grad1_0 + p1_2 * grad2_0 + p1_3 * grad3_0;
      gradKey1_0 += d1_0 * q0_0 + d1_1 * q1_0 + d1_2 * q2_0 + d1_3 * q3_0;
      gradValue1_1 += p1_0 * grad0_1 + p1_1 * grad1_1 + p1_2 * grad2_1 + p1_3 * grad3_1;
      gradKey1_1 += d1_0 * q0_1 + d1_1 * q1_1 + d1_2 * q2_1 + d1_3 * q3_1;
      gradValue1_2 += p1_0 * grad0_2 + p1_1 * grad1_2 + p1_2 * grad2_2 + p1_3 * grad3_2;
      gradKey1_2 += d1_0 * q0_2 + d1_1 * q1_2 + d1_2 * q2_2 + d1_3 * q3_2;
      gradValue1_3 += p1_0 * grad0_3 + p1_1 * grad1_3 + p1_2 * grad2_3 + p1_3 * grad3_3;
      gradKey1_3 += d1_0 * q0_3 + d1_1 * q1_3 + d1_2 * q2_3 + d1_3 * q3_3;
    }
  }
  if (block.x + lane < end) {
    gradKey[at0] = params.scale * gradKey0_0;
    gradValue[at0] = gradValue0_0;
    gradKey[at0 + 1u] = params.scale * gradKey0_1;
    gradValue[at0 + 1u] = gradValue0_1;
    gradKey[at0 + 2u] = params.scale * gradKey0_2;
    gradValue[at0 + 2u] = gradValue0_2;
    gradKey[at0 + 3u] = params.scale * gradKey0_3;
    gradValue[at0 + 3u] = gradValue0_3;
  }
  if (block.x + 4u + lane < end) {
    gradKey[at1] = params.scale * gradKey1_0;
    gradValue[at1] = gradValue1_0;
    gradKey[at1 + 1u] = params.scale * gradKey1_1;
    gradValue[at1 + 1u] = gradValue1_1;
    gradKey[at1 + 2u] = params.scale * gradKey1_2;
    gradValue[at1 + 2u] = gradValue1_2;
    gradKey[at1 + 3u] = params.scale * gradKey1_3;
    gradValue[at1 + 3u] = gradValue1_3;
  }
}
