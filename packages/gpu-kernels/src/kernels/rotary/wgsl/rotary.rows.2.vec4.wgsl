struct Params {
  rows: u32,
  heads0: u32,
  heads1: u32,
  headDim: u32,
  half: u32,
  direction: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> x0: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> x1: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> positions: array<u32>;
@group(0) @binding(4) var<storage, read> table: array<vec4<f32>>;

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let index = workgroup * 8u + localIndex;
  if (index >= params.rows) { return; }
  let half = params.half / 4u;
  let size = params.headDim / 4u;
  let angles = positions[index] * half;
  for (var pair = 0u; pair < half; pair++) {
    let low = table[2u * (angles + pair)];
    let high = table[2u * (angles + pair) + 1u];
    let cosine = vec4<f32>(low.x, low.z, high.x, high.z);
    let sine = params.direction * vec4<f32>(low.y, low.w, high.y, high.w);
    var first0 = index * params.heads0 * size + pair;
    for (var head = 0u; head < params.heads0; head++) {
      let a = x0[first0];
      let b = x0[first0 + half];
      x0[first0] = a * cosine - b * sine;
      x0[first0 + half] = b * cosine + a * sine;
      first0 += size;
    }
    var first1 = index * params.heads1 * size + pair;
    for (var head = 0u; head < params.heads1; head++) {
      let a = x1[first1];
      let b = x1[first1 + half];
      x1[first1] = a * cosine - b * sine;
      x1[first1 + half] = b * cosine + a * sine;
      first1 += size;
    }
  }
}
