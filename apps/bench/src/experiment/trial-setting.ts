import type { ProbeToken } from '@icl-gd/methods';
import type { CellAddress } from './cell.ts';
import type { RunSetting } from './setting.ts';

/** By probe token, the run's own first. */
export type ByToken<T> = ReadonlyMap<ProbeToken, T>;

/** A setting of a trial with the addresses of its records. */
export interface TrialSetting {
  readonly setting: RunSetting;
  readonly id: string;
  /** The trial's own, or the one that was chosen for it; null where it takes none, or none was found. */
  readonly learningRate: number | null;
  readonly addresses: ByToken<CellAddress>;
  /** Why it cannot be made in this trial, if it cannot. */
  readonly unavailable?: string;
}
