/** Lines of WGSL for 0 … count − 1. */
export function repeat(count: number, text: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => text(i)).join('\n');
}

/** WGSL of an unsigned sum, without the addition of nothing. */
export function plus(base: string, i: number): string {
  return i === 0 ? base : `${base} + ${i}u`;
}
