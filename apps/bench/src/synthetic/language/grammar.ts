import { once } from '../../tasks/once.ts';
import type { Draws } from './draws.ts';
import { ATTRIBUTES, type Attribute, type Cue, type Opening, lexicon } from './lexicon.ts';

/** Values of the latent attributes of a text. */
export type Latents = Readonly<Record<Attribute, number>>;

export function drawLatents(draws: Draws, fixed: Partial<Latents> = {}): Latents {
  const latents = Object.entries(ATTRIBUTES).map(([attribute, count]) => [attribute, draws.below(count)]);
  return { ...(Object.fromEntries(latents) as Latents), ...fixed };
}

/**
 * A sentence of `length` words: a noun for the topic, a verb for the subjectivity and an adjective for the strength in this
 * order, from six words on a second noun, from seven on a second adjective; function words at random places make up the rest.
 */
export function sentence(draws: Draws, latents: Latents, length: number): string[] {
  const { content, functionWords } = lexicon();
  const word = (attribute: Attribute): string =>
    draws.one(content[attribute][latents[attribute]] as string[]);
  const words = [word('topic'), word('subjectivity'), word('strength')];
  if (length > 5) words.push(word('topic'));
  if (length > 6) words.push(word('strength'));
  while (words.length < length) words.splice(draws.below(words.length + 1), 0, draws.one(functionWords));
  return words;
}

/**
 * A premise and a hypothesis: the premise embeds a clause under a clause verb, which says whether the clause holds (0), does not
 * hold (1) or is left open (2); the hypothesis repeats the clause.
 */
export function premiseAndHypothesis(
  draws: Draws,
  latents: Latents,
): { premise: string[]; hypothesis: string[] } {
  const { content, functionWords } = lexicon();
  const clause = sentence(draws, latents, 3);
  const clauseVerb = draws.one(content.relation[latents.relation] as string[]);
  const subject = draws.one(content.topic[draws.below(ATTRIBUTES.topic)] as string[]);
  const premise = [draws.one(functionWords), subject, clauseVerb, draws.one(functionWords), ...clause];
  return { premise, hypothesis: clause };
}

/** A question about a text: which of its classes, sets of values of one attribute, the text belongs to. */
export interface Question {
  readonly attribute: Attribute;
  readonly openings: readonly Opening[];
  readonly cue: Cue;
  readonly classes: readonly (readonly number[])[];
  /** The language's own word for each class. */
  readonly names: readonly string[];
}

function polarity(opening: Opening, cue: Cue): Question {
  const classes = [
    [0, 1],
    [3, 4],
  ];
  return { attribute: 'strength', openings: [opening], cue, classes, names: lexicon().polarityNames };
}

function single(attribute: Attribute, openings: readonly Opening[], cue: Cue): Question {
  const classes = Array.from({ length: ATTRIBUTES[attribute] }, (_, value) => [value]);
  return { attribute, openings, cue, classes, names: lexicon().names[attribute] };
}

/** Every question of the language; several may ask about the same attribute. */
export const questions = once((): readonly Question[] => [
  polarity('Sentence:', 'Label:'),
  polarity('Review:', 'Sentiment:'),
  single('strength', ['Sentence:'], 'Strength:'),
  single('subjectivity', ['Input:'], 'Type:'),
  single('topic', ['Article:'], 'Topic:'),
  single('relation', ['Premise:', 'Question:'], 'Answer:'),
]);

export const MAX_SENTENCE_LENGTH = 8;

/** The words of a prompt, with the cue as the last. */
export function prompt(draws: Draws, question: Question, value: number, length: number): string[] {
  const latents = drawLatents(draws, { [question.attribute]: value });
  const [opening, second] = question.openings;
  if (second) {
    const { premise, hypothesis } = premiseAndHypothesis(draws, latents);
    return [opening as string, ...premise, second, ...hypothesis, question.cue];
  }
  return [opening as string, ...sentence(draws, latents, length), question.cue];
}
