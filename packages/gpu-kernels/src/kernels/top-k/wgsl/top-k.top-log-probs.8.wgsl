struct Params {
  rows: u32,
  vocabulary: u32,
  count: u32,
  outOffset: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> logits: array<f32>;
@group(0) @binding(2) var<storage, read> logSumExp: array<f32>;
@group(0) @binding(3) var<storage, read> row: array<u32>;
@group(0) @binding(4) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(5) var<storage, read_write> logProbs: array<f32>;

const NONE = 0xffffffffu;

struct Entry {
  value: f32,
  column: u32,
}

fn isAhead(a: Entry, b: Entry) -> bool {
  if (a.column == NONE) { return false; }
  return b.column == NONE || a.value > b.value || (a.value == b.value && a.column < b.column);
}

fn ahead(a: Entry, b: Entry) -> Entry {
  if (isAhead(a, b)) { return a; }
  return b;
}

var<workgroup> first: array<Entry, 256>;

var<workgroup> foremostPartial: array<Entry, 8>;

fn foremost(value: Entry, localIndex: u32) -> Entry {
  foremostPartial[localIndex] = value;
  workgroupBarrier();
  for (var stride = 4u; stride > 0u; stride >>= 1u) {
    if (localIndex < stride) {
      let a = foremostPartial[localIndex];
      let b = foremostPartial[localIndex + stride];
      foremostPartial[localIndex] = ahead(a, b);
    }
    workgroupBarrier();
  }
  let result = foremostPartial[0];
  workgroupBarrier();
  return result;
}

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (workgroup >= params.rows) { return; }
  let start = row[workgroup] * params.vocabulary;
  for (var pile = localIndex; pile < 256u; pile += 8u) {
    var best = Entry(0.0, NONE);
    if (pile < params.vocabulary) {
      best = Entry(logits[start + pile], pile);
      for (var c = pile + 256u; c < params.vocabulary; c += 256u) {
        let value = logits[start + c];
        if (value > best.value) { best = Entry(value, c); }
      }
    }
    first[pile] = best;
  }
  let out = (params.outOffset + workgroup) * params.count;
  let normalizer = logSumExp[row[workgroup]];
  for (var i = 0u; i < params.count; i++) {
    var best = Entry(0.0, NONE);
    for (var pile = localIndex; pile < 256u; pile += 8u) {
      best = ahead(best, first[pile]);
    }
    let taken = foremost(best, localIndex);
    if (localIndex == 0u) {
      tokens[out + i] = taken.column;
      logProbs[out + i] = taken.value - normalizer;
    }
    // What is left of its pile is all that comes behind it.
    let pile = taken.column % 256u;
    var next = Entry(0.0, NONE);
    for (var c = pile + localIndex * 256u; c < params.vocabulary; c += 2048u) {
      let other = Entry(logits[start + c], c);
      if (isAhead(taken, other) && isAhead(other, next)) { next = other; }
    }
    next = foremost(next, localIndex);
    // Only the invocation that looks at the pile changes it.
    if (pile % 8u == localIndex) { first[pile] = next; }
  }
}
