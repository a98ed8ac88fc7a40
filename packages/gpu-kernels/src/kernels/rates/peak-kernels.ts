import { type Kernel, defineKernel } from '../../runtime/kernel.ts';

/** Of a workgroup. */
export const FMA_INVOCATIONS = 64;
/** Chains of vec4s, so that none waits for its own last sum. */
const CHAINS = 8;
const UNROLLED = 4;
/** Multiply-adds that an invocation does in one round of its loop. */
export const FMA_STEP = CHAINS * 4 * UNROLLED;

const chains = Array.from({ length: CHAINS }, (_, i) => `x${i}`);

/** Multiply-adds in registers alone; what comes out depends on every one. */
export const FMA = defineKernel({
  label: 'rates.fma',
  storage: { out: '&f32' },
  params: { repeats: 'u32', factor: 'f32', term: 'f32' },
  workgroupSize: [FMA_INVOCATIONS],
  body: `
  let index = workgroup * ${FMA_INVOCATIONS}u + localIndex;
  if (index >= arrayLength(&out)) { return; }
  let factor = vec4f(params.factor);
  let term = vec4f(params.term);
  ${chains.map((name, i) => `var ${name} = vec4f(f32(index + ${i}u));`).join('\n  ')}
  for (var i = 0u; i < params.repeats; i++) {
    ${Array.from({ length: UNROLLED }, () => chains.map((name) => `${name} = fma(${name}, factor, term);`).join(' ')).join('\n    ')}
  }
  let sum = ${chains.join(' + ')};
  out[index] = sum.x + sum.y + sum.z + sum.w;`,
});

/** Of a workgroup that copies. */
export const COPY_INVOCATIONS = 64;

/** A copy by vec4s, `each` an invocation, neighbours by neighbours. */
export const COPY = defineKernel({
  label: 'rates.copy',
  storage: { x: 'vec4<f32>', out: '&vec4<f32>' },
  params: { count: 'u32', each: 'u32' },
  workgroupSize: [COPY_INVOCATIONS],
  body: `
  let first = workgroup * ${COPY_INVOCATIONS}u * params.each + localIndex;
  for (var i = 0u; i < params.each; i++) {
    let at = first + i * ${COPY_INVOCATIONS}u;
    if (at < params.count) { out[at] = x[at]; }
  }`,
});

/** Every kernel of measured peaks. */
export function peakKernels(): Kernel[] {
  return [FMA, COPY];
}
