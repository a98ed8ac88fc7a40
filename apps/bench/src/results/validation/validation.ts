import type { MetricCatalogue } from '@icl-gd/metrics';
import type { PaperMatch } from '../published/paper-match.ts';
import type { MeasuredRows } from '../measured-rows.ts';
import type { TrainingRows } from '../training-rows.ts';
import type { ComparedCell } from './cells.ts';
import type { JudgedClaim } from './claims.ts';
import type { ComparedCurve } from './compare-curves.ts';
import type { Figure } from './figures.ts';
import type { Likeness } from './likeness/likeness.ts';
import type { LayerNormRatio } from './norm-ratio-table.ts';
import type { NoiseFloor } from './noise.ts';
import type { Provenance } from './provenance.ts';

/** All that the one-page summary shows. */
export interface Validation {
  readonly model: string;
  readonly datasets: readonly string[];
  readonly variants: readonly string[];
  readonly methods: readonly string[];
  /** Seed and order of the trials, `5/0`. */
  readonly selections: readonly string[];
  readonly measured: MeasuredRows;
  /** What is measured; the built-in metrics if absent. */
  readonly metrics?: MetricCatalogue;
  /** Which of it stands beside the paper's figures. */
  readonly paper: PaperMatch;
  /** By how much a score may differ and count as the same. */
  readonly margin: number;
  /** What the run itself declared, if it did. */
  readonly declaredMargin?: number;
  readonly claims: readonly JudgedClaim[];
  readonly cells: readonly ComparedCell[];
  readonly curves: readonly ComparedCurve[];
  readonly figures: readonly Figure[];
  /** Empty where the run trained nothing. */
  readonly normRatios: readonly LayerNormRatio[];
  /** Empty where the run measured none. */
  readonly noise: readonly NoiseFloor[];
  /** How alike settings are to ICL, by probed token: that of the headline first. */
  readonly likeness: readonly Likeness[];
  /** The probed token of everything that stands beside the paper. */
  readonly probe: string;
  /** Weight changes and gradient norms, if they were measured. */
  readonly training?: TrainingRows;
  /** Of the runs, the headline's first; none where no manifest is there. */
  readonly provenance: readonly Provenance[];
}
