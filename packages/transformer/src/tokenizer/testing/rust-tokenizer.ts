import { Tokenizer } from 'tokenizers';

/** What a tokenizer.json has beside what a test says of it. */
const EMPTY = {
  ...{ version: '1.0', truncation: null, padding: null, added_tokens: [] },
  ...{ normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null },
};

/**
 * Token ids that the Rust implementation gives for the texts: nothing added, special tokens not recognised.
 *
 * A pattern that it gives up on ends the whole process: none such here.
 */
export async function rustIds(definition: object, texts: readonly string[]): Promise<number[][]> {
  const whole = { ...EMPTY, ...definition };
  const ordinary = (whole.added_tokens as { special?: boolean }[]).filter(({ special }) => special !== true);
  const tokenizer = Tokenizer.fromString(JSON.stringify({ ...whole, added_tokens: ordinary }));
  const encodings = await tokenizer.encodeBatch([...texts], { addSpecialTokens: false });
  return encodings.map((encoding) => encoding.getIds());
}

/** As `rustIds`, text by text; undefined where it gives an error. */
export async function rustIdsOrErrors(
  definition: object,
  texts: readonly string[],
): Promise<(number[] | undefined)[]> {
  const tokenizer = Tokenizer.fromString(JSON.stringify({ ...EMPTY, ...definition }));
  return Promise.all(
    texts.map((text) =>
      tokenizer.encode(text, null, { addSpecialTokens: false }).then(
        (encoding) => encoding.getIds(),
        () => undefined,
      ),
    ),
  );
}

/** The texts that the Rust implementation gives for the lists of ids, special tokens included. */
export async function rustTexts(definition: object, ids: readonly (readonly number[])[]): Promise<string[]> {
  const tokenizer = Tokenizer.fromString(JSON.stringify({ ...EMPTY, ...definition }));
  return tokenizer.decodeBatch(
    ids.map((list) => [...list]),
    false,
  );
}

/** The components of the Rust implementation, each by itself. What it cannot do is refused when it is made. */
export function rustComponents(definition: object): {
  normalize(text: string): string;
  preTokenize(text: string): string[];
  decode(tokens: readonly string[]): string;
} {
  const model = { type: 'WordLevel', vocab: { x: 0 }, unk_token: 'x' };
  const tokenizer = Tokenizer.fromString(JSON.stringify({ ...EMPTY, model, ...definition }));
  const [normalizer, preTokenizer] = [tokenizer.getNormalizer(), tokenizer.getPreTokenizer()];
  const decoder = tokenizer.getDecoder();
  return {
    normalize: (text) => normalizer?.normalizeString(text) ?? text,
    preTokenize: (text) => preTokenizer!.preTokenizeString(text).map(([piece]) => piece),
    decode: (tokens) => decoder!.decode([...tokens]),
  };
}
