/** By how much a score may differ and still count as the same, if nothing else is asked for before the run. */
export const DEFAULT_MARGIN = 0.05;
