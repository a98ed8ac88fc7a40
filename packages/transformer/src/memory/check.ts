import { UserError } from '../errors.ts';
import type { MemoryPlan } from './plan.ts';
import type { PlannedDevice } from './planned-device.ts';

/** What an adapter can do, and what it may use. */
export interface DeviceLimits extends PlannedDevice {
  readonly maxBufferBytes: number;
  /** Bytes that may be allocated on the device in all. */
  readonly budgetBytes: number;
  /** Where the budget comes from, in words that follow "more than". */
  readonly budgetName: string;
}

/**
 * @throws UserError with what is too large and by how much if the plan does not fit: more than the budget
 *   (`memory-budget`), than a buffer may have (`buffer-limit`) or than may be bound (`binding-limit`)
 */
export function checkMemoryPlan(plan: MemoryPlan, limits: DeviceLimits): void {
  const { largestWeight: weight, refusals } = plan;
  if (plan.peak > limits.budgetBytes) {
    throw new UserError(
      `this needs ${formatBytes(plan.peak)} on the device, more than ${limits.budgetName} (${describeMemoryPlan(plan)})`,
      'memory-budget',
    );
  }
  if (weight.bytes > limits.maxBufferBytes) {
    throw new UserError(
      `${weight.name} needs ${weight.bytes} bytes in one buffer, and this adapter allows ${limits.maxBufferBytes}`,
      'buffer-limit',
    );
  }
  if (refusals[0] !== undefined) throw new UserError(refusals[0], 'binding-limit');
}

/** The plan's parts in one line. */
export function describeMemoryPlan(plan: MemoryPlan): string {
  const { weights, evaluation, inContext, overlay, training, queryScores } = plan;
  const parts = {
    ...{ weights, evaluation, 'in context': inContext, 'K/V copy': overlay, training },
    'training attention': queryScores,
  };
  return Object.entries(parts)
    .filter(([, bytes]) => bytes > 0)
    .map(([name, bytes]) => `${name} ${formatBytes(bytes)}`)
    .join(', ');
}

/** In GiB, or MiB where that is less than one. */
export function formatBytes(bytes: number): string {
  return bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(2)} MiB` : `${(bytes / 2 ** 30).toFixed(2)} GiB`;
}
