import { UserError } from '../errors.ts';
import { AddedTokens } from './added-tokens.ts';
import type { TokenizerDefinition } from './definition.ts';
import { readTokenizer } from './files/read-tokenizer.ts';
import { type Steps, createSteps } from './pipeline/steps.ts';
import { createModel } from './models/create-model.ts';
import type { TokensById } from './models/definition.ts';
import type { Model } from './models/model.ts';
import { givenSource } from '../source/given-source.ts';
import type { ModelSource } from '../source/source.ts';
import { quote } from '../words.ts';

/** Text to token ids and back. */
export interface Tokenizer {
  /** One more than the largest token id. */
  readonly vocabSize: number;
  /** The texts of special tokens, which `encode` does not recognise. */
  readonly specialTokens: readonly string[];
  /**
   * Token ids of a text, as it stands: nothing is stripped, no BOS or EOS is added, special tokens are never recognised.
   *
   * @throws UserError if a part of the text is outside of the vocabulary and the tokenizer has no unknown token, or if the
   *   text has half of a surrogate pair
   */
  encode(text: string): number[];
  /** The text of the tokens, special ones included. An id that stands for no token gives nothing. */
  decode(ids: readonly number[]): string;
}

class HuggingFaceTokenizer implements Tokenizer {
  readonly vocabSize: number;
  readonly specialTokens: readonly string[];
  readonly #steps: Steps;
  readonly #added: AddedTokens;
  readonly #model: Model;
  readonly #tokens: TokensById;
  readonly #addedById = new Map<number, string>();
  readonly #file: string;

  constructor(definition: TokenizerDefinition, file: string) {
    const { model, added_tokens: added } = definition;
    this.#file = file;
    this.#steps = createSteps(definition, file);
    this.#added = new AddedTokens(added, this.#steps, file);
    this.#model = createModel(model);
    this.#tokens = model.tokens;
    this.specialTokens = added.flatMap(({ special, content }) => (special ? [content] : []));
    for (const { id, content } of added) this.#addedById.set(id, content);
    this.vocabSize = added.reduce((size, { id }) => Math.max(size, id + 1), model.tokens.length);
  }

  encode(text: string): number[] {
    if (!text.isWellFormed()) {
      throw new UserError(
        `${this.#file}: half of a surrogate pair, which is no character, is in the text ${quote(text)}`,
        'invalid-text',
      );
    }
    const ids: number[] = [];
    for (const section of this.#added.split(text)) {
      if (typeof section === 'number') {
        ids.push(section);
        continue;
      }
      for (const piece of this.#steps.preTokenize(section.text, section.first)) {
        if (piece === '') continue;
        const found = this.#model.encode(piece);
        if (found === undefined) {
          throw new UserError(
            `${this.#file}: the vocabulary has no token for a part of ${quote(text)}, nor one for the unknown`,
            'invalid-text',
          );
        }
        for (const id of found) ids.push(id);
      }
    }
    return ids;
  }

  decode(ids: readonly number[]): string {
    const tokens = ids.flatMap((id) => this.#addedById.get(id) ?? this.#tokens[id] ?? []);
    return tokens.length === 0 ? '' : this.#steps.decode(tokens);
  }
}

/** The tokenizer of a checked definition; `file` stands in messages. @throws UserError if a step is not supported */
export function tokenizerOf(definition: TokenizerDefinition, file: string): Tokenizer {
  return new HuggingFaceTokenizer(definition, file);
}

/**
 * Loads the tokenizer of a Hugging Face model directory, as AutoTokenizer of transformers 5.18 does: tokenizer.json, or else
 * vocab.json and merges.txt, and the files beside them (docs/tokenizers.md).
 *
 * @param from as for {@link loadModel}
 * @param options.warn is told where transformers, and so this program, takes other steps than tokenizer.json has
 * @param options.signal ends the loading
 * @throws UserError naming the file if there is none, or if it is damaged, contradicts itself or is of a kind that is
 *   not supported
 */
export async function loadTokenizer(
  from: string | ModelSource,
  options: { warn?(line: string): void; readonly signal?: AbortSignal | undefined } = {},
): Promise<Tokenizer> {
  const warn = (line: string): void => options.warn?.(line);
  const { signal } = options;
  const source = await givenSource(from, { warn, signal });
  const { definition, file } = await readTokenizer(source, warn, signal);
  return tokenizerOf(definition, file);
}
