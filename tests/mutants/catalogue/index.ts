import type { Mutant } from '../mutant.ts';
import { mutants as kernels } from './kernels.ts';

/** All mutants by the area of the code that they are in. */
export const areas: Readonly<Record<string, readonly Mutant[]>> = { kernels };
