import { Pcg64 } from '@icl-gd/transformer';
import { once } from '../../tasks/once.ts';

/**
 * The latent attributes of the synthetic language and the number of values of each. Every content word stands for one value of
 * one attribute.
 */
export const ATTRIBUTES = { strength: 5, topic: 6, subjectivity: 2, relation: 3 } as const;

export type Attribute = keyof typeof ATTRIBUTES;

/** Content words for each value: adjectives for strength, nouns for topic, verbs for subjectivity, clause verbs for relation. */
const WORDS_PER_VALUE: Readonly<Record<Attribute, number>> = {
  strength: 8,
  topic: 8,
  subjectivity: 8,
  relation: 5,
};
const FUNCTION_WORDS = 12;
const LABEL_WORDS = 32;
const LANGUAGE_SEED = 20_240_616;

/** Words before a text or a hypothesis. */
export const OPENINGS = ['Sentence:', 'Review:', 'Input:', 'Article:', 'Premise:', 'Question:'] as const;

/** Words after a text, each of which asks one question. */
export const CUES = ['Label:', 'Sentiment:', 'Strength:', 'Type:', 'Topic:', 'Answer:'] as const;

export type Opening = (typeof OPENINGS)[number];
export type Cue = (typeof CUES)[number];

export interface Lexicon {
  /** `content[attribute][value]`: the words that stand for the value. */
  readonly content: Readonly<Record<Attribute, readonly (readonly string[])[]>>;
  /** `names[attribute][value]`: the word that names the value as a class. */
  readonly names: Readonly<Record<Attribute, readonly string[]>>;
  /** Names of negative and positive polarity, whatever its strength. */
  readonly polarityNames: readonly [string, string];
  readonly functionWords: readonly string[];
  /** Words that have no meaning of their own; every episode assigns them to classes anew. */
  readonly labelWords: readonly string[];
}

const ONSETS = ['b', 'd', 'f', 'g', 'k', 'l', 'm', 'n', 'p', 'r', 's', 't', 'v', 'z', 'br', 'dr', 'kl', 'tr'];
const VOWELS = ['a', 'e', 'i', 'o', 'u'];
const CODAS = ['', 'n', 'r', 's', 'l'];

function createLexicon(): Lexicon {
  const random = new Pcg64(LANGUAGE_SEED);
  const choose = (from: readonly string[]): string =>
    from[Math.floor(random.random() * from.length)] as string;
  const taken = new Set<string>();
  const words = (count: number, syllables: number, ending: string): string[] => {
    const made: string[] = [];
    while (made.length < count) {
      let word = '';
      for (let i = 0; i < syllables; i++) word += choose(ONSETS) + choose(VOWELS);
      word += ending || choose(CODAS);
      if (taken.has(word)) continue;
      taken.add(word);
      made.push(word);
    }
    return made;
  };
  const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
  const endings: Record<Attribute, string> = {
    strength: 'ic',
    topic: '',
    subjectivity: 'en',
    relation: 'esh',
  };
  const attributes = Object.keys(ATTRIBUTES) as Attribute[];
  const each = <T>(make: (attribute: Attribute) => T): Record<Attribute, T> =>
    Object.fromEntries(attributes.map((attribute) => [attribute, make(attribute)])) as Record<Attribute, T>;
  return {
    content: each((attribute) =>
      Array.from({ length: ATTRIBUTES[attribute] }, () =>
        words(WORDS_PER_VALUE[attribute], 2, endings[attribute]),
      ),
    ),
    names: each((attribute) => words(ATTRIBUTES[attribute], 3, '').map(capital)),
    polarityNames: words(2, 3, '').map(capital) as [string, string],
    functionWords: words(FUNCTION_WORDS, 1, ''),
    labelWords: words(LABEL_WORDS, 2, '').map(capital),
  };
}

/** The words of the language: invented from a fixed seed, the same on every machine. */
export const lexicon = once(createLexicon);

/** Every word that the grammar and the prompts use, in the order of its token id (after the special tokens). */
export function vocabularyWords(): string[] {
  const { content, names, polarityNames, functionWords, labelWords } = lexicon();
  return [
    ...OPENINGS,
    ...CUES,
    ...functionWords,
    ...Object.values(content).flat(2),
    ...Object.values(names).flat(),
    ...polarityNames,
    ...labelWords,
  ];
}
