import { UserError } from '../../errors.ts';
import { type AddedToken, type AddedTokenOptions, assignedIds } from '../added-token.ts';
import { LARGEST_ID } from '../models/definition.ts';
import { quote } from '../../words.ts';
import { type TokenizerSettings, parseAddedToken } from './settings.ts';

/** Files of one tokenizer that say something of added tokens. */
export interface AddedSources {
  /** Those of tokenizer.json. */
  readonly base: readonly AddedToken[];
  /** Whether the tokenizer has `base` from the beginning, or begins without any. */
  readonly kept: boolean;
  readonly settings: TokenizerSettings;
  readonly settingsFile: string;
  readonly specialTokensMap: Readonly<Record<string, unknown>>;
  readonly addedTokens: Readonly<Record<string, unknown>>;
  readonly addedTokensFile: string;
  /** Special tokens that the class has where the files name no other. */
  readonly defaults: Readonly<Record<string, string>>;
  /** Whether the class makes all that is named special a special token, even one that is an ordinary added token. */
  readonly allSpecial: boolean;
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly vocabularySize: number;
}

const NAMES = ['bos_token', 'eos_token', 'unk_token', 'sep_token', 'pad_token', 'cls_token', 'mask_token'];

function contentOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || !('content' in value)) return undefined;
  return typeof value.content === 'string' ? value.content : undefined;
}

interface SpecialTokens {
  /** By name, as bos_token. */
  readonly named: readonly string[];
  readonly further: readonly string[];
  /** What makes a token of added_tokens.json a special one. */
  readonly inFiles: ReadonlySet<string>;
}

function contentsOf(values: readonly unknown[]): string[] {
  return values.map(contentOf).filter((content) => content !== undefined && content !== '') as string[];
}

function specialTokens({ settings, specialTokensMap, defaults }: AddedSources): SpecialTokens {
  // special_tokens_map.json is older than added_tokens_decoder and not read beside it.
  const map = settings.added_tokens_decoder === undefined ? specialTokensMap : {};
  const all: ReadonlyMap<string, unknown> = new Map([
    ...Object.entries(defaults),
    ...Object.entries(settings),
    ...Object.entries(map),
  ]);
  const isOther = (name: string): boolean => name.endsWith('_token') && !NAMES.includes(name);
  const named = [...NAMES, ...[...all.keys()].filter(isOther)].map((name) => all.get(name));
  const { extra_special_tokens: extra, additional_special_tokens: additional } = settings;
  const ownExtra = extra && Object.keys(extra).length > 0 ? extra : additional;
  const mapExtra = Object.hasOwn(map, 'extra_special_tokens') ? map['extra_special_tokens'] : undefined;
  const further: unknown[] = [];
  for (const tokens of [ownExtra, mapExtra]) {
    if (Array.isArray(tokens)) further.push(...tokens);
    else if (typeof tokens === 'object' && tokens !== null) named.push(...Object.values(tokens));
  }
  const fromFiles = NAMES.map((name) => (Object.hasOwn(map, name) ? map[name] : settings[name]));
  const inFiles = new Set(contentsOf([...fromFiles, ...further]));
  // Read too late to count for added_tokens.json.
  const late = Object.hasOwn(map, 'additional_special_tokens') ? map['additional_special_tokens'] : undefined;
  if (further.length === 0 && Array.isArray(late)) further.push(...late);
  return { named: contentsOf(named), further: contentsOf(further), inFiles };
}

function tokenIdOf(id: unknown, content: string, file: string): number {
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= LARGEST_ID) return id;
  throw new UserError(`${file}: the added token ${quote(content)} has no whole number as its id`);
}

/** The tokens that transformers would add to the tokenizer, by the ids that the files give them. */
function declared(sources: AddedSources, special: ReadonlySet<string>): Map<number, AddedTokenOptions> {
  const { settings, settingsFile, addedTokens, addedTokensFile, base } = sources;
  const byId = new Map<number, AddedTokenOptions>();
  if (settings.added_tokens_decoder !== undefined) {
    for (const [key, value] of Object.entries(settings.added_tokens_decoder)) {
      const token = parseAddedToken(value, `added_tokens_decoder.${key}`, settingsFile);
      byId.set(tokenIdOf(/^\d+$/.test(key) ? Number(key) : undefined, token.content, settingsFile), token);
    }
    return byId;
  }
  for (const [content, id] of Object.entries(addedTokens)) {
    const isSpecial = special.has(content);
    const options = { content, special: isSpecial, normalized: !isSpecial };
    byId.set(tokenIdOf(id, content, addedTokensFile), parseAddedToken(options, content, addedTokensFile));
  }
  for (const { id, ...token } of base) byId.set(id, token);
  return byId;
}

/** All added tokens of the tokenizer that AutoTokenizer of transformers 5.18 makes, in its order. */
export function addedTokensOf(sources: AddedSources): AddedToken[] {
  const { named, further, inFiles } = specialTokens(sources);
  const kept = sources.kept ? sources.base : [];
  const tokens: (AddedTokenOptions & { id?: number })[] = [...kept];
  const add = (token: AddedTokenOptions & { id?: number }): void => {
    tokens.push(token);
  };
  const special = new Set([...named, ...further]);
  const all = [...declared(sources, inFiles)].toSorted(([a], [b]) => a - b);
  for (const [id, token] of all) {
    add({ ...token, id, special: token.special || named.includes(token.content) });
  }
  const contents = new Set(tokens.map(({ content }) => content));
  for (const content of special) {
    if (contents.has(content) && !sources.allSpecial) continue;
    add({ content, special: true, normalized: false, single_word: false, lstrip: false, rstrip: false });
  }
  const ids = assignedIds(tokens, sources.vocabulary, sources.vocabularySize);
  return tokens.map((token) => ({ ...token, id: token.id ?? ids.get(token.content)! }));
}
