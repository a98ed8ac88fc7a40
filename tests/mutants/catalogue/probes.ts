import { type Mutant, mutantsOf } from '../mutant.ts';

/** What is put before the model and which of its numbers are taken: probes, learners, predictions, probes on disk. */
export const mutants: readonly Mutant[] = [];
