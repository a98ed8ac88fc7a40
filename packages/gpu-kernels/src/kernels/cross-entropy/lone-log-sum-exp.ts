import { defineKernel, memoizeKernel } from '../../runtime/kernel.ts';
import { repeat } from '../wgsl.ts';

/** Rows of a workgroup. */
export const LONE_ROWS = 8;
/** Vectors of four logits whose maximum is taken at once. */
const BLOCK = 4;
/** Blocks whose sums are added up before they join those before them: keeps long rows accurate. */
const RUN = 16;

/**
 * As the kernel with a workgroup a row, but each invocation has a row for itself: there are no barriers. The components of a
 * vector have sums of their own until the end.
 * @param wide whether rows are whole vectors
 */
export const loneLogSumExp = memoizeKernel((wide: boolean) => {
  const at = (c: string): string =>
    wide
      ? `logits[row + ${c}]`
      : `vec4<f32>(${[0, 1, 2, 3].map((e) => `logits[row + 4u * (${c}) + ${e}u]`).join(', ')})`;
  return defineKernel({
    label: `cross-entropy.log-sum-exp.lone${wide ? '.vec4' : ''}`,
    storage: { logits: wide ? 'vec4<f32>' : 'f32', out: '&f32' },
    params: { rows: 'u32', width: 'u32' },
    workgroupSize: [LONE_ROWS],
    declarations: `// Stands for no logit; finite, because WGSL knows no infinities.
      const LEAST = -3.4e38;

      fn largest(x: vec4<f32>) -> f32 {
        return max(max(x.x, x.y), max(x.z, x.w));
      }`,
    body: `
      let index = workgroup * ${LONE_ROWS}u + localIndex;
      if (index >= params.rows) { return; }
      let end = params.width / 4u;
      let row = index * ${wide ? 'end' : 'params.width'};
      var most = LEAST;
      var sums = vec4<f32>();
      for (var start = 0u; start < end; start += ${BLOCK * RUN}u) {
        let stop = min(start + ${BLOCK * RUN}u, end);
        var run = vec4<f32>();
        var c = start;
        for (; c + ${BLOCK - 1}u < stop; c += ${BLOCK}u) {
          ${repeat(BLOCK, (i) => `let x${i} = ${at(`c + ${i}u`)};`)}
          let next = max(most, largest(max(max(x0, x1), max(x2, x3))));
          let decay = exp(most - next);
          sums *= decay;
          run = run * decay + ((exp(x0 - next) + exp(x1 - next)) + (exp(x2 - next) + exp(x3 - next)));
          most = next;
        }
        for (; c < stop; c++) {
          let x = ${at('c')};
          let next = max(most, largest(x));
          let decay = exp(most - next);
          sums *= decay;
          run = run * decay + exp(x - next);
          most = next;
        }
        sums += run;
      }
      var sum = (sums.x + sums.y) + (sums.z + sums.w);
      ${
        wide
          ? ''
          : `for (var c = 4u * end; c < params.width; c++) {
        let x = logits[row + c];
        let next = max(most, x);
        sum = sum * exp(most - next) + exp(x - next);
        most = next;
      }`
      }
      out[index] = most + log(sum);`,
  });
});
