import { UserError } from '@icl-gd/gpu-kernels/errors';

/** What a tensor of a recording holds. */
export type Kind =
  | 'h'
  | 'm'
  /** TransformerLens's caches: at every position, of which the last is the probed one. */
  | 'hook_attn_out'
  | 'hook_attn_scores'
  | 'log-probabilities'
  | 'next tokens'
  /** Of the likeliest next tokens; nothing is computed of them. */
  | 'next-token log-probabilities'
  | 'gold'
  | 'rows'
  | 'query length'
  | 'loss'
  | 'gradient norm';

/** What a name says; indices as they stand there. */
export interface NameParts {
  readonly setting?: string;
  readonly example?: number;
  readonly layer?: number;
  readonly seed?: number;
  readonly permutation?: number;
  /** What is none of these, in lower case. */
  readonly words: readonly string[];
}

/** A tensor by its name. */
export interface TensorName extends Pick<NameParts, 'setting' | 'example' | 'layer'> {
  readonly kind: Kind;
}

/** By words written together. */
const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ...['h', 'attentionoutput', 'attentionoutputs', 'attnoutput', 'attnoutputs', 'attnout'].map(
    (name) => [name, 'h'] as const,
  ),
  ...['m', 'attentionlogits', 'attnlogits', 'attentionscores', 'attnscores'].map(
    (name) => [name, 'm'] as const,
  ),
  ...['optionlogprobs', 'optionslogprobs', 'optionlogprob', 'logprobs', 'optionlogprobabilities'].map(
    (name) => [name, 'log-probabilities'] as const,
  ),
  ...['nexttokens', 'nexttokenids'].map((name) => [name, 'next tokens'] as const),
  ...['nexttokenlogprobs', 'nexttokenslogprobs'].map(
    (name) => [name, 'next-token log-probabilities'] as const,
  ),
  ...['gold', 'goldlabels', 'labels', 'label'].map((name) => [name, 'gold'] as const),
  ...['validationrows', 'rows', 'exampleindices', 'exampleids', 'indices'].map(
    (name) => [name, 'rows'] as const,
  ),
  ...['querylength', 'querylengths', 'querylen', 'querylens'].map((name) => [name, 'query length'] as const),
  ...['trainingloss', 'loss', 'losses'].map((name) => [name, 'loss'] as const),
  ...['traininggradientnorm', 'gradientnorm', 'gradientnorms'].map(
    (name) => [name, 'gradient norm'] as const,
  ),
]);

/** Attention after the softmax, by words written together. */
const AFTER_SOFTMAX = new Set([
  'attentions',
  'attentionweights',
  'attnweights',
  'attentionprobs',
  'attnprobs',
]);

/** By words written together; what is none is a learner's own name. */
const SETTINGS: ReadonlyMap<string, string> = new Map([
  ...['zsl', 'zeroshot'].map((name) => [name, 'ZSL'] as const),
  ...['icl', 'incontext', 'fewshot'].map((name) => [name, 'ICL'] as const),
  ['gd', 'GD'],
  ['lcgd', 'LCGD'],
  ...['ft', 'finetuned', 'finetuning'].map((name) => [name, 'FT'] as const),
]);
const TWO_WORDS = new Set(['zero shot', 'few shot', 'in context', 'fine tuned', 'fine tuning']);

const INDICES: ReadonlyMap<string, 'example' | 'layer' | 'seed' | 'permutation'> = new Map([
  ...['example', 'examples', 'ex', 'row', 'item', 'sample', 'prompt', 'query'].map(
    (name) => [name, 'example'] as const,
  ),
  ...['layer', 'layers', 'block', 'blocks', 'l'].map((name) => [name, 'layer'] as const),
  ['seed', 'seed'],
  ...['order', 'permutation'].map((name) => [name, 'permutation'] as const),
]);
/** What names are filled up with. */
const FILLERS = new Set(['probe', 'probes', 'activation', 'activations', 'recording', 'recordings', 'cache']);

/**
 * The setting that a name means, whatever its case and hyphens.
 * @returns the name itself if it is none of ZSL, ICL, GD, LCGD and FT: a learner of someone's own
 */
export function settingNamed(name: string): string {
  return SETTINGS.get(name.toLowerCase().replaceAll(/[^a-z]/g, '')) ?? name;
}

/**
 * What a name is made of: words and numbers between any other characters. A number belongs to the word before it that names
 * an index (`layer3`, `layer.3`, `seed5`), else to the example.
 *
 * @param where begins the error
 * @throws UserError for a name that says the same twice
 */
