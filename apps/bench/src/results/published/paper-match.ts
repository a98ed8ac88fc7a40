import { paperTasks } from '../../tasks/tasks.ts';
import { readPublishedDatasets } from './read-published.ts';

/** What the published figures were measured on, for people. */
export const PAPER_MODEL = 'fairseq dense 1.3B';

/** The paper's model on the hub. Other models have its configuration: those that were trained further. */
const HUB_MODEL = 'KoboldAI/fairseq-dense-1.3B';
/** By key of DecoderConfig: what tells the model's configuration from others. */
const CONFIGURATION: readonly (readonly [key: string, value: string | number])[] = [
  ['family', 'xglm'],
  ['layers', 24],
  ['dModel', 2048],
  ['heads', 32],
  ['dFeedForward', 8192],
  ['vocabSize', 50261],
];

/** Rows of the splits that the hub has and the released code evaluates; Table 3 counts some of them otherwise. */
const ROWS = new Map<string, readonly [train: number, validation: number]>([
  ['sst2', [67349, 872]],
  ['sst5', [8544, 1101]],
  ['mr', [8530, 1066]],
  ['subj', [8000, 2000]],
  ['agnews', [120000, 7600]],
  ['cb', [250, 56]],
]);

/** Where a dataset came from, as far as it is known. */
interface DataSource {
  readonly train: number;
  readonly validation: number;
  readonly hub?: { readonly id: string; readonly config?: string | undefined } | undefined;
}

/** Settings that every published figure has; learning rates, seeds and orders are each dataset's own. */
const SETTINGS: readonly (readonly [key: string, option: string, value: string | number])[] = [
  ['shots', '--shots', 32],
  ['examples', '--examples', 2000],
  ['probe', '--probe', 'label'],
];

/** What a run knows of its model and data. */
export interface RunSource {
  readonly model: {
    readonly hub?: { readonly id: string } | undefined;
    readonly config: Readonly<Record<string, unknown>>;
  };
  readonly datasets: ReadonlyMap<string, DataSource>;
  /** Settings of the run by key of RunSettings. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** Which numbers of a run may stand beside the paper's: those of its model on its data. */
export interface PaperMatch {
  /** Ids of the datasets that are the paper's, if the model is; else none. */
  readonly datasets: ReadonlySet<string>;
  /** One line about what is not compared, or what is taken on trust; empty if there is nothing to say. */
  readonly notice: string;
}

/** @param source undefined where the run does not say what it was made of */
export function matchPaper(source: RunSource | undefined): PaperMatch {
  if (!source)
    return nothing(
      'manifest.json, which says what model and data the run was of, is not there or is of another run',
    );
  const model = matchModel(source.model);
  if (model === 'another') return nothing(`the model is not the paper's (${PAPER_MODEL})`);
  const known = paperTasks().flatMap(({ id }) => (source.datasets.has(id) ? [id] : []));
  if (known.length === 0) return nothing("none of the datasets is one of the paper's");
  const reasons = known.map((id) => [id, whyOther(id, source.datasets.get(id) as DataSource)] as const);
  const own = reasons.flatMap(([id, reason]) => (reason === undefined ? [id] : []));
  const others = reasons.flatMap(([id, reason]) => (reason === undefined ? [] : [`${id}: ${reason}`]));
  if (own.length === 0) return nothing(`the data is not the paper's (${others.join('; ')})`);
  const notes = [
    ...(others.length === 0
      ? []
      : [`Not compared, since the data is not the paper's: ${others.join('; ')}.`]),
    ...(model === 'alike'
      ? [
          `The model has the configuration of ${HUB_MODEL}; that its weights are the same is taken on trust, since it is not from the hub.`,
        ]
      : []),
    ...otherSettings(source.settings),
  ];
  return { datasets: new Set(own), notice: notes.join(' ') };
}

function nothing(reason: string): PaperMatch {
  return {
    datasets: new Set(),
    notice: `No published figure stands beside these numbers and no claim of the paper is judged: ${reason}.`,
  };
}

function matchModel({ hub, config }: RunSource['model']): 'same' | 'alike' | 'another' {
  if (hub) return hub.id.toLowerCase() === HUB_MODEL.toLowerCase() ? 'same' : 'another';
  return CONFIGURATION.every(([key, value]) => config[key] === value) ? 'alike' : 'another';
}

/** Why data under the id of one of the paper's datasets is not that; undefined if it is. */
function whyOther(id: string, { train, validation, hub }: DataSource): string | undefined {
  const task = paperTasks().find((own) => own.id === id);
  if (hub && task?.hub) {
    const same = bare(hub.id) === bare(task.hub.id) && hub.config === task.hub.config;
    return same ? undefined : `from ${hub.id} of the hub`;
  }
  const published = readPublishedDatasets().find(({ dataset }) => dataset === id);
  const [ownTrain, ownValidation] = ROWS.get(id) ?? [];
  const sizes = [
    [ownTrain, ownValidation],
    [published?.train, published?.validation],
  ];
  if (sizes.some(([first, second]) => first === train && second === validation)) return undefined;
  return `${train} and ${validation} rows instead of ${ownTrain} and ${ownValidation}`;
}

/** Comparable, but not equal. */
function otherSettings(settings: RunSource['settings']): string[] {
  const other = SETTINGS.flatMap(([key, option, value]) => {
    const own = settings[key] ?? value;
    return own === value ? [] : [`${option} ${JSON.stringify(own)} (paper: ${value})`];
  });
  if (settings['learningRate'] !== undefined)
    other.push(`--learning-rate ${JSON.stringify(settings['learningRate'])} (paper: one for each dataset)`);
  return other.length === 0 ? [] : [`Options that are not the paper's: ${other.join(', ')}.`];
}

function bare(id: string): string {
  return id.replace(/@.*$/, '').toLowerCase();
}
