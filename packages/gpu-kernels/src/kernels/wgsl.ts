/** Lines of WGSL for 0 … count − 1. */
export function repeat(count: number, text: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => text(i)).join('\n');
}

/** WGSL of an unsigned sum, without the addition of nothing. */
export function plus(base: string, i: number): string {
  return i === 0 ? base : `${base} + ${i}u`;
}

/** WGSL of a function of one number, called for each component of the vec4 that is called `argument`. */
export function ofComponents(name: string, argument: string): string {
  return `vec4<f32>(${['x', 'y', 'z', 'w'].map((part) => `${name}(${argument}.${part})`).join(', ')})`;
}
