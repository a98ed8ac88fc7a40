import { expect, test } from 'vitest';
import { defineKernel, grid } from './kernel.ts';

test('folds large grids into dimensions that a device accepts', () => {
  for (const count of [1, 65_535, 65_536, 1_000_003]) {
    const [x, y, z] = grid(count);
    expect(x * y * z).toBeGreaterThanOrEqual(count);
    expect(Math.max(x, y)).toBeLessThanOrEqual(65_535);
  }
});

test('a kernel reads as if written by hand', () => {
  const { wgsl } = defineKernel({
    label: 'test.text',
    storage: { x: 'vec4<f32>', halves: 'f16x2', out: '&f32' },
    params: { count: 'u32' },
    workgroupSize: [8],
    declarations: `

      fn largest(v: vec4<f32>) -> f32 { // in one of {x, y, z, w}
          return max(
              max(v.x, v.y),
        max(v.z, v.w),
      );
      }
    `,
    body: `
      if (workgroup >= params.count) { return; }

      if (localIndex == 0u) {
      out[workgroup] = largest(x[workgroup]);
      } else {
      out[workgroup] = unpack2x16float(halves[0]).x;
      }`,
  });
  expect(wgsl).toBe(`struct Params {
  count: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> halves: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

fn largest(v: vec4<f32>) -> f32 { // in one of {x, y, z, w}
  return max(
    max(v.x, v.y),
    max(v.z, v.w),
  );
}

@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) workgroupId: vec3<u32>,
  @builtin(num_workgroups) workgroupCount: vec3<u32>,
  @builtin(local_invocation_index) localIndex: u32,
) {
  let workgroup = workgroupId.y * workgroupCount.x + workgroupId.x;
  if (workgroup >= params.count) { return; }
  if (localIndex == 0u) {
    out[workgroup] = largest(x[workgroup]);
  } else {
    out[workgroup] = unpack2x16float(halves[0]).x;
  }
}
`);
});

test('a kernel with subgroups enables them, and its body sees its lane', () => {
  const text = {
    label: 'test.subgroups',
    storage: { out: '&u32' },
    params: { count: 'u32' },
    workgroupSize: [8],
    body: 'out[lane] = params.count;',
  } as const;
  const { wgsl, enables } = defineKernel({ ...text, enables: ['subgroups'] });
  expect(enables).toEqual(['subgroups']);
  expect(wgsl).toMatch(/^enable subgroups;\n\nstruct Params/);
  expect(wgsl).toContain('@builtin(subgroup_invocation_id) lane: u32,');
  const plain = defineKernel(text);
  expect(plain.enables).toEqual([]);
  expect(plain.wgsl).not.toMatch(/enable|subgroup/);
});
