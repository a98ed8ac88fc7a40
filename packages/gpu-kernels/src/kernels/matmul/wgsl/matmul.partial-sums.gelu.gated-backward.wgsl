struct Params {
  m: u32,
  n: u32,
  parts: u32,
  cOffset: u32,
  cStride: u32,
  biasOffset: u32,
  useBias: u32,
  accumulate: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> c: array<f32>;
@group(0) @binding(4) var<storage, read> gate: array<f32>;
@group(0) @binding(5) var<storage, read> up: array<f32>;
@group(0) @binding(6) var<storage, read_write> gradGate: array<f32>;

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

fn derivative(x: f32) -> f32 {
  return normalCdf(x) + x * 0.39894228 * exp(-0.5 * x * x);
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let i = workgroup * 64u + localIndex;
  let size = params.m * params.n;
  if (i >= size) { return; }
  var sum = 0.0;
  // A constant bound: no guard against loops without end.
  for (var part = 0u; part < 64u; part++) {
    if (part >= params.parts) { break; }
    sum += partial[part * size + i];
  }
  let at = params.cOffset + i / params.n * params.cStride + i % params.n;
  var value = sum;
  if (params.useBias != 0u) { value += bias[params.biasOffset + i % params.n]; }
  if (params.accumulate != 0u) { value += c[at]; }
  let seen = gate[at]; gradGate[at] = value * up[at] * derivative(seen); c[at] = value * activation(seen);
}
