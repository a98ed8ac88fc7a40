/**
 * WGSL: declares `cosine` and `sine` of four pairs, which stand in two vec4s of the binding `table` from `first` on.
 * @param sign what the sine is multiplied by, if anything
 */
export function vectorAngles(first: string, sign?: string): string {
  return `let low = table[${first}];
        let high = table[${first} + 1u];
        let cosine = vec4<f32>(low.x, low.z, high.x, high.z);
        let sine = ${sign === undefined ? '' : `${sign} * `}vec4<f32>(low.y, low.w, high.y, high.w);`;
}
