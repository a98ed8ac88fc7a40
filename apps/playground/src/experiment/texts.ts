import { type Demonstration, type Query, tokenize } from '@icl-gd/methods';
import { type DecoderConfig, type Tokenizer, UserError } from '@icl-gd/transformer';
import type { Experiment, LabelledText } from './experiment.ts';

/** The texts of an experiment as a model takes them. */
export interface EncodedTexts {
  readonly demonstrations: readonly Demonstration[];
  readonly queries: readonly Query[];
  /** Words that the tokenizer has no token for, each once. */
  readonly unknownWords: readonly string[];
}

type Texts = Pick<Experiment, 'template' | 'labelWords' | 'demonstrations' | 'queries'>;
type Limits = Pick<DecoderConfig, 'contextLength' | 'eosTokenId'>;

/** What stands for a text in a template. */
const PLACE_OF_TEXT = '{text}';

/**
 * Encodes the texts of an experiment.
 * @throws UserError if something is lacking, does not fit the model's context or cannot be told apart
 */
export function encodeTexts(texts: Texts, tokenizer: Tokenizer, limits: Limits): EncodedTexts {
  const { template, labelWords, demonstrations, queries } = texts;
  if (!template.includes(PLACE_OF_TEXT))
    throw new UserError(`The template needs ${PLACE_OF_TEXT} where the text comes.`);
  if (labelWords.length < 2) throw new UserError('Give two answers or more, so that there is a choice.');
  const repeated = labelWords.find((word, place) => labelWords.indexOf(word) !== place);
  if (repeated !== undefined) throw new UserError(`The answer “${repeated}” is there twice: leave one out.`);
  if (demonstrations.length === 0) throw new UserError('There is no demonstration: add one or draw some.');
  if (queries.length === 0) throw new UserError('There is no query: add one or draw some.');
  requireText('Demonstration', demonstrations);
  requireText('Query', queries);
  const fill = ({ text }: LabelledText): string => template.replaceAll(PLACE_OF_TEXT, () => text).trim();
  const encoded = tokenize(tokenizer, {
    demonstrations: demonstrations.map((each) => ({
      prompt: fill(each),
      label: labelWords[each.label] ?? '',
    })),
    queries: queries.map(fill),
    options: labelWords,
    eosTokenId: limits.eosTokenId,
  });
  requireRoom(encoded.demonstrations, encoded.queries, limits.contextLength);
  return { ...encoded, unknownWords: unknownWords(texts, tokenizer) };
}

/** @throws UserError if one of them has no text */
function requireText(what: string, examples: readonly LabelledText[]): void {
  for (const [i, { text }] of examples.entries())
    if (text.trim() === '') throw new UserError(`${what} ${i + 1} has no text: write one or remove it.`);
}

/** @throws UserError if all demonstrations and the longest query do not fit into one context */
function requireRoom(
  demonstrations: readonly Demonstration[],
  queries: readonly Query[],
  room: number,
): void {
  const context = demonstrations.reduce((sum, { tokens }) => sum + tokens.length + 1, 1);
  const longest = Math.max(
    ...queries.map(({ tokens, options }) => tokens.length + Math.max(...options.map(({ length }) => length))),
  );
  if (context + longest > room)
    throw new UserError(
      `The demonstrations and the longest query make ${context + longest} tokens, but this model reads ${room} at most: take fewer or shorter demonstrations.`,
    );
}

/** Words that come back as something else: the tokenizer has one token for all that it does not know. */
function unknownWords(
  { template, labelWords, demonstrations, queries }: Texts,
  tokenizer: Tokenizer,
): string[] {
  const all = [
    template.replaceAll(PLACE_OF_TEXT, ' '),
    ...labelWords,
    ...[...demonstrations, ...queries].map(({ text }) => text),
  ];
  const words = new Set(all.flatMap((text) => text.split(/\s+/)).filter((word) => word !== ''));
  return [...words].filter((word) => {
    const back = tokenizer.decode(tokenizer.encode(word));
    return tokenizer.specialTokens.some((special) => back.includes(special) && !word.includes(special));
  });
}
