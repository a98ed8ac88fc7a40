/** Where a kernel finds its parameters: in the command itself, or in a uniform buffer at a dynamic offset. */
export type ParameterForm = 'immediate' | 'uniform';

/** The declaration of the parameters in a kernel's own text. */
export const PARAMETERS = '@group(0) @binding(0) var<uniform> params: Params;';
const IMMEDIATE = 'var<immediate> params: Params;';
const FEATURE = 'immediate_address_space';

/** What a device and the place that it is from say of immediates. Those that know none have no limit for them. */
export interface ImmediateFacts {
  readonly limits: { readonly maxImmediateSize?: number };
}

/**
 * Bytes of parameters that a dispatch may carry in its command on a device; 0 where it may not.
 * @param languageFeatures `navigator.gpu.wgslLanguageFeatures` where there is one: a browser may know the limit and not the
 *   address space
 */
export function immediateBytes(
  { limits }: ImmediateFacts,
  languageFeatures: { has(feature: string): boolean } | undefined = featuresHere(),
): number {
  if (languageFeatures !== undefined && !languageFeatures.has(FEATURE)) return 0;
  return limits.maxImmediateSize ?? 0;
}

/** A kernel's text with its parameters in a form; its own text has the uniform one. */
export function textWith({ wgsl }: { readonly wgsl: string }, form: ParameterForm): string {
  return form === 'uniform' ? wgsl : `requires ${FEATURE};\n\n${wgsl.replace(PARAMETERS, IMMEDIATE)}`;
}

function featuresHere(): { has(feature: string): boolean } | undefined {
  const { navigator } = globalThis as { navigator?: { gpu?: Partial<GPU> } };
  return navigator?.gpu?.wgslLanguageFeatures;
}
