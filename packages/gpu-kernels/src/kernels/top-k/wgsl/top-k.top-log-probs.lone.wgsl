struct Params {
  rows: u32,
  vocabulary: u32,
  count: u32,
  outOffset: u32,
  piles: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> logSumExp: array<f32>;
@group(0) @binding(3) var<storage, read> row: array<u32>;
@group(0) @binding(4) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(5) var<storage, read_write> logProbs: array<f32>;

const NONE = 0xffffffffu;

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  let index = workgroup * 8u + localIndex;
  if (index >= params.rows) { return; }
  let start = row[index] * params.vocabulary;
  var values: array<f32, 256>;
  var columns: array<u32, 256>;
  for (var pile = 0u; pile < params.piles; pile++) {
    var column = pile;
    var value = logits[start + pile];
    for (var c = pile + params.piles; c < params.vocabulary; c += params.piles) {
      let other = logits[start + c];
      column = select(column, c, other > value);
      value = select(value, other, other > value);
    }
    values[pile] = value;
    columns[pile] = column;
  }
  let out = (params.outOffset + index) * params.count;
  let normalizer = logSumExp[row[index]];
  for (var i = 0u; i < params.count; i++) {
    var best = 0.0;
    var taken = NONE;
    for (var pile = 0u; pile < params.piles; pile++) {
      let value = values[pile];
      let column = columns[pile];
      let isAhead = (column != NONE) & ((taken == NONE) | (value > best) | ((value == best) & (column < taken)));
      best = select(best, value, isAhead);
      taken = select(taken, column, isAhead);
    }
    tokens[out + i] = taken;
    logProbs[out + i] = best - normalizer;
    // What is left of its pile is all that comes behind it.
    let pile = taken % params.piles;
    var next = 0.0;
    var column = NONE;
    for (var c = pile; c < params.vocabulary; c += params.piles) {
      let other = logits[start + c];
      let isLeft = (other < best) | ((other == best) & (c > taken));
      let isAhead = isLeft & ((column == NONE) | (other > next));
      next = select(next, other, isAhead);
      column = select(column, c, isAhead);
    }
    values[pile] = next;
    columns[pile] = column;
  }
}
