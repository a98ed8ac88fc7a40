import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { ADAPTER_FILES } from '../checkpoint/weight-files.ts';
import type { DecoderConfig } from '../config.ts';
import type { Family } from '../families/family.ts';
import { elementCount } from '../shape.ts';
import { hasFile, placeOf } from '../source/source.ts';
import { listed } from '../words.ts';
import { storedName } from './stored-name.ts';

/** Masks and tables that older versions of Hugging Face's classes stored beside the weights. */
const BUFFERS =
  /\.attn\.(attention\.)?(masked_)?bias$|\.attention\.(masked_)?bias$|rotary_emb\.inv_freq$|embed_positions\.(weights|_float_tensor)$/;
const HEADS = ['lm_head.weight', 'embed_out.weight'];

/**
 * One line about each kind of thing in a model directory that has no part in the model: layers that config.json does not
 * count, other tensors, those that the index of shards does not have, an unembedding of its own where config.json ties it,
 * adapters.
 * @param checkpoint that has a tensor for every parameter
 * @throws UserError if a file cannot be read
 */
export async function weightWarnings(
  checkpoint: Checkpoint,
  family: Family,
  config: DecoderConfig,
): Promise<string[]> {
  const { source, place } = checkpoint;
  const used = new Set([...family.sources(config).values()].map((source) => storedName(checkpoint, source)));
  const unused = [...checkpoint.tensors.keys()].filter((name) => !used.has(name) && !BUFFERS.test(name));
  const lines: string[] = [];
  const head = config.tiedUnembedding ? unused.find((name) => HEADS.includes(name)) : undefined;
  if (head !== undefined && !(await isEmbedding(checkpoint, family, config, head)))
    lines.push(
      `${place}: ${head} is not used: it differs from the token embeddings, and config.json ties them; transformers 5 uses it all the same, as this program does with "tie_word_embeddings": false`,
    );
  const isBeyond = (name: string): boolean => (layerOf(name) ?? 0) >= config.layers;
  const beyond = unused.filter(isBeyond);
  if (beyond.length > 0) {
    const last = beyond.reduce((most, name) => Math.max(most, layerOf(name) ?? 0), 0);
    lines.push(
      `${place}: config.json has ${config.layers} layers, the checkpoint ${last + 1}: those from layer ${config.layers} on, counted from 0, are not used: ${listed(beyond)}`,
    );
  }
  const others = unused.filter((name) => name !== head && !isBeyond(name));
  if (others.length > 0)
    lines.push(
      `${place}: ${others.length} ${others.length === 1 ? 'tensor is' : 'tensors are'} not used: ${listed(others)}`,
    );
  const { misplaced } = checkpoint;
  if (misplaced.length > 0)
    lines.push(
      `${place}: not used, as the index of shards does not have them there (${misplaced.length}): ${listed(misplaced)}`,
    );
  for (const file of ADAPTER_FILES) {
    if (!(await hasFile(source, file))) continue;
    lines.push(`${placeOf(source, file)}: adapters are not applied; merge them into the weights first`);
    break;
  }
  return lines;
}

/** The number of the layer that a tensor belongs to. */
function layerOf(tensor: string): number | undefined {
  const number = /(?:^|\.)(?:layers|h)\.(\d{1,9})\./.exec(tensor)?.[1];
  return number === undefined ? undefined : Number(number);
}

/** Whether an unembedding has the values of the token embeddings. */
async function isEmbedding(
  checkpoint: Checkpoint,
  family: Family,
  config: DecoderConfig,
  head: string,
): Promise<boolean> {
  const source = family.sources(config).get('embedding.tokens');
  const embedding = source && storedName(checkpoint, source);
  const [a, b] = [checkpoint.tensors.get(head), checkpoint.tensors.get(embedding ?? '')];
  if (!a || !b || embedding === undefined || a.shape.join() !== b.shape.join()) return false;
  if (a.file === b.file && a.offset === b.offset && a.dtype === b.dtype) return true;
  const count = elementCount(a.shape);
  const [own, theirs] = [checkpoint.chunks(head, 0, count), checkpoint.chunks(embedding, 0, count)];
  try {
    return await haveEqualValues(own, theirs, count);
  } finally {
    // Their files are closed before the last chunk, too.
    await Promise.all([own.return(undefined), theirs.return(undefined)]);
  }
}

/** Compares as many numbers, whose chunks may differ in length. */
async function haveEqualValues(
  own: AsyncGenerator<Float32Array>,
  theirs: AsyncGenerator<Float32Array>,
  count: number,
): Promise<boolean> {
  const next = async (chunks: AsyncGenerator<Float32Array>): Promise<Float32Array> =>
    Float32Array.from((await chunks.next()).value as Float32Array);
  let left: Float32Array = new Float32Array(0);
  let right: Float32Array = new Float32Array(0);
  for (let done = 0; done < count;) {
    if (left.length === 0) left = await next(own);
    if (right.length === 0) right = await next(theirs);
    const common = Math.min(left.length, right.length);
    for (let i = 0; i < common; i++) if (left[i] !== right[i]) return false;
    [left, right] = [left.subarray(common), right.subarray(common)];
    done += common;
  }
  return true;
}
