import { lexicon, type Cue } from './lexicon.ts';

/** The embedded counterpart of one of the paper's tasks. */
export interface EmbeddedTask {
  /** The paper's dataset that it stands for. */
  readonly id: string;
  readonly title: string;
  readonly cue: Cue;
  /** Place of each class among the question's classes. */
  readonly classes: readonly number[];
  readonly classNames: readonly string[];
  /** Words of a sentence; a pair of premise and hypothesis has its own length. */
  readonly length: number;
  readonly labelWords: readonly string[];
}

let next = 0;
function task(
  id: string,
  title: string,
  cue: Cue,
  classNames: readonly string[],
  length: number,
  classes = classNames.map((_, i) => i),
): EmbeddedTask {
  const labelWords = lexicon.labelWords.slice(next, next + classNames.length);
  next += classNames.length;
  return { id, title, cue, classes, classNames, length, labelWords };
}

/** Six tasks in the shape of the paper's: as many classes, lengths in the same order. No two share a label word. */
export const EMBEDDED_TASKS: readonly EmbeddedTask[] = [
  task('sst2', 'SST-2 (synthetic)', 'Label:', ['negative', 'positive'], 4),
  task(
    'sst5',
    'SST-5 (synthetic)',
    'Strength:',
    ['very negative', 'negative', 'neutral', 'positive', 'very positive'],
    5,
  ),
  task('mr', 'MR (synthetic)', 'Sentiment:', ['negative', 'positive'], 6),
  task('subj', 'Subj (synthetic)', 'Type:', ['objective', 'subjective'], 7),
  task(
    'agnews',
    'AG News (synthetic)',
    'Topic:',
    ['world', 'sports', 'business', 'technology'],
    8,
    [1, 2, 3, 5],
  ),
  task('cb', 'CB (synthetic)', 'Answer:', ['entailment', 'contradiction', 'neutral'], 11),
];

/**
 * Label words that pretraining never uses with a question: those that any embedded task about the same attribute uses, so
 * that no task's pairing of attribute and label word has been seen.
 */
export function isHeldOut(cues: ReadonlySet<Cue>, word: string): boolean {
  return EMBEDDED_TASKS.some(({ cue, labelWords }) => cues.has(cue) && labelWords.includes(word));
}
