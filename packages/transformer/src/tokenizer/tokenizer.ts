import { join } from 'node:path';
import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import { fileExists, readTextFile } from '../checkpoint/files.ts';
import { readJsonFile } from '../checkpoint/json-file.ts';
import { UserError } from '../errors.ts';
import { byteLevelDefinition } from './byte-level.ts';
import { type TokenizerDefinition, parseDefinition } from './definition.ts';
import { type Steps, createSteps } from './pipeline/steps.ts';

// No vocabulary holds it, so that an unknown piece shows up as a token without an id instead of vanishing.
const NO_TOKEN = '\0no token\0';

/** Text to token ids and back. */
export interface Tokenizer {
  /** One more than the largest token id. */
  readonly vocabSize: number;
  /**
   * Token ids of a text, as it stands: nothing is stripped, no BOS or EOS is added, special tokens are never recognised.
   *
   * @throws UserError if a part of the text is outside of the vocabulary and the tokenizer has no unknown token
   */
  encode(text: string): number[];
  /** The text of the tokens, special ones included. An id that stands for no token gives nothing. */
  decode(ids: readonly number[]): string;
}

function build({ model, ...rest }: TokenizerDefinition, steps: Steps, file: string): LibraryTokenizer {
  const unknown = 'unk_token' in model && model.unk_token ? model.unk_token : NO_TOKEN;
  try {
    const library = new LibraryTokenizer(
      {
        normalizer: null,
        pre_tokenizer: null,
        post_processor: null,
        decoder: null,
        // Special tokens would be recognised inside texts.
        added_tokens: rest.added_tokens.filter(({ special }) => special !== true),
        model: { ...model, unk_token: unknown },
      },
      { clean_up_tokenization_spaces: false, unk_token: unknown },
    );
    library.normalizer = ((text: string) =>
      steps.normalize(text)) as unknown as LibraryTokenizer['normalizer'];
    library.pre_tokenizer = ((text: string, { section_index: section }: { section_index: number }) =>
      steps.preTokenize(text, section === 0)) as unknown as LibraryTokenizer['pre_tokenizer'];
    return library;
  } catch (error) {
    throw new UserError(
      `${file}: no usable tokenizer: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

class HuggingFaceTokenizer implements Tokenizer {
  readonly vocabSize: number;
  readonly #library: LibraryTokenizer;
  readonly #steps: Steps;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #unknownId: number | undefined;
  readonly #tokens: string[];
  readonly #file: string;

  constructor(definition: TokenizerDefinition, file: string) {
    this.#file = file;
    this.#steps = createSteps(definition, file);
    this.#library = build(definition, this.#steps, file);
    const model = this.#library.model!;
    this.#ids = model.tokens_to_ids;
    this.#unknownId = model.unk_token_id;
    this.#tokens = model.vocab;
    const added = definition.added_tokens;
    for (const { id, content } of added) this.#tokens[id] = content;
    this.vocabSize = this.#tokens.length;
  }

  encode(text: string): number[] {
    return this.#library.tokenize(text).map((token: string) => {
      const id = this.#ids.get(token) ?? this.#unknownId;
      if (id === undefined) {
        throw new UserError(
          `${this.#file}: the vocabulary has no token for a part of ${quote(text)}, nor one for the unknown`,
        );
      }
      return id;
    });
  }

  decode(ids: readonly number[]): string {
    return this.#steps.decode(ids.flatMap((id) => this.#tokens[id] ?? []));
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length <= 60 ? text : `${text.slice(0, 60)}…`);
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
    return new HuggingFaceTokenizer(parseDefinition(await readJsonFile(single, 'tokenizer'), single), single);
  }
  const vocab = join(directory, 'vocab.json');
  if (!(await fileExists(vocab))) {
    throw new UserError(
      `${directory}: no tokenizer: found neither tokenizer.json nor vocab.json with merges.txt`,
    );
  }
  const merges = await readTextFile(join(directory, 'merges.txt'), 'tokenizer merges');
  const definition = byteLevelDefinition(await readJsonFile(vocab, 'tokenizer vocabulary'), merges);
  return new HuggingFaceTokenizer(parseDefinition(definition, `${vocab}, merges.txt`), vocab);
}