export function parseName(name: string, where: string): NameParts {
  const pieces = joinTwoWords(
    name
      .toLowerCase()
      .split(/[^\p{L}\p{N}]+/u)
      .filter(Boolean),
  ).flatMap(split);
  const found: { -readonly [K in keyof NameParts]: NameParts[K] } = { words: [] };
  const words: string[] = [];
  const set = (
    part: 'setting' | 'example' | 'layer' | 'seed' | 'permutation',
    value: string | number,
  ): void => {
    if (found[part] !== undefined && (part !== 'setting' || found[part] !== value))
      throw new UserError(
        `${where}: its name says two times which ${part} it is of (${found[part]}, ${value}); name it as in h.<example> or h.layer<layer>.example<example>`,
      );
    Object.assign(found, { [part]: value });
  };
  for (let i = 0; i < pieces.length; i++) {
    const piece = pieces[i] as string;
    const next = pieces[i + 1];
    const index = INDICES.get(piece);
    const setting = SETTINGS.get(piece);
    if (index && next !== undefined && isNumber(next)) {
      set(index, Number(next));
      i++;
    } else if (isNumber(piece)) set('example', Number(piece));
    else if (setting !== undefined) {
      // `finetuned_gd`: fine-tuned by what the other word says.
      if (!isFineTuning(setting, found.setting)) {
        if (isFineTuning(found.setting, setting)) delete found.setting;
        set('setting', setting);
      }
    } else if (!FILLERS.has(piece)) words.push(piece);
  }
  return { ...found, words };
}

/** Whether a word says no more than the other, a way of fine-tuning. */
function isFineTuning(setting: string | undefined, other: string | undefined): boolean {
  return setting === 'FT' && (other === 'GD' || other === 'LCGD');
}

/** What is read of TransformerLens's caches, and what stands before its name. */
const READ_HOOK = /^(?<before>.*?)blocks\.(?<layer>\d+)\.(?:attn\.)?(?<kind>hook_attn_out|hook_attn_scores)$/;
/** Modules of Hugging Face models, as their hooks are called: a layer's attention, or what is in a layer or its attention. */
const MODULE =
  /^(?<before>(?:.*?[./])??)(?:(?:base_model|model|transformer|decoder|gpt_neox)\.)*(?:h|layers)\.(?<layer>\d+)\.(?<attention>(?:attn|self_attn|attention)(?:\.|$))?(?<part>\w*)$/;
/** Of an attention block. */
const ATTENTION_PARTS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  // The block itself, and its output projections.
  ...['', 'cproj', 'outproj', 'oproj', 'dense'].map((name) => [name, 'h'] as const),
  ...['scores', 'logits'].map((name) => [name, 'm'] as const),
]);
/** Any name of such a cache. */
const HOOK = /(?:^|[./])hook_\w+$/;

/**
 * What a tensor is by its name.
 * @param numbers whether it holds numbers that may be h or m: not integers, such as token ids
 * @returns undefined for what nothing is computed of: a hook of TransformerLens, integers of an unknown name
 * @throws UserError if the name is of nothing that is known, or ambiguous
 */
export function parseTensorName(name: string, file: string, numbers = true): TensorName | undefined {
  const where = `${file}: tensor ${JSON.stringify(name)}`;
  const hook = READ_HOOK.exec(name)?.groups;
  if (hook) {
    const { words, ...parts } = parseName(hook['before'] as string, where);
    if (words.length > 0) throw unknown(where);
    return { ...parts, layer: Number(hook['layer']), kind: hook['kind'] as Kind };
  }
  if (HOOK.test(name)) return undefined;
  const module = MODULE.exec(name)?.groups;
  if (module) {
    const part = (module['part'] as string).toLowerCase().replaceAll('_', '');
    const kind =
      KINDS.get(part) ?? (module['attention'] === undefined ? undefined : ATTENTION_PARTS.get(part));
    if (AFTER_SOFTMAX.has(part)) throw afterSoftmax(where);
    const { words, ...parts } = parseName(module['before'] as string, where);
    if (kind && words.length === 0) return { ...parts, layer: Number(module['layer']), kind };
  }
  const { words, ...parts } = parseName(name, where);
  const together = words.join('');
  if (!numbers && !KINDS.has(together)) return undefined;
  if (AFTER_SOFTMAX.has(together)) throw afterSoftmax(where);
  const kind = KINDS.get(together);
  if (kind === undefined) throw unknown(where);
  return { ...parts, kind };
}

function afterSoftmax(where: string): UserError {
  return new UserError(`${where} is attention after the softmax; m is the scores before it (scaled q·k)`);
}

function unknown(where: string): UserError {
  return new UserError(
    `${where} is none that is known: h and m (h, m, attention_output, attention_logits, with .<example>), option_log_probs, gold, or TransformerLens's names; rename it, or leave out what is none of these (docs/probe-files.md)`,
  );
}

function joinTwoWords(chunks: readonly string[]): string[] {
  const joined: string[] = [];
  for (let i = 0; i < chunks.length; i++) {
    const chunk = chunks[i] as string;
    if (TWO_WORDS.has(`${chunk} ${chunks[i + 1]}`)) joined.push(`${chunk}${chunks[++i]}`);
    else joined.push(chunk);
  }
  return joined;
}

/** `layer3`, `h0`: a word and its number. Others, as `gpt2`, stay whole. */
function split(chunk: string): string[] {
  const [, word, number] = /^(\p{L}+)(\d+)$/u.exec(chunk) ?? [];
  if (word === undefined || number === undefined) return [chunk];
  return INDICES.has(word) || KINDS.has(word) || SETTINGS.has(word) ? [word, number] : [chunk];
}

function isNumber(piece: string): boolean {
  return /^\d{1,9}$/.test(piece);
}
