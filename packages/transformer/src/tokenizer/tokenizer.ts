import { join } from 'node:path';
import { fileExists, readTextFile } from '../checkpoint/files.ts';
import { readJsonFile } from '../checkpoint/json-file.ts';
import { UserError } from '../errors.ts';
import { AddedTokens } from './added-tokens.ts';
import { byteLevelDefinition } from './byte-level.ts';
import { type TokenizerDefinition, parseDefinition } from './definition.ts';
import { type Steps, createSteps } from './library-steps.ts';
import { createModel } from './models/create-model.ts';
import type { Model } from './models/model.ts';
import { quote } from './quote.ts';

/** Text to token ids and back. */
export interface Tokenizer {
  /** One more than the largest token id. */
  readonly vocabSize: number;
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
  readonly #steps: Steps;
  readonly #added: AddedTokens;
  readonly #model: Model;
  readonly #tokens = new Map<number, string>();
  readonly #file: string;

  constructor(definition: TokenizerDefinition, file: string) {
    const { model, added_tokens: added } = definition;
    this.#file = file;
    this.#steps = createSteps(definition, file);
    this.#added = new AddedTokens(added, (text) => this.#steps.normalize(text), file);
    this.#model = createModel(model);
    for (const [token, id] of model.vocabulary) this.#tokens.set(id, token);
    if (model.type === 'Unigram')
      for (const [id, token] of model.tokens.entries()) this.#tokens.set(id, token);
    for (const { id, content } of added) this.#tokens.set(id, content);
    let largest = -1;
    for (const id of this.#tokens.keys()) if (id > largest) largest = id;
    this.vocabSize = largest + 1;
  }

  encode(text: string): number[] {
    if (!text.isWellFormed()) {
      throw new UserError(
        `${this.#file}: half of a surrogate pair, which is no character, is in the text ${quote(text)}`,
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
          );
        }
        for (const id of found) ids.push(id);
      }
    }
    return ids;
  }

  decode(ids: readonly number[]): string {
    const tokens = ids.flatMap((id) => this.#tokens.get(id) ?? []);
    return tokens.length === 0 ? '' : this.#steps.decode(tokens);
  }
}

/** The tokenizer of a checked definition; `file` stands in messages. @throws UserError if a step is not supported */
export function tokenizerOf(definition: TokenizerDefinition, file: string): Tokenizer {
  return new HuggingFaceTokenizer(definition, file);
}

/**
 * Loads the tokenizer of a Hugging Face model directory: tokenizer.json, or else vocab.json and merges.txt as GPT-2's
 * byte-level BPE.
 *
 * @throws UserError naming the file if there is none, or if it is damaged, contradicts itself or is of a kind that is
 *   not supported
 */
export async function loadTokenizer(directory: string): Promise<Tokenizer> {
  const single = join(directory, 'tokenizer.json');
  if (await fileExists(single)) {
    return tokenizerOf(parseDefinition(await readJsonFile(single, 'tokenizer'), single), single);
  }
  const vocab = join(directory, 'vocab.json');
  if (!(await fileExists(vocab))) {
    throw new UserError(
      `${directory}: no tokenizer: found neither tokenizer.json nor vocab.json with merges.txt`,
    );
  }
  const merges = await readTextFile(join(directory, 'merges.txt'), 'tokenizer merges');
  const definition = byteLevelDefinition(await readJsonFile(vocab, 'tokenizer vocabulary'), merges);
  return tokenizerOf(parseDefinition(definition, `${vocab}, merges.txt`), vocab);
}
