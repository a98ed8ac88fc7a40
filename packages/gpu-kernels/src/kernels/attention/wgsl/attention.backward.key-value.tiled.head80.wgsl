struct Params {
  heads: u32,
  queriesPerKeyValueHead: u32,
  kvHeads: u32,
  scale: f32,
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
@group(0) @binding(6) var<storage, read_write> gradKey: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> gradValue: array<vec4<f32>>;

var<workgroup> left: array<vec4<f32>, 256>;
var<workgroup> right: array<vec4<f32>, 256>;
var<workgroup> weights: array<vec4<f32>, 256>;
var<workgroup> gradients: array<vec4<f32>, 256>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (workgroup >= params.taskCount) { return; }
  let block = blocks[params.firstBlock + workgroup / params.kvHeads];
  let start = block.z;
  let length = block.w - start;
  // Blocks that begin a sequence stand for it.
  if (block.x != start || length > 64u) { return; }
  let kvHead = workgroup % params.kvHeads;
  let column = localIndex & 7u;
  let group = localIndex >> 3u;
  var held0 = vec4<f32>();
  var held1 = vec4<f32>();
  var held2 = vec4<f32>();
  var held3 = vec4<f32>();
  var other0 = vec4<f32>();
  var other1 = vec4<f32>();
  var other2 = vec4<f32>();
  var other3 = vec4<f32>();
  for (var turn = 0u; turn < params.queriesPerKeyValueHead; turn++) {
    let head = kvHead * params.queriesPerKeyValueHead + turn;
    for (var row = 0u; row < length; row += 32u) {
      let rows = vec4<u32>(row + group * 4u) + vec4<u32>(0u, 1u, 2u, 3u);
      var s0_0 = vec4<f32>();
      var d0_0 = vec4<f32>();
      var s0_1 = vec4<f32>();
      var d0_1 = vec4<f32>();
      var s0_2 = vec4<f32>();
      var d0_2 = vec4<f32>();
      var s0_3 = vec4<f32>();
      var d0_3 = vec4<f32>();
      var s1_0 = vec4<f32>();
      var d1_0 = vec4<f32>();
      var s1_1 = vec4<f32>();
      var d1_1 = vec4<f32>();
      var s1_2 = vec4<f32>();
      var d1_2 = vec4<f32>();
      var s1_3 = vec4<f32>();
      var d1_3 = vec4<f32>();
      for (var slice = 0u; slice < 3u; slice++) {
        workgroupBarrier();
        {
          let at = min(slice * 7u + min(column, 6u), 19u);
          held0 = q[((start + min(row + group * 4u, length - 1u)) * params.heads + head) * 20u + at];
          held1 = q[((start + min(row + group * 4u + 1u, length - 1u)) * params.heads + head) * 20u + at];
          held2 = q[((start + min(row + group * 4u + 2u, length - 1u)) * params.heads + head) * 20u + at];
          held3 = q[((start + min(row + group * 4u + 3u, length - 1u)) * params.heads + head) * 20u + at];
          let inside = slice * 7u + column <= 19u;
          held0 = select(vec4<f32>(), held0, inside);
          held1 = select(vec4<f32>(), held1, inside);
          held2 = select(vec4<f32>(), held2, inside);
          held3 = select(vec4<f32>(), held3, inside);
        }
        {
          let at = min(slice * 7u + min(column, 6u), 19u);
          other0 = k[((start + min(0u + group * 4u, length - 1u)) * params.kvHeads + kvHead) * 20u + at];
          other1 = k[((start + min(0u + group * 4u + 1u, length - 1u)) * params.kvHeads + kvHead) * 20u + at];
          other2 = k[((start + min(0u + group * 4u + 2u, length - 1u)) * params.kvHeads + kvHead) * 20u + at];
          other3 = k[((start + min(0u + group * 4u + 3u, length - 1u)) * params.kvHeads + kvHead) * 20u + at];
          let inside = slice * 7u + column <= 19u;
          other0 = select(vec4<f32>(), other0, inside);
          other1 = select(vec4<f32>(), other1, inside);
          other2 = select(vec4<f32>(), other2, inside);
          other3 = select(vec4<f32>(), other3, inside);
        }
        if (column < 7u) {
          left[column * 32u + 0u + (group ^ column)] = vec4<f32>(held0.x, held1.x, held2.x, held3.x);
          left[column * 32u + 8u + (group ^ column)] = vec4<f32>(held0.y, held1.y, held2.y, held3.y);
          left[column * 32u + 16u + (group ^ column)] = vec4<f32>(held0.z, held1.z, held2.z, held3.z);
          left[column * 32u + 24u + (group ^ column)] = vec4<f32>(held0.w, held1.w, held2.w, held3.w);
        }
        if (column < 7u) {
          right[column * 32u + 0u + (group ^ column)] = vec4<f32>(other0.x, other1.x, other2.x, other3.x);
          right[column * 32u + 8u + (group ^ column)] = vec4<f32>(other0.y, other1.y, other2.y, other3.y);
          right[column * 32u + 16u + (group ^ column)] = vec4<f32>(other0.z, other1.z, other2.z, other3.z);
          right[column * 32u + 24u + (group ^ column)] = vec4<f32>(other0.w, other1.w, other2.w, other3.w);
        }
        {
          let at = min(slice * 7u + min(column, 6u), 19u);
          held0 = gradOutput[((start + min(row + group * 4u, length - 1u)) * params.heads + head) * 20u + at];
          held1 = gradOutput[((start + min(row + group * 4u + 1u, length - 1u)) * params.heads + head) * 20u + at];
          held2 = gradOutput[((start + min(row + group * 4u + 2u, length - 1u)) * params.heads + head) * 20u + at];
          held3 = gradOutput[((start + min(row + group * 4u + 3u, length - 1u)) * params.heads + head) * 20u + at];
          let inside = slice * 7u + column <= 19u;
          held0 = select(vec4<f32>(), held0, inside);
          held1 = select(vec4<f32>(), held1, inside);
          held2 = select(vec4<f32>(), held2, inside);
          held3 = select(vec4<f32>(), held3, inside);
        }
        {
          let at = min(slice * 7u + min(column, 6u), 19u);
          other0 = v[((start + min(0u + group * 4u, length - 1u)) * params.kvHeads + kvHead) * 20u + at];
          other1 = v[((start + min(0u + group * 4u + 1u, length - 1u)) * params.kvHeads + kvHead) * 20u + at];
          other2 = v[((start + min(0u + group * 4u + 2u, length - 1u)) * params.kvHeads + kvHead) * 20u + at];
          other3 = v[((start + min(0u + group * 4u + 3u, length - 1u)) * params.kvHeads + kvHead) * 20u + at];
          let inside = slice * 7u + column <= 19u;
          other0 = select(vec4<f32>(), other0, inside);
          other1 = select(vec4<f32>(), other1, inside);
          other2 = select(vec4<f32>(), other2, inside);
          other3 = select(vec4<f32>(), other3, inside);
        }
        if (column < 7u) {
          weights[column * 32u + 0u + (group ^ column)] = vec4<f32>(held0.x, held1.x, held2.x, held3.x);
          weights[column * 32u + 8u + (group ^ column)] = vec4<f32>(held0.y, held1.y, held2.y, held3.y);
          weights[column * 32u + 16u + (group ^ column)] = vec4<f32>(held0.z, held1.z, held2.z, held3.z);
          weights[column * 32u + 24u + (group ^ column)] = vec4<f32>(held0.w, held1.w, held2.w, held3.w);
        }
        if (column < 7u) {
          gradients[column * 32u + 0u + (group ^ column)] = vec4<f32>(other0.x, other1.x, other2.x, other3.x);
          gradients[column * 32u + 8u + (group ^ column)] = vec4<f32>(other0.y, other1.y, other2.y, other3.y);
          gradients[column * 32u + 16u + (group ^ column)] = vec4<f32>(other0.z, other1.z, other2.z, other3.z);
          gradients[column * 32u + 24u + (group ^ column)] = vec4<f32>(other0.w, other1.w, other2.w, other3.w);
        }
        workgroupBarrier();
        for (var step = 0u; step < 28u; step++) {
          {
            let a = left[step * 8u + (group ^ (step >> 2u))];
            let b = right[step * 8u + (column ^ (step >> 2u))];
            s0_0 = fma(a, vec4<f32>(b.x), s0_0);
            s0_1 = fma(a, vec4<f32>(b.y), s0_1);
            s0_2 = fma(a, vec4<f32>(b.z), s0_2);
            s0_3 = fma(a, vec4<f32>(b.w), s0_3);
          }
          {
            let a = weights[step * 8u + (group ^ (step >> 2u))];
            let b = gradients[step * 8u + (column ^ (step >> 2u))];
            d0_0 = fma(a, vec4<f32>(b.x), d0_0);
            d0_1 = fma(a, vec4<f32>(b.y), d0_1);
            d0_2 = fma(a, vec4<f32>(b.z), d0_2);
            d0_3 = fma(a, vec4<f32>(b.w), d0_3);
          }
        }
      }
      if (row > 0u) {
        for (var slice = 0u; slice < 3u; slice++) {
          workgroupBarrier();
          {
            let at = min(slice * 7u + min(column, 6u), 19u);
            held0 = q[((start + min(row + group * 4u, length - 1u)) * params.heads + head) * 20u + at];
            held1 = q[((start + min(row + group * 4u + 1u, length - 1u)) * params.heads + head) * 20u + at];
            held2 = q[((start + min(row + group * 4u + 2u, length - 1u)) * params.heads + head) * 20u + at];
            held3 = q[((start + min(row + group * 4u + 3u, length - 1u)) * params.heads + head) * 20u + at];
            let inside = slice * 7u + column <= 19u;
            held0 = select(vec4<f32>(), held0, inside);
            held1 = select(vec4<f32>(), held1, inside);
            held2 = select(vec4<f32>(), held2, inside);
            held3 = select(vec4<f32>(), held3, inside);
          }
          {
            let at = min(slice * 7u + min(column, 6u), 19u);
            other0 = k[((start + min(32u + group * 4u, length - 1u)) * params.kvHeads + kvHead) * 20u + at];
            other1 = k[((start + min(32u + group * 4u + 1u, length - 1u)) * params.kvHeads + kvHead) * 20u + at];
            other2 = k[((start + min(32u + group * 4u + 2u, length - 1u)) * params.kvHeads + kvHead) * 20u + at];
            other3 = k[((start + min(32u + group * 4u + 3u, length - 1u)) * params.kvHeads + kvHead) * 20u + at];
            let inside = slice * 7u + column <= 19u;
            other0 = select(vec4<f32>(), other0, inside);
            other1 = select(vec4<f32>(), other1, inside);
            other2 = select(vec4<f32>(), other2, inside);
            other3 = select(vec4<f32>(), other3, inside);
          }
          if (column < 7u) {
            left[column * 32u + 0u + (group ^ column)] = vec4<f32>(held0.x, held1.x, held2.x, held3.x);
            left[column * 32u + 8u + (group ^ column)] = vec4<f32>(held0.y, held1.y, held2.y, held3.y);
            left[column * 32u + 16u + (group ^ column)] = vec4<f32>(held0.z, held1.z, held2.z, held3.z);
            left[column * 32u + 24u + (group ^ column)] = vec4<f32>(held0.w, held1.w, held2.w, held3.w);
          }
          if (column < 7u) {
            right[column * 32u + 0u + (group ^ column)] = vec4<f32>(other0.x, other1.x, other2.x, other3.x);
            right[column * 32u + 8u + (group ^ column)] = vec4<f32>(other0.y, other1.y, other2.y, other3.y);
            right[column * 32u + 16u + (group ^ column)] = vec4<f32>(other0.z, other1.z, other2.z, other3.z);
            right[column * 32u + 24u + (group ^ column)] = vec4<f32>(other0.w, other1.w, other2.w, other3.w);
          }
          {
            let at = min(slice * 7u + min(column, 6u), 19u);
            held0 = gradOutput[((start + min(row + group * 4u, length - 1u)) * params.heads + head) * 20u + at];
            held1 = gradOutput[((start + min(row + group * 4u + 1u, length - 1u)) * params.heads + head) * 20u + at];
            held2 = gradOutput[((start + min(row + group * 4u + 2u, length - 1u)) * params.heads + head) * 20u + at];
            held3 = gradOutput[((start + min(row + group * 4u + 3u, length - 1u)) * params.heads + head) * 20u + at];
            let inside = slice * 7u + column <= 19u;
            held0 = select(vec4<f32>(), held0, inside);
            held1 = select(vec4<f32>(), held1, inside);
            held2 = select(vec4<f32>(), held2, inside);
            held3 = select(vec4<f32>(), held3, inside);
          }
          {
            let at = min(slice * 7u + min(column, 6u), 19u);
            other0 = v[((start + min(32u + group * 4u, length - 1u)) * params.kvHeads + kvHead) * 20u + at];
            other1 = v[((start + min(32u + group * 4u + 1u, length - 1u)) * params.kvHeads + kvHead) * 20u + at];
            other2 = v[((start + min(32u + group * 4u + 2u, length - 1u)) * params.kvHeads + kvHead) * 20u + at];
            other3 = v[((start + min(32u + group * 4u + 3u, length - 1u)) * params.kvHeads + kvHead) * 20u + at];
            let inside = slice * 7u + column <= 19u;
            other0 = select(vec4<f32>(), other0, inside);
            other1 = select(vec4<f32>(), other1, inside);
            other2 = select(vec4<f32>(), other2, inside);
            other3 = select(vec4<f32>(), other3, inside);
          }
          if (column < 7u) {
            weights[column * 32u + 0u + (group ^ column)] = vec4<f32>(held0.x, held1.x, held2.x, held3.x);
            weights[column * 32u + 8u + (group ^ column)] = vec4<f32>(held0.y, held1.y, held2.y, held3.y);
            weights[column * 32u + 16u + (group ^ column)] = vec4<f32>(held0.z, held1.z, held2.z, held3.z);
            weights[column * 32u + 24u + (group ^ column)] = vec4<f32>(held0.w, held1.w, held2.w, held3.w);
          }
          if (column < 7u) {
            gradients[column * 32u + 0u + (group ^ column)] = vec4<f32>(other0.x, other1.x, other2.x, other3.x);
            gradients[column * 32u + 8u + (group ^ column)] = vec4<f32>(other0.y, other1.y, other2.y, other3.y);
            gradients[column * 32u + 16u + (group ^ column)] = vec4<f32>(other0.z, other1.z, other2.z, other3.z);
            gradients[column * 32u + 24u + (group ^ column)] = vec4<f32>(other0.w, other1.w, other2.w, other3.w);
          }
          workgroupBarrier();
          for (var step = 0u; step < 28u; step++) {
            {
              let a = left[step * 8u + (group ^ (step >> 2u))];
              let b = right[step * 8u + (column ^ (step >> 2u))];
              s1_0 = fma(a, vec4<f32>(b.x), s1_0);
              s1_1 = fma(a, vec4<f32>(b.y), s1_1);
              s1_2 = fma(a, vec4<f32>(b.z), s1_2);
              s1_3 = fma(a, vec4<f32>(b.w), s1_3);
            }
            {
              let a = weights[step * 8u + (group ^ (step >> 2u))];
              let b = gradients[step * 8u + (column ^ (step >> 2u))];
              d1_0 = fma(a, vec4<f32>(b.x), d1_0);
              d1_1 = fma(a, vec4<f32>(b.y), d1_1);
              d1_2 = fma(a, vec4<f32>(b.z), d1_2);
              d1_3 = fma(a, vec4<f32>(b.w), d1_3);
            }
          }
        }
      }
      s0_0 = select(vec4<f32>(-3.4e38), params.scale * s0_0, (vec4<u32>(column * 4u) <= rows) & (rows - (column * 4u) < vec4<u32>(params.window)) & (rows < vec4<u32>(length)));
      s0_1 = select(vec4<f32>(-3.4e38), params.scale * s0_1, (vec4<u32>(column * 4u + 1u) <= rows) & (rows - (column * 4u + 1u) < vec4<u32>(params.window)) & (rows < vec4<u32>(length)));
      s0_2 = select(vec4<f32>(-3.4e38), params.scale * s0_2, (vec4<u32>(column * 4u + 2u) <= rows) & (rows - (column * 4u + 2u) < vec4<u32>(params.window)) & (rows < vec4<u32>(length)));
      s0_3 = select(vec4<f32>(-3.4e38), params.scale * s0_3, (vec4<u32>(column * 4u + 3u) <= rows) & (rows - (column * 4u + 3u) < vec4<u32>(params.window)) & (rows < vec4<u32>(length)));
      s1_0 = select(vec4<f32>(-3.4e38), params.scale * s1_0, (vec4<u32>(column * 4u + 32u) <= rows) & (rows - (column * 4u + 32u) < vec4<u32>(params.window)) & (rows < vec4<u32>(length)));
      s1_1 = select(vec4<f32>(-3.4e38), params.scale * s1_1, (vec4<u32>(column * 4u + 33u) <= rows) & (rows - (column * 4u + 33u) < vec4<u32>(params.window)) & (rows < vec4<u32>(length)));
      s1_2 = select(vec4<f32>(-3.4e38), params.scale * s1_2, (vec4<u32>(column * 4u + 34u) <= rows) & (rows - (column * 4u + 34u) < vec4<u32>(params.window)) & (rows < vec4<u32>(length)));
      s1_3 = select(vec4<f32>(-3.4e38), params.scale * s1_3, (vec4<u32>(column * 4u + 35u) <= rows) & (rows - (column * 4u + 35u) < vec4<u32>(params.window)) & (rows < vec4<u32>(length)));
      let own = max(max(max(max(max(max(max(s0_0, s0_1), s0_2), s0_3), s1_0), s1_1), s1_2), s1_3);
      workgroupBarrier();
      left[group * 8u + column] = own;
      workgroupBarrier();
      let maximum = max(max(max(max(max(max(max(left[group * 8u], left[group * 8u + 1u]), left[group * 8u + 2u]), left[group * 8u + 3u]), left[group * 8u + 4u]), left[group * 8u + 5u]), left[group * 8u + 6u]), left[group * 8u + 7u]);
      var total = vec4<f32>();
      var mean = vec4<f32>();
      s0_0 = select(exp(s0_0 - maximum), vec4<f32>(), s0_0 <= vec4<f32>(-3.4e38));
      total += s0_0;
      mean = fma(s0_0, d0_0, mean);
      s0_1 = select(exp(s0_1 - maximum), vec4<f32>(), s0_1 <= vec4<f32>(-3.4e38));
      total += s0_1;
      mean = fma(s0_1, d0_1, mean);
      s0_2 = select(exp(s0_2 - maximum), vec4<f32>(), s0_2 <= vec4<f32>(-3.4e38));
      total += s0_2;
      mean = fma(s0_2, d0_2, mean);
      s0_3 = select(exp(s0_3 - maximum), vec4<f32>(), s0_3 <= vec4<f32>(-3.4e38));
      total += s0_3;
      mean = fma(s0_3, d0_3, mean);
      s1_0 = select(exp(s1_0 - maximum), vec4<f32>(), s1_0 <= vec4<f32>(-3.4e38));
      total += s1_0;
      mean = fma(s1_0, d1_0, mean);
      s1_1 = select(exp(s1_1 - maximum), vec4<f32>(), s1_1 <= vec4<f32>(-3.4e38));
      total += s1_1;
      mean = fma(s1_1, d1_1, mean);
      s1_2 = select(exp(s1_2 - maximum), vec4<f32>(), s1_2 <= vec4<f32>(-3.4e38));
      total += s1_2;
      mean = fma(s1_2, d1_2, mean);
      s1_3 = select(exp(s1_3 - maximum), vec4<f32>(), s1_3 <= vec4<f32>(-3.4e38));
      total += s1_3;
      mean = fma(s1_3, d1_3, mean);
      right[group * 8u + column] = total;
      weights[group * 8u + column] = mean;
      workgroupBarrier();
      let totals = right[group * 8u] + right[group * 8u + 1u] + right[group * 8u + 2u] + right[group * 8u + 3u] + right[group * 8u + 4u] + right[group * 8u + 5u] + right[group * 8u + 6u] + right[group * 8u + 7u];
      let inverse = select(vec4<f32>(), 1.0 / totals, totals > vec4<f32>());
      mean = (weights[group * 8u] + weights[group * 8u + 1u] + weights[group * 8u + 2u] + weights[group * 8u + 3u] + weights[group * 8u + 4u] + weights[group * 8u + 5u] + weights[group * 8u + 6u] + weights[group * 8u + 7u]) * inverse;
      s0_0 *= inverse;
      d0_0 = params.scale * s0_0 * (d0_0 - mean);
      s0_1 *= inverse;
      d0_1 = params.scale * s0_1 * (d0_1 - mean);
      s0_2 *= inverse;
      d0_2 = params.scale * s0_2 * (d0_2 - mean);
      s0_3 *= inverse;
      d0_3 = params.scale * s0_3 * (d0_3 - mean);
      s1_0 *= inverse;
      d1_0 = params.scale * s1_0 * (d1_0 - mean);
      s1_1 *= inverse;
      d1_1 = params.scale * s1_1 * (d1_1 - mean);
      s1_2 *= inverse;
      d1_2 = params.scale * s1_2 * (d1_2 - mean);
      s1_3 *= inverse;
      d1_3 = params.scale * s1_3 * (d1_3 - mean);
      for (var key = 0u; key <= row; key += 32u) {
        workgroupBarrier();
        if (key == 0u) {
          weights[group * 32u + 0u + (column ^ group)] = vec4<f32>(s0_0.x, s0_1.x, s0_2.x, s0_3.x);
          weights[group * 32u + 8u + (column ^ group)] = vec4<f32>(s0_0.y, s0_1.y, s0_2.y, s0_3.y);
          weights[group * 32u + 16u + (column ^ group)] = vec4<f32>(s0_0.z, s0_1.z, s0_2.z, s0_3.z);
          weights[group * 32u + 24u + (column ^ group)] = vec4<f32>(s0_0.w, s0_1.w, s0_2.w, s0_3.w);
          gradients[group * 32u + 0u + (column ^ group)] = vec4<f32>(d0_0.x, d0_1.x, d0_2.x, d0_3.x);
          gradients[group * 32u + 8u + (column ^ group)] = vec4<f32>(d0_0.y, d0_1.y, d0_2.y, d0_3.y);
          gradients[group * 32u + 16u + (column ^ group)] = vec4<f32>(d0_0.z, d0_1.z, d0_2.z, d0_3.z);
          gradients[group * 32u + 24u + (column ^ group)] = vec4<f32>(d0_0.w, d0_1.w, d0_2.w, d0_3.w);
        } else {
          weights[group * 32u + 0u + (column ^ group)] = vec4<f32>(s1_0.x, s1_1.x, s1_2.x, s1_3.x);
          weights[group * 32u + 8u + (column ^ group)] = vec4<f32>(s1_0.y, s1_1.y, s1_2.y, s1_3.y);
          weights[group * 32u + 16u + (column ^ group)] = vec4<f32>(s1_0.z, s1_1.z, s1_2.z, s1_3.z);
          weights[group * 32u + 24u + (column ^ group)] = vec4<f32>(s1_0.w, s1_1.w, s1_2.w, s1_3.w);
          gradients[group * 32u + 0u + (column ^ group)] = vec4<f32>(d1_0.x, d1_1.x, d1_2.x, d1_3.x);
          gradients[group * 32u + 8u + (column ^ group)] = vec4<f32>(d1_0.y, d1_1.y, d1_2.y, d1_3.y);
          gradients[group * 32u + 16u + (column ^ group)] = vec4<f32>(d1_0.z, d1_1.z, d1_2.z, d1_3.z);
          gradients[group * 32u + 24u + (column ^ group)] = vec4<f32>(d1_0.w, d1_1.w, d1_2.w, d1_3.w);
        }
        for (var slice = 0u; slice < 3u; slice++) {
          {
            let at = min(slice * 7u + min(column, 6u), 19u);
            held0 = gradOutput[((start + min(row + group * 4u, length - 1u)) * params.heads + head) * 20u + at];
            held1 = gradOutput[((start + min(row + group * 4u + 1u, length - 1u)) * params.heads + head) * 20u + at];
            held2 = gradOutput[((start + min(row + group * 4u + 2u, length - 1u)) * params.heads + head) * 20u + at];
            held3 = gradOutput[((start + min(row + group * 4u + 3u, length - 1u)) * params.heads + head) * 20u + at];
            let inside = slice * 7u + column <= 19u;
            held0 = select(vec4<f32>(), held0, inside);
            held1 = select(vec4<f32>(), held1, inside);
            held2 = select(vec4<f32>(), held2, inside);
            held3 = select(vec4<f32>(), held3, inside);
          }
          {
            let at = min(slice * 7u + min(column, 6u), 19u);
            other0 = q[((start + min(row + group * 4u, length - 1u)) * params.heads + head) * 20u + at];
            other1 = q[((start + min(row + group * 4u + 1u, length - 1u)) * params.heads + head) * 20u + at];
            other2 = q[((start + min(row + group * 4u + 2u, length - 1u)) * params.heads + head) * 20u + at];
            other3 = q[((start + min(row + group * 4u + 3u, length - 1u)) * params.heads + head) * 20u + at];
            let inside = slice * 7u + column <= 19u;
            other0 = select(vec4<f32>(), other0, inside);
            other1 = select(vec4<f32>(), other1, inside);
            other2 = select(vec4<f32>(), other2, inside);
            other3 = select(vec4<f32>(), other3, inside);
          }
          workgroupBarrier();
          left[group * 32u + 0u + column] = held0;
          left[group * 32u + 8u + column] = held1;
          left[group * 32u + 16u + column] = held2;
          left[group * 32u + 24u + column] = held3;
          right[group * 32u + 0u + column] = other0;
          right[group * 32u + 8u + column] = other1;
          right[group * 32u + 16u + column] = other2;
          right[group * 32u + 24u + column] = other3;
          workgroupBarrier();
          var value0 = vec4<f32>();
          var key0 = vec4<f32>();
          var value1 = vec4<f32>();
          var key1 = vec4<f32>();
          var value2 = vec4<f32>();
          var key2 = vec4<f32>();
          var value3 = vec4<f32>();
          var key3 = vec4<f32>();
          for (var step = 0u; step < 32u; step++) {
            {
              let a = weights[step * 8u + (group ^ (step >> 2u))];
              let b = left[step * 8u + column];
              value0 = fma(a, vec4<f32>(b.x), value0);
              value1 = fma(a, vec4<f32>(b.y), value1);
              value2 = fma(a, vec4<f32>(b.z), value2);
              value3 = fma(a, vec4<f32>(b.w), value3);
            }
            {
              let a = gradients[step * 8u + (group ^ (step >> 2u))];
              let b = right[step * 8u + column];
              key0 = fma(a, vec4<f32>(b.x), key0);
              key1 = fma(a, vec4<f32>(b.y), key1);
              key2 = fma(a, vec4<f32>(b.z), key2);
              key3 = fma(a, vec4<f32>(b.w), key3);
            }
          }
          let first = turn == 0u && key == row;
          let place = slice * 7u + column;
          if (column < 7u && place < 20u) {
            if (key + group * 4u < length) {
              let at = ((start + key + group * 4u) * params.kvHeads + kvHead) * 20u + place;
              gradValue[at] = select(gradValue[at], vec4<f32>(), first) + vec4<f32>(value0.x, value1.x, value2.x, value3.x);
              gradKey[at] = select(gradKey[at], vec4<f32>(), first) + vec4<f32>(key0.x, key1.x, key2.x, key3.x);
            }
            if (key + group * 4u + 1u < length) {
              let at = ((start + key + group * 4u + 1u) * params.kvHeads + kvHead) * 20u + place;
              gradValue[at] = select(gradValue[at], vec4<f32>(), first) + vec4<f32>(value0.y, value1.y, value2.y, value3.y);
              gradKey[at] = select(gradKey[at], vec4<f32>(), first) + vec4<f32>(key0.y, key1.y, key2.y, key3.y);
            }
            if (key + group * 4u + 2u < length) {
              let at = ((start + key + group * 4u + 2u) * params.kvHeads + kvHead) * 20u + place;
              gradValue[at] = select(gradValue[at], vec4<f32>(), first) + vec4<f32>(value0.z, value1.z, value2.z, value3.z);
              gradKey[at] = select(gradKey[at], vec4<f32>(), first) + vec4<f32>(key0.z, key1.z, key2.z, key3.z);
            }
            if (key + group * 4u + 3u < length) {
              let at = ((start + key + group * 4u + 3u) * params.kvHeads + kvHead) * 20u + place;
              gradValue[at] = select(gradValue[at], vec4<f32>(), first) + vec4<f32>(value0.w, value1.w, value2.w, value3.w);
              gradKey[at] = select(gradKey[at], vec4<f32>(), first) + vec4<f32>(key0.w, key1.w, key2.w, key3.w);
            }
          }
        }
      }
    }
  }
}
