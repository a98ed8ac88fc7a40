/** Largest norm, relative to the zero-shot vector's, at which a published metric takes an update for rounding. */
export const ROUNDING = 1e-5;

/** The same of the controls' updates of h. */
export const ROUNDING_OF_OUTPUTS = 2e-6;

/** The same of the controls' updates of m, and of the softmax of m. */
export const ROUNDING_OF_MAPS = 2e-6;
