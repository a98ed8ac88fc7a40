import type { TrainingBatch } from '@icl-gd/transformer';
import type { Draws } from './draws.ts';
import { once } from '../../tasks/once.ts';
import { ATTRIBUTES, type Attribute, type Cue, lexicon } from './lexicon.ts';
import { MAX_SENTENCE_LENGTH, type Question, prompt, questions } from './grammar.ts';
import { isHeldOut } from './tasks.ts';
import { BOS, EOS, vocabulary } from './tokenizer.ts';

/** Shares (0 to 1) of the kinds of documents, and which tokens the loss is taken on. */
export interface CorpusMix {
  /** Share of recitations, which repeat a list of random words; all other documents are classification episodes. */
  readonly recitations: number;
  /** Share of the episodes whose examples are single words instead of sentences. */
  readonly glossaries: number;
  /** Share of the episodes whose answers are the language's own names of the classes. */
  readonly named: number;
  /** Share of the episodes whose answers are a label word followed by the language's own name of the class. */
  readonly explained: number;
  /** Least and greatest number of examples in an episode. */
  readonly examples: readonly [number, number];
  /** Share of the tokens outside answers that the loss is taken on. */
  readonly otherTokens: number;
}

/** Tokens, and for each whether the loss is always taken on it: answers, and the repeats of a recitation. */
interface Document {
  readonly tokens: number[];
  readonly answers: boolean[];
}

const idOf = (word: string): number => vocabulary().get(word) as number;
const ids = (words: readonly string[]): number[] => words.map(idOf);
/** Ids of all words but the special ones. */
const everyWord = once(() => [...vocabulary().values()].slice(3));

/** Label words that an episode about an attribute may use: those that no embedded task pairs with it. */
const allowedLabelWords = once(() => {
  const attributes = Object.keys(ATTRIBUTES) as Attribute[];
  const allowed = attributes.map((attribute) => {
    const asking = questions().filter((question) => question.attribute === attribute);
    const cues = new Set<Cue>(asking.map(({ cue }) => cue));
    return [attribute, lexicon().labelWords.filter((word) => !isHeldOut(cues, word))];
  });
  return Object.fromEntries(allowed) as Readonly<Record<Attribute, readonly string[]>>;
});

/**
 * Packed documents of at most `tokens` tokens together, and the rows that the loss is taken on.
 *
 * @param longest most tokens in a document
 */
export function drawBatch(draws: Draws, mix: CorpusMix, tokens: number, longest: number): TrainingBatch {
  const sequences: number[][] = [];
  const rows: number[] = [];
  const targets: number[] = [];
  let used = 0;
  for (;;) {
    const { tokens: document, answers } = drawDocument(draws, mix, longest);
    if (used + document.length > tokens && used > 0) return { sequences, targets: { rows, tokens: targets } };
    sequences.push(document);
    for (let i = 1; i < document.length; i++) {
      if (!answers[i] && !draws.happens(mix.otherTokens)) continue;
      rows.push(used + i - 1);
      targets.push(document[i] as number);
    }
    used += document.length;
  }
}

function drawDocument(draws: Draws, mix: CorpusMix, longest: number): Document {
  return draws.happens(mix.recitations) ? recitation(draws) : episode(draws, mix, longest);
}

function recitation(draws: Draws): Document {
  const list = Array.from({ length: draws.between(3, 20) }, () => draws.one(everyWord()));
  const times = draws.between(2, 3);
  const tokens = [idOf(BOS), ...Array.from({ length: times }, () => list).flat(), idOf(EOS)];
  return { tokens, answers: tokens.map((_, i) => i > list.length && i < tokens.length - 1) };
}

/**
 * Examples of one question. Which of its classes occur, and the word that answers for each, is drawn for the episode. Every
 * example is prompt, answer and `</s>`, as in the contexts of the experiment.
 */
function episode(draws: Draws, mix: CorpusMix, longest: number): Document {
  const question = draws.one(questions());
  const count = draws.between(2, Math.min(5, question.classes.length));
  const classes = draws.several([...question.classes.keys()], count);
  const kind = drawKind(draws, mix);
  const labelWords =
    kind === 'named'
      ? classes.map((place) => question.names[place] as string)
      : draws.several(allowedLabelWords()[question.attribute], count);
  const glossary = draws.happens(mix.glossaries);
  const document: Document = { tokens: [idOf(BOS)], answers: [false] };
  const length = draws.between(3, MAX_SENTENCE_LENGTH);
  for (let i = draws.between(...mix.examples); i > 0; i--) {
    const choice = draws.below(count);
    const place = classes[choice] as number;
    const value = draws.one(question.classes[place] as readonly number[]);
    const asked = glossary ? glossaryPrompt(draws, question, value) : prompt(draws, question, value, length);
    const answer = [labelWords[choice] as string];
    if (kind === 'explained') answer.push(question.names[place] as string);
    if (document.tokens.length + asked.length + answer.length + 1 > longest) break;
    const add = (token: number, isAnswer: boolean): void => {
      document.tokens.push(token);
      document.answers.push(isAnswer);
    };
    for (const token of ids(asked)) add(token, false);
    for (const token of ids(answer)) add(token, true);
    add(idOf(EOS), false);
  }
  return document;
}

function drawKind(draws: Draws, { named, explained }: CorpusMix): 'named' | 'explained' | 'plain' {
  if (draws.happens(named)) return 'named';
  return draws.happens(explained / (1 - named)) ? 'explained' : 'plain';
}

function glossaryPrompt(draws: Draws, { attribute, cue }: Question, value: number): string[] {
  return [draws.one(lexicon().content[attribute][value] as readonly string[]), cue];
}
