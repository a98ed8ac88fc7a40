import type { DecoderConfig } from '../config.ts';
import { inGroup, parameterSpecs } from '../parameters.ts';
import { elementCount } from '../shape.ts';
import type { DeviceLimits } from './check.ts';
import { TRAINED, planMemory } from './plan.ts';
import type { Workload } from './workload.ts';

/**
 * How many cells can train in lockstep, and be there while they are probed, in a device's memory. What they need grows by about
 * the same with each, so that a few plans find the number, and the last of them is that of the number itself.
 * @param workload its `training.cells` is of no interest
 * @param most cells that there are
 * @returns from 1, which may not fit either, to `most`
 * @throws as `planMemory`
 */
export function lockstepCells(
  config: DecoderConfig,
  workload: Workload,
  limits: DeviceLimits,
  most: number,
): number {
  const { training } = workload;
  if (!training || most <= 1) return 1;
  // Cells have one buffer for each parameter, one below the other, which is bound whole.
  const groups = training.kinds.map(({ group = TRAINED }) => group);
  const trained = parameterSpecs(config).filter(({ name }) => groups.some((group) => inGroup(name, group)));
  const largest = 4 * Math.max(0, ...trained.map(({ shape }) => elementCount(shape)));
  /** Bytes over what there is; infinite where something is refused. */
  const excess = (cells: number): number => {
    const plan = planMemory(config, { ...workload, training: { ...training, cells } }, limits);
    if (plan.refusals.length > 0 || cells * largest > Math.min(limits.maxBufferBytes, limits.maxBindingBytes))
      return Infinity;
    return plan.peak - limits.budgetBytes;
  };
  let fits = { cells: 1, excess: excess(1) };
  if (fits.excess > 0) return 1;
  let fails = { cells: most, excess: excess(most) };
  if (fails.excess <= 0) return most;
  while (fails.cells - fits.cells > 1) {
    const share = fails.excess === Infinity ? 0.5 : fits.excess / (fits.excess - fails.excess);
    const guess = fits.cells + Math.floor(share * (fails.cells - fits.cells));
    const cells = Math.min(fails.cells - 1, Math.max(fits.cells + 1, guess));
    const tried = { cells, excess: excess(cells) };
    if (tried.excess <= 0) fits = tried;
    else fails = tried;
  }
  return fits.cells;
}
