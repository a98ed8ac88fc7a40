enable subgroups;

struct Params {
  heads: u32,
  queriesPerKeyValueHead: u32,
  kvHeads: u32,
  scale: f32,
  headElements: u32,
  window: u32,
  firstBlock: u32,
  queryTasks: u32,
  taskCount: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> blocks: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> q: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> k: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> v: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read> out: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read> gradOutput: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read> logSumExp: array<f32>;
@group(0) @binding(8) var<storage, read_write> gradQuery: array<vec4<f32>>;

@compute @workgroup_size(8)
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
  let rowHead0 = min(block.x + lane, end - 1u) * params.heads + head;
  let queryAt0 = rowHead0 * params.headElements;
  let normalizer0 = logSumExp[rowHead0];
  var mean0 = 0.0;
  let rowHead1 = min(block.x + 8u + lane, end - 1u) * params.heads + head;
  let queryAt1 = rowHead1 * params.headElements;
  let normalizer1 = logSumExp[rowHead1];
  var mean1 = 0.0;
  for (var i = 0u; i < params.headElements; i++) {
    mean0 += dot(gradOutput[queryAt0 + i], out[queryAt0 + i]);
    mean1 += dot(gradOutput[queryAt1 + i], out[queryAt1 + i]);
  }
  var gradQuery0_0 = vec4<f32>();
  var gradQuery1_0 = vec4<f32>();
  var gradQuery2_0 = vec4<f32>();
  var gradQuery3_0 = vec4<f32>();
  var gradQuery4_0 = vec4<f32>();
  var gradQuery5_0 = vec4<f32>();
  var gradQuery6_0 = vec4<f32>();
  var gradQuery7_0 = vec4<f32>();
  var gradQuery8_0 = vec4<f32>();
  var gradQuery9_0 = vec4<f32>();
  var gradQuery10_0 = vec4<f32>();
  var gradQuery11_0 = vec4<f32>();
  var gradQuery12_0 = vec4<f32>();
  var gradQuery13_0 = vec4<f32>();
  var gradQuery14_0 = vec4<f32>();
  var gradQuery15_0 = vec4<f32>();
  let place = block.x - block.z;
  let hidden = select(0u, place + 1u - params.window, place >= params.window);
  for (var key = block.z + (hidden) / 32u * 32u; key < end; key += 32u) {
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
      let turned0 = vec4<f32>(column0.x, column1.x, column2.x, column3.x);
      let turned1 = vec4<f32>(column0.y, column1.y, column2.y, column3.y);
      let turned2 = vec4<f32>(column0.z, column1.z, column2.z, column3.z);
      let turned3 = vec4<f32>(column0.w, column1.w, column2.w, column3.w);
      s0 = fma(vec4<f32>(subgroupBroadcast(own0.w, 0u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 0u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 0u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 0u)), turned0, s0))));
      s1 = fma(vec4<f32>(subgroupBroadcast(own0.w, 1u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 1u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 1u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 1u)), turned0, s1))));
      s2 = fma(vec4<f32>(subgroupBroadcast(own0.w, 2u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 2u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 2u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 2u)), turned0, s2))));
      s3 = fma(vec4<f32>(subgroupBroadcast(own0.w, 3u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 3u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 3u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 3u)), turned0, s3))));
      s4 = fma(vec4<f32>(subgroupBroadcast(own0.w, 4u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 4u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 4u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 4u)), turned0, s4))));
      s5 = fma(vec4<f32>(subgroupBroadcast(own0.w, 5u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 5u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 5u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 5u)), turned0, s5))));
      s6 = fma(vec4<f32>(subgroupBroadcast(own0.w, 6u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 6u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 6u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 6u)), turned0, s6))));
      s7 = fma(vec4<f32>(subgroupBroadcast(own0.w, 7u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 7u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 7u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 7u)), turned0, s7))));
      s8 = fma(vec4<f32>(subgroupBroadcast(own1.w, 0u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 0u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 0u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 0u)), turned0, s8))));
      s9 = fma(vec4<f32>(subgroupBroadcast(own1.w, 1u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 1u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 1u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 1u)), turned0, s9))));
      s10 = fma(vec4<f32>(subgroupBroadcast(own1.w, 2u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 2u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 2u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 2u)), turned0, s10))));
      s11 = fma(vec4<f32>(subgroupBroadcast(own1.w, 3u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 3u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 3u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 3u)), turned0, s11))));
      s12 = fma(vec4<f32>(subgroupBroadcast(own1.w, 4u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 4u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 4u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 4u)), turned0, s12))));
      s13 = fma(vec4<f32>(subgroupBroadcast(own1.w, 5u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 5u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 5u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 5u)), turned0, s13))));
      s14 = fma(vec4<f32>(subgroupBroadcast(own1.w, 6u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 6u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 6u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 6u)), turned0, s14))));
      s15 = fma(vec4<f32>(subgroupBroadcast(own1.w, 7u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 7u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 7u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 7u)), turned0, s15))));
    }
    var d0 = vec4<f32>();
    var d1 = vec4<f32>();
    var d2 = vec4<f32>();
    var d3 = vec4<f32>();
    var d4 = vec4<f32>();
    var d5 = vec4<f32>();
    var d6 = vec4<f32>();
    var d7 = vec4<f32>();
    var d8 = vec4<f32>();
    var d9 = vec4<f32>();
    var d10 = vec4<f32>();
    var d11 = vec4<f32>();
    var d12 = vec4<f32>();
    var d13 = vec4<f32>();
    var d14 = vec4<f32>();
    var d15 = vec4<f32>();
    for (var i = 0u; i < params.headElements; i++) {
      let column0 = v[keyAt0 + i];
      let column1 = v[keyAt1 + i];
      let column2 = v[keyAt2 + i];
      let column3 = v[keyAt3 + i];
      let own0 = gradOutput[queryAt0 + i];
      let own1 = gradOutput[queryAt1 + i];
      let turned0 = vec4<f32>(column0.x, column1.x, column2.x, column3.x);
      let turned1 = vec4<f32>(column0.y, column1.y, column2.y, column3.y);
      let turned2 = vec4<f32>(column0.z, column1.z, column2.z, column3.z);
      let turned3 = vec4<f32>(column0.w, column1.w, column2.w, column3.w);
      d0 = fma(vec4<f32>(subgroupBroadcast(own0.w, 0u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 0u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 0u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 0u)), turned0, d0))));
      d1 = fma(vec4<f32>(subgroupBroadcast(own0.w, 1u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 1u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 1u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 1u)), turned0, d1))));
      d2 = fma(vec4<f32>(subgroupBroadcast(own0.w, 2u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 2u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 2u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 2u)), turned0, d2))));
      d3 = fma(vec4<f32>(subgroupBroadcast(own0.w, 3u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 3u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 3u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 3u)), turned0, d3))));
      d4 = fma(vec4<f32>(subgroupBroadcast(own0.w, 4u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 4u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 4u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 4u)), turned0, d4))));
      d5 = fma(vec4<f32>(subgroupBroadcast(own0.w, 5u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 5u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 5u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 5u)), turned0, d5))));
      d6 = fma(vec4<f32>(subgroupBroadcast(own0.w, 6u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 6u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 6u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 6u)), turned0, d6))));
      d7 = fma(vec4<f32>(subgroupBroadcast(own0.w, 7u)), turned3, fma(vec4<f32>(subgroupBroadcast(own0.z, 7u)), turned2, fma(vec4<f32>(subgroupBroadcast(own0.y, 7u)), turned1, fma(vec4<f32>(subgroupBroadcast(own0.x, 7u)), turned0, d7))));
      d8 = fma(vec4<f32>(subgroupBroadcast(own1.w, 0u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 0u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 0u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 0u)), turned0, d8))));
      d9 = fma(vec4<f32>(subgroupBroadcast(own1.w, 1u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 1u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 1u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 1u)), turned0, d9))));
      d10 = fma(vec4<f32>(subgroupBroadcast(own1.w, 2u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 2u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 2u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 2u)), turned0, d10))));
      d11 = fma(vec4<f32>(subgroupBroadcast(own1.w, 3u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 3u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 3u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 3u)), turned0, d11))));
      d12 = fma(vec4<f32>(subgroupBroadcast(own1.w, 4u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 4u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 4u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 4u)), turned0, d12))));
      d13 = fma(vec4<f32>(subgroupBroadcast(own1.w, 5u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 5u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 5u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 5u)), turned0, d13))));
      d14 = fma(vec4<f32>(subgroupBroadcast(own1.w, 6u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 6u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 6u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 6u)), turned0, d14))));
      d15 = fma(vec4<f32>(subgroupBroadcast(own1.w, 7u)), turned3, fma(vec4<f32>(subgroupBroadcast(own1.z, 7u)), turned2, fma(vec4<f32>(subgroupBroadcast(own1.y, 7u)), turned1, fma(vec4<f32>(subgroupBroadcast(own1.x, 7u)), turned0, d15))));
    }
    s0 = select(vec4<f32>(), exp(min(params.scale * s0 - subgroupBroadcast(normalizer0, 0u), vec4<f32>())), (keys <= vec4<u32>(block.x)) & (vec4<u32>(block.x) - keys < vec4<u32>(params.window)));
    d0 = params.scale * s0 * (d0 - subgroupBroadcast(mean0, 0u));
    s1 = select(vec4<f32>(), exp(min(params.scale * s1 - subgroupBroadcast(normalizer0, 1u), vec4<f32>())), (keys <= vec4<u32>(block.x + 1u)) & (vec4<u32>(block.x + 1u) - keys < vec4<u32>(params.window)));
    d1 = params.scale * s1 * (d1 - subgroupBroadcast(mean0, 1u));
    s2 = select(vec4<f32>(), exp(min(params.scale * s2 - subgroupBroadcast(normalizer0, 2u), vec4<f32>())), (keys <= vec4<u32>(block.x + 2u)) & (vec4<u32>(block.x + 2u) - keys < vec4<u32>(params.window)));
    d2 = params.scale * s2 * (d2 - subgroupBroadcast(mean0, 2u));
    s3 = select(vec4<f32>(), exp(min(params.scale * s3 - subgroupBroadcast(normalizer0, 3u), vec4<f32>())), (keys <= vec4<u32>(block.x + 3u)) & (vec4<u32>(block.x + 3u) - keys < vec4<u32>(params.window)));
    d3 = params.scale * s3 * (d3 - subgroupBroadcast(mean0, 3u));
    s4 = select(vec4<f32>(), exp(min(params.scale * s4 - subgroupBroadcast(normalizer0, 4u), vec4<f32>())), (keys <= vec4<u32>(block.x + 4u)) & (vec4<u32>(block.x + 4u) - keys < vec4<u32>(params.window)));
    d4 = params.scale * s4 * (d4 - subgroupBroadcast(mean0, 4u));
    s5 = select(vec4<f32>(), exp(min(params.scale * s5 - subgroupBroadcast(normalizer0, 5u), vec4<f32>())), (keys <= vec4<u32>(block.x + 5u)) & (vec4<u32>(block.x + 5u) - keys < vec4<u32>(params.window)));
    d5 = params.scale * s5 * (d5 - subgroupBroadcast(mean0, 5u));
    s6 = select(vec4<f32>(), exp(min(params.scale * s6 - subgroupBroadcast(normalizer0, 6u), vec4<f32>())), (keys <= vec4<u32>(block.x + 6u)) & (vec4<u32>(block.x + 6u) - keys < vec4<u32>(params.window)));
    d6 = params.scale * s6 * (d6 - subgroupBroadcast(mean0, 6u));
    s7 = select(vec4<f32>(), exp(min(params.scale * s7 - subgroupBroadcast(normalizer0, 7u), vec4<f32>())), (keys <= vec4<u32>(block.x + 7u)) & (vec4<u32>(block.x + 7u) - keys < vec4<u32>(params.window)));
    d7 = params.scale * s7 * (d7 - subgroupBroadcast(mean0, 7u));
    s8 = select(vec4<f32>(), exp(min(params.scale * s8 - subgroupBroadcast(normalizer1, 0u), vec4<f32>())), (keys <= vec4<u32>(block.x + 8u)) & (vec4<u32>(block.x + 8u) - keys < vec4<u32>(params.window)));
    d8 = params.scale * s8 * (d8 - subgroupBroadcast(mean1, 0u));
    s9 = select(vec4<f32>(), exp(min(params.scale * s9 - subgroupBroadcast(normalizer1, 1u), vec4<f32>())), (keys <= vec4<u32>(block.x + 9u)) & (vec4<u32>(block.x + 9u) - keys < vec4<u32>(params.window)));
    d9 = params.scale * s9 * (d9 - subgroupBroadcast(mean1, 1u));
    s10 = select(vec4<f32>(), exp(min(params.scale * s10 - subgroupBroadcast(normalizer1, 2u), vec4<f32>())), (keys <= vec4<u32>(block.x + 10u)) & (vec4<u32>(block.x + 10u) - keys < vec4<u32>(params.window)));
    d10 = params.scale * s10 * (d10 - subgroupBroadcast(mean1, 2u));
    s11 = select(vec4<f32>(), exp(min(params.scale * s11 - subgroupBroadcast(normalizer1, 3u), vec4<f32>())), (keys <= vec4<u32>(block.x + 11u)) & (vec4<u32>(block.x + 11u) - keys < vec4<u32>(params.window)));
    d11 = params.scale * s11 * (d11 - subgroupBroadcast(mean1, 3u));
    s12 = select(vec4<f32>(), exp(min(params.scale * s12 - subgroupBroadcast(normalizer1, 4u), vec4<f32>())), (keys <= vec4<u32>(block.x + 12u)) & (vec4<u32>(block.x + 12u) - keys < vec4<u32>(params.window)));
    d12 = params.scale * s12 * (d12 - subgroupBroadcast(mean1, 4u));
    s13 = select(vec4<f32>(), exp(min(params.scale * s13 - subgroupBroadcast(normalizer1, 5u), vec4<f32>())), (keys <= vec4<u32>(block.x + 13u)) & (vec4<u32>(block.x + 13u) - keys < vec4<u32>(params.window)));
    d13 = params.scale * s13 * (d13 - subgroupBroadcast(mean1, 5u));
    s14 = select(vec4<f32>(), exp(min(params.scale * s14 - subgroupBroadcast(normalizer1, 6u), vec4<f32>())), (keys <= vec4<u32>(block.x + 14u)) & (vec4<u32>(block.x + 14u) - keys < vec4<u32>(params.window)));
    d14 = params.scale * s14 * (d14 - subgroupBroadcast(mean1, 6u));
    s15 = select(vec4<f32>(), exp(min(params.scale * s15 - subgroupBroadcast(normalizer1, 7u), vec4<f32>())), (keys <= vec4<u32>(block.x + 15u)) & (vec4<u32>(block.x + 15u) - keys < vec4<u32>(params.window)));
    d15 = params.scale * s15 * (d15 - subgroupBroadcast(mean1, 7u));
    for (var part = 0u; part < 4u; part += 1u) {
      for (var giver = 0u; giver < 8u; giver++) {
        let columnAt0 = (min(key + giver * 4u + part, end - 1u) * params.kvHeads + kvHead) * params.headElements + lane;
        let gradQueryValue0_0 = k[columnAt0];
        let gradQueryWeight0_0 = vec4<f32>(subgroupShuffle(d0.x, giver));
        gradQuery0_0 = fma(gradQueryWeight0_0, gradQueryValue0_0, gradQuery0_0);
        let gradQueryWeight1_0 = vec4<f32>(subgroupShuffle(d1.x, giver));
        gradQuery1_0 = fma(gradQueryWeight1_0, gradQueryValue0_0, gradQuery1_0);
        let gradQueryWeight2_0 = vec4<f32>(subgroupShuffle(d2.x, giver));
        gradQuery2_0 = fma(gradQueryWeight2_0, gradQueryValue0_0, gradQuery2_0);
        let gradQueryWeight3_0 = vec4<f32>(subgroupShuffle(d3.x, giver));
        gradQuery3_0 = fma(gradQueryWeight3_0, gradQueryValue0_0, gradQuery3_0);
        let gradQueryWeight4_0 = vec4<f32>(subgroupShuffle(d4.x, giver));
        gradQuery4_0 = fma(gradQueryWeight4_0, gradQueryValue0_0, gradQuery4_0);
        let gradQueryWeight5_0 = vec4<f32>(subgroupShuffle(d5.x, giver));
        gradQuery5_0 = fma(gradQueryWeight5_0, gradQueryValue0_0, gradQuery5_0);
        let gradQueryWeight6_0 = vec4<f32>(subgroupShuffle(d6.x, giver));
        gradQuery6_0 = fma(gradQueryWeight6_0, gradQueryValue0_0, gradQuery6_0);
        let gradQueryWeight7_0 = vec4<f32>(subgroupShuffle(d7.x, giver));
        gradQuery7_0 = fma(gradQueryWeight7_0, gradQueryValue0_0, gradQuery7_0);
        let gradQueryWeight8_0 = vec4<f32>(subgroupShuffle(d8.x, giver));
        gradQuery8_0 = fma(gradQueryWeight8_0, gradQueryValue0_0, gradQuery8_0);
        let gradQueryWeight9_0 = vec4<f32>(subgroupShuffle(d9.x, giver));
        gradQuery9_0 = fma(gradQueryWeight9_0, gradQueryValue0_0, gradQuery9_0);
        let gradQueryWeight10_0 = vec4<f32>(subgroupShuffle(d10.x, giver));
        gradQuery10_0 = fma(gradQueryWeight10_0, gradQueryValue0_0, gradQuery10_0);
        let gradQueryWeight11_0 = vec4<f32>(subgroupShuffle(d11.x, giver));
        gradQuery11_0 = fma(gradQueryWeight11_0, gradQueryValue0_0, gradQuery11_0);
        let gradQueryWeight12_0 = vec4<f32>(subgroupShuffle(d12.x, giver));
        gradQuery12_0 = fma(gradQueryWeight12_0, gradQueryValue0_0, gradQuery12_0);
        let gradQueryWeight13_0 = vec4<f32>(subgroupShuffle(d13.x, giver));
        gradQuery13_0 = fma(gradQueryWeight13_0, gradQueryValue0_0, gradQuery13_0);
        let gradQueryWeight14_0 = vec4<f32>(subgroupShuffle(d14.x, giver));
        gradQuery14_0 = fma(gradQueryWeight14_0, gradQueryValue0_0, gradQuery14_0);
        let gradQueryWeight15_0 = vec4<f32>(subgroupShuffle(d15.x, giver));
        gradQuery15_0 = fma(gradQueryWeight15_0, gradQueryValue0_0, gradQuery15_0);
      }
      d0 = d0.yzwx;
      d1 = d1.yzwx;
      d2 = d2.yzwx;
      d3 = d3.yzwx;
      d4 = d4.yzwx;
      d5 = d5.yzwx;
      d6 = d6.yzwx;
      d7 = d7.yzwx;
      d8 = d8.yzwx;
      d9 = d9.yzwx;
      d10 = d10.yzwx;
      d11 = d11.yzwx;
      d12 = d12.yzwx;
      d13 = d13.yzwx;
      d14 = d14.yzwx;
      d15 = d15.yzwx;
    }
  }
  for (var r = 0u; r < min(block.y, 16u); r++) {
    let gradAt = ((block.x + r) * params.heads + head) * params.headElements + lane;
    gradQuery[gradAt] = gradQuery0_0;
    gradQuery0_0 = gradQuery1_0;
    gradQuery1_0 = gradQuery2_0;
    gradQuery2_0 = gradQuery3_0;
    gradQuery3_0 = gradQuery4_0;
    gradQuery4_0 = gradQuery5_0;
    gradQuery5_0 = gradQuery6_0;
    gradQuery6_0 = gradQuery7_0;
    gradQuery7_0 = gradQuery8_0;
    gradQuery8_0 = gradQuery9_0;
    gradQuery9_0 = gradQuery10_0;
    gradQuery10_0 = gradQuery11_0;
    gradQuery11_0 = gradQuery12_0;
    gradQuery12_0 = gradQuery13_0;
    gradQuery13_0 = gradQuery14_0;
    gradQuery14_0 = gradQuery15_0;
  }
}
