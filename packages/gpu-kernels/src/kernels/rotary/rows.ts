import { defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import { vectorAngles } from './angles-text.ts';

/** Rows of a workgroup. */
export const ROWS = 8;

/**
 * An invocation for each row, which looks its angles up once for all heads.
 * @param wide whether coordinates are loaded four at a time
 */
export const rowsKernel = memoizeKernel(
  ({ tensors, wide }: { readonly tensors: number; readonly wide: boolean }) => {
    const indices = Array.from({ length: tensors }, (_, t) => t);
    const element = wide ? 'vec4<f32>' : 'f32';
    const heads = (t: number): string => `
        var first${t} = index * params.heads${t} * size + pair;
        for (var head = 0u; head < params.heads${t}; head++) {
          let a = x${t}[first${t}];
          let b = x${t}[first${t} + half];
          x${t}[first${t}] = a * cosine - b * sine;
          x${t}[first${t} + half] = b * cosine + a * sine;
          first${t} += size;
        }`;
    return defineKernel<string, string>({
      label: `rotary.rows.${tensors}${wide ? '.vec4' : ''}`,
      storage: {
        ...Object.fromEntries(indices.map((t) => [`x${t}`, `&${element}`] as const)),
        positions: 'u32',
        table: wide ? 'vec4<f32>' : 'vec2<f32>',
      },
      params: {
        rows: 'u32',
        ...Object.fromEntries(indices.map((t) => [`heads${t}`, 'u32'] as const)),
        headDim: 'u32',
        half: 'u32',
        direction: 'f32',
      },
      workgroupSize: [ROWS],
      body: `
      let index = workgroup * ${ROWS}u + localIndex;
      if (index >= params.rows) { return; }
      let half = params.half${wide ? ' / 4u' : ''};
      let size = params.headDim${wide ? ' / 4u' : ''};
      let angles = positions[index] * half;
      for (var pair = 0u; pair < half; pair++) {
        ${
          wide
            ? vectorAngles('2u * (angles + pair)', 'params.direction')
            : `let angle = table[angles + pair];
        let cosine = angle.x;
        let sine = params.direction * angle.y;`
        }
        ${indices.map(heads).join('')}
      }`,
    });
  },
);
