/** Options of `icl-gd run` as typed. */
export interface RawRunOptions {
  readonly model: string;
  readonly data: string;
  readonly taskFile: readonly string[];
  readonly datasets: string;
  readonly methods: string;
  readonly controls: string;
  readonly controlVariants: string;
  readonly learnerFile: readonly string[];
  readonly metricFile: readonly string[];
  readonly familyFile: readonly string[];
  readonly variants: string;
  readonly shots: string;
  readonly seeds: string;
  readonly permutation: string;
  readonly fineTuningOrder: string;
  readonly examples: string;
  readonly learningRate: string;
  readonly rate: string;
  readonly development: string;
  readonly probe: string;
  readonly adapter: string;
  readonly out: string;
  readonly preset: string;
  readonly initSeed: string;
  readonly tokenBudget: string;
  readonly dtype: string;
  readonly matmul: string;
  readonly memoryBudget: string;
  readonly checkOnly: boolean;
  readonly saveProbes: boolean;
  readonly discardProbes: boolean;
  readonly fresh: boolean;
  readonly releasedNorms: boolean;
  readonly dryRun: boolean;
  readonly noiseFloor: boolean;
  readonly trainingAttention: boolean;
  readonly matchedDemonstrations: boolean;
  readonly weightChanges: boolean;
  readonly gradientNorms: boolean;
  readonly margin: string;
  readonly profile: string | true;
  readonly measure: boolean;
}

/** Options of `icl-gd inspect` as typed. */
export interface RawInspectOptions {
  readonly model: string;
  readonly text?: string;
  readonly tokens?: string;
  readonly greedy?: string;
  readonly adapter?: string;
  readonly bos?: boolean;
  readonly json?: boolean;
  readonly dtype?: string;
  readonly memoryBudget?: string;
  readonly familyFile?: readonly string[];
}

/** Options of `icl-gd pretrain` as typed. */
export interface RawPretrainOptions {
  readonly preset?: string;
  readonly seed?: string;
  readonly out?: string;
  readonly adapter?: string;
  readonly stopAfter?: string;
  readonly fresh?: boolean;
}

/** Options of `icl-gd tables` and `icl-gd validate` as typed. */
export interface RawResultsOptions {
  readonly from?: string;
  readonly out?: string;
  /** Of `validate` alone. */
  readonly margin?: string;
  readonly headline?: string;
}

/** Options of `icl-gd score` as typed. */
export interface RawScoreOptions {
  readonly probes?: string;
  readonly metricFile?: readonly string[];
  readonly out?: string;
}

/** Options of `icl-gd shots` as typed or by default. */
export type RawShotsOptions = Partial<Omit<RawRunOptions, 'shots'>> & {
  readonly shots: string;
  readonly labels: string;
};

/** Options of `icl-gd flips` as typed or by default. */
export type RawFlipsOptions = Partial<RawRunOptions> & { readonly shares: string };

/** Options of `icl-gd sweep` as typed or by default. */
export type RawSweepOptions = Partial<RawRunOptions> & { readonly learningRates: string };

/** Options of `icl-gd ls` as typed. */
export type RawListOptions = Partial<Pick<RawRunOptions, 'learnerFile' | 'metricFile' | 'familyFile'>>;
