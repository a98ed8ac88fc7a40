import type { Gpu } from '@icl-gd/gpu-kernels';
import type { Peer } from './contender.ts';
import type { TorchPeer } from './libraries/torch.ts';
import type { Report } from './report.ts';

/** What every part works with. */
export interface Bench {
  readonly gpu: Gpu;
  /** Ours first. */
  readonly peers: readonly Peer[];
  readonly torch: TorchPeer | undefined;
  readonly rounds: number;
  /** Of work in a turn. */
  readonly seconds: number;
  readonly report: Report;
  /** What devices have said of the libraries' mistakes since it was asked last. */
  readonly deviceErrors: () => readonly string[];
}
