import { refuseMisspelt } from '@icl-gd/gpu-kernels';
import { type FineTuningOptions, requireOptions } from '../fine-tuning-options.ts';
import type { TrainingKind } from '../memory/workload.ts';
import type { TrainingInput } from '../training-sequence.ts';

/** One of several trainings that take their steps together. */
export interface LockstepCell {
  /** Constant step size of this cell. */
  readonly learningRate: number;
  /** One a step, in this order; as many as this cell has steps. None leaves the cell as its base is. */
  readonly sequences: readonly TrainingInput[];
}

/** How cells are trained in lockstep: what all have in common, and each cell's own. */
export interface LockstepOptions extends Pick<FineTuningOptions, 'objective' | 'readout'> {
  /** What is trained. Not `layers`, whose norms have one weight for all rows. */
  readonly group: FineTuningOptions['group'];
  readonly cells: readonly LockstepCell[];
}

const KNOWN_OPTIONS: Required<{ [name in keyof LockstepOptions]: true }> = {
  ...{ objective: true, readout: true, group: true, cells: true },
};

/** Of `FineTuning` alone. */
const ONE_BY_ONE: readonly (keyof FineTuningOptions)[] = [
  ...(['releasedNorms', 'gradientNormVariants', 'keepQueries', 'update', 'sequencesPerStep'] as const),
];

/** Whether cells that train so can take their steps together. */
export function trainsInLockstep({
  direction,
  fullBatchSteps,
  group,
  optimizer = 'sgd',
}: TrainingKind): boolean {
  return !direction && fullBatchSteps === undefined && group !== 'layers' && optimizer === 'sgd';
}

/** What types do not hold in JavaScript, and what cells cannot do together. @throws RangeError */
export function requireLockstep(options: LockstepOptions): void {
  const given = options as LockstepOptions & Partial<FineTuningOptions>;
  for (const name of ONE_BY_ONE) if (given[name]) refuse(name);
  if ((given.optimizer ?? 'sgd') !== 'sgd') refuse(`optimizer ${given.optimizer}`);
  if (options.group === 'layers') refuse('group layers');
  const { optimizer: _, ...own } = given;
  refuseMisspelt('LockstepFineTuning', own, KNOWN_OPTIONS);
  const { cells, ...shared } = own;
  if (!Array.isArray(cells)) throw new RangeError(`LockstepFineTuning: cells is ${typeof cells}, not a list`);
  if (cells.length === 0) throw new RangeError('LockstepFineTuning: no cells');
  for (const { learningRate, sequences } of cells)
    requireOptions({ ...shared, learningRate, steps: sequences.length });
}

function refuse(what: string): never {
  throw new RangeError(
    `LockstepFineTuning: ${what} does not go with cells in lockstep; FineTuning takes them one by one`,
  );
}
