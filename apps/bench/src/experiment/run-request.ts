import type { ProbeToken } from '@icl-gd/methods';
import type { DownloadObserver, ModelLocation } from '@icl-gd/transformer';
import type { ForeignFamilies } from '../plugins/family-file.ts';
import type { ForeignMetrics } from '../plugins/metric-file.ts';
import type { PluginFile } from '../plugins/plugin-file.ts';
import type { RunSettings } from './plan.ts';
import type { DeviceProfile } from './profile/device-profile.ts';
import type { SettingCounts } from './setting-counts.ts';

/** A run: what to compute, of what, where. */
export interface RunRequest {
  readonly model: ModelLocation;
  /** Folder with a folder for each dataset, or `hub`; absent where every task has its own data. */
  readonly data: string | undefined;
  /**
   * Ends the run at the next step or batch: it rejects with the signal's reason. Cells that are finished stay on record, and
   * the same request goes on from them.
   */
  readonly signal?: AbortSignal;
  /** Told about downloads of datasets. */
  readonly observer?: DownloadObserver;
  readonly settings: RunSettings;
  /** The words that asked for it, for its manifest. */
  readonly command?: readonly string[];
  readonly adapter: string;
  readonly out: string;
  /** Folder whose `records/` are read and written; `out` if not given. Several runs may share it. */
  readonly recordsIn?: string;
  /** A probe token that a later run with the same records asks for: recorded in the same forward passes. */
  readonly alsoProbe?: readonly ProbeToken[];
  /** Also put h and m of every setting into `probes/`. */
  readonly saveProbes: boolean;
  /** Drop h and m once no further setting of the run needs them; a learner added later needs them computed again. */
  readonly discardProbes: boolean;
  /** Compute everything again, whatever records exist. */
  readonly fresh: boolean;
  /** Keys of the records that earlier runs of the same command have written: `fresh` does not mean those. */
  readonly written?: Set<string>;
  /** Counts the settings of all runs of the same command. */
  readonly counts?: SettingCounts;
  /** Takes in how long each kernel ran, in all runs of the same command; no number depends on it. */
  readonly profile?: DeviceProfile;
  readonly tokenBudget?: number;
  /** Bytes that may be allocated on the device. */
  readonly memoryBudget?: number;
  /** Files of the learners that are not part of this program, by id. */
  readonly foreignLearners?: ReadonlyMap<string, PluginFile>;
  /** Metrics that are not part of this program, and their files, by id; see `loadMetricFiles`. */
  readonly foreignMetrics?: ForeignMetrics;
  /** Families that are not part of this program, and their files; see `loadFamilyFiles`. */
  readonly foreignFamilies?: ForeignFamilies;
}
