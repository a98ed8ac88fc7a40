struct Params {
  count: u32,
  columns: u32,
  upParts: u32,
  gateParts: u32,
  useUpBias: u32,
  useGateBias: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> parts: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> upBias: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> gateBias: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> up: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> gate: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> out: array<vec4<f32>>;

fn normalCdf(x: f32) -> f32 {
  let v = x * x;
  let centre = x * (0.39894226 + v * (-0.06648962 + v * (0.009967386 + v * (-0.0011696537 + v * 9.438455e-5))));
  let t = 1.0 / (1.0 + 0.4 * abs(x));
  let s = 2.8 * t - 1.0;
  let high = 0.0013720357 + s * (-0.0015819917 + s * (-0.00021714977 + s * 0.00013033459));
  let r = 0.23744931 + s * (0.10216111 + s * (0.02689596 + s * high));
  let tail = exp(-0.5 * v) * t * r;
  return select(select(1.0 - tail, tail, x < 0.0), 0.5 + centre, abs(x) < 1.0);
}

fn activation(x: f32) -> f32 {
  return x * normalCdf(x);
}

fn addedUpOf(at: u32, size: u32, count: u32) -> vec4<f32> {
  var sum = vec4<f32>();
  // A constant bound: no guard against loops without end.
  for (var i = 0u; i < 64u; i += 8u) {
    if (i >= count) { break; }
    let value0 = parts[at + i * size];
    let value1 = select(vec4<f32>(), parts[at + min(i + 1u, count - 1u) * size], i + 1u < count);
    let value2 = select(vec4<f32>(), parts[at + min(i + 2u, count - 1u) * size], i + 2u < count);
    let value3 = select(vec4<f32>(), parts[at + min(i + 3u, count - 1u) * size], i + 3u < count);
    let value4 = select(vec4<f32>(), parts[at + min(i + 4u, count - 1u) * size], i + 4u < count);
    let value5 = select(vec4<f32>(), parts[at + min(i + 5u, count - 1u) * size], i + 5u < count);
    let value6 = select(vec4<f32>(), parts[at + min(i + 6u, count - 1u) * size], i + 6u < count);
    let value7 = select(vec4<f32>(), parts[at + min(i + 7u, count - 1u) * size], i + 7u < count);
    sum += value0;
    sum += value1;
    sum += value2;
    sum += value3;
    sum += value4;
    sum += value5;
    sum += value6;
    sum += value7;
  }
  return sum;
}

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let i = workgroup * 256u + localIndex;
  if (i >= params.count) { return; }
  let column = i % params.columns;
  var upValue = addedUpOf(i, params.count, params.upParts);
  if (params.useUpBias != 0u) { upValue += upBias[column]; }
  var value = addedUpOf(i + params.upParts * params.count, params.count, params.gateParts);
  if (params.useGateBias != 0u) { value += gateBias[column]; }
  up[i] = upValue;
  gate[i] = value;
  out[i] = vec4<f32>(activation(value.x), activation(value.y), activation(value.z), activation(value.w)) * upValue;
}
