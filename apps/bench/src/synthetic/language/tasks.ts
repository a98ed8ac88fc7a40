import { once } from '../../tasks/once.ts';
import { lexicon, type Cue } from './lexicon.ts';

/** A task of the synthetic language that stands for one of the paper's. */
export interface SyntheticTask {
  /** `syn-` and the id of the paper's task that it stands for: its numbers are never taken for that task's. */
  readonly id: string;
  readonly title: string;
  /** The cue of the question that it asks. */
  readonly cue: Cue;
  readonly classNames: readonly string[];
  /** For each class, the index of that class among the question's classes. */
  readonly classes: readonly number[];
  /** Words in a sentence; absent where a text is a premise and a hypothesis, whose lengths the grammar fixes. */
  readonly length?: number;
  readonly labelWords: readonly string[];
}

type Shape = Omit<SyntheticTask, 'classes' | 'labelWords'> & { readonly classes?: readonly number[] };

const SHAPES: readonly Shape[] = [
  {
    id: 'syn-sst2',
    title: 'SST-2 (synthetic)',
    cue: 'Label:',
    classNames: ['negative', 'positive'],
    length: 4,
  },
  {
    id: 'syn-sst5',
    title: 'SST-5 (synthetic)',
    cue: 'Strength:',
    classNames: ['very negative', 'negative', 'neutral', 'positive', 'very positive'],
    length: 5,
  },
  {
    id: 'syn-mr',
    title: 'MR (synthetic)',
    cue: 'Sentiment:',
    classNames: ['negative', 'positive'],
    length: 6,
  },
  {
    id: 'syn-subj',
    title: 'Subj (synthetic)',
    cue: 'Type:',
    classNames: ['objective', 'subjective'],
    length: 7,
  },
  {
    id: 'syn-agnews',
    title: 'AG News (synthetic)',
    cue: 'Topic:',
    classNames: ['world', 'sports', 'business', 'technology'],
    classes: [1, 2, 3, 5],
    length: 8,
  },
  {
    id: 'syn-cb',
    title: 'CB (synthetic)',
    cue: 'Answer:',
    classNames: ['entailment', 'contradiction', 'neutral'],
  },
];

/** Six tasks in the shape of the paper's: as many classes, lengths in the same order. No two share a label word. */
export const syntheticTasks = once((): readonly SyntheticTask[] => {
  let next = 0;
  return SHAPES.map((shape) => {
    const first = next;
    next += shape.classNames.length;
    return {
      ...shape,
      classes: shape.classes ?? shape.classNames.map((_, i) => i),
      labelWords: lexicon().labelWords.slice(first, next),
    };
  });
});

/**
 * Whether pretraining must not pair the label word with a question of these cues: whether a task that asks one of them
 * uses it. Given all cues that ask for one attribute, no task's pair of attribute and label word is ever seen in pretraining.
 */
export function isHeldOut(cues: ReadonlySet<Cue>, word: string): boolean {
  return syntheticTasks().some(({ cue, labelWords }) => cues.has(cue) && labelWords.includes(word));
}
