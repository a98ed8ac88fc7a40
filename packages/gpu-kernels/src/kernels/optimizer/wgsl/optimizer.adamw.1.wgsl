struct Params {
  count: u32,
  end0: u32,
  decay: f32,
  beta1: f32,
  oneMinusBeta1: f32,
  beta2: f32,
  oneMinusBeta2: f32,
  inverseRootCorrection2: f32,
  epsilon: f32,
  stepSize: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> gradient0: array<f32>;
@group(0) @binding(2) var<storage, read_write> parameter0: array<f32>;
@group(0) @binding(3) var<storage, read_write> firstMoment0: array<f32>;
@group(0) @binding(4) var<storage, read_write> secondMoment0: array<f32>;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let i = workgroup * 256u + localIndex;
  if (i >= params.count) { return; }
  let j = i;
  let g = gradient0[j];
  let m = params.beta1 * firstMoment0[j] + params.oneMinusBeta1 * g;
  let v = params.beta2 * secondMoment0[j] + params.oneMinusBeta2 * g * g;
  firstMoment0[j] = m;
  secondMoment0[j] = v;
  let deviation = sqrt(v) * params.inverseRootCorrection2 + params.epsilon;
  parameter0[j] = parameter0[j] * params.decay - params.stepSize * m / deviation;
}
