import { isJsonObject, readJsonFile } from '../../checkpoint/json-file.ts';
import { UserError } from '../../errors.ts';
import { readText } from '../../source/opened-file.ts';
import { type ModelSource, hasFile, placeOf } from '../../source/source.ts';
import { checkAddedTokens } from '../added-token.ts';
import { type TokenizerDefinition, checkDepth, parseDefinition } from '../definition.ts';
import { withModelType } from '../models/definition.ts';
import { addedTokensOf } from './added.ts';
import { REBUILT, type Settings } from './rebuilt.ts';
import { type TokenizerSettings, parseObject, parseSettings } from './settings.ts';
import { stepsDiffer } from './steps-differ.ts';
import {
  type RebuildingClass,
  type TokenizerClass,
  isClassFixed,
  repositoryOf,
  tokenizerClassOf,
} from './tokenizer-class.ts';

/** Other forms of tokenizers, which only a library in Python reads. */
const FOREIGN_FILES = [
  ...['tokenizer.model', 'spiece.model', 'sentencepiece.bpe.model', 'sentencepiece.model', 'spm.model'],
  ...['tekken.json', 'tiktoken.model', 'vocab.txt', 'vocab.bpe', 'encoder.json', 'dict.txt'],
];
/** Those that transformers prefers to vocab.json. */
const PREFERRED_FILES = ['tekken.json', 'tokenizer.model', 'tiktoken.model'];
const PAIR_CLASSES: readonly TokenizerClass[] = ['GPT2Tokenizer', 'GPTNeoXTokenizer', 'Qwen2Tokenizer'];

interface Beside {
  readonly settings: TokenizerSettings;
  readonly settingsFile: string;
  readonly specialTokensMap: Readonly<Record<string, unknown>>;
  readonly addedTokens: Readonly<Record<string, unknown>>;
  readonly addedTokensFile: string;
  readonly tokenizerClass: TokenizerClass;
  /** Whether any file says what class it is. */
  readonly isNamed: boolean;
  /** What to do where it is the wrong one. */
  readonly remedy: string;
}

/** Where a tokenizer is read from, and what ends the reading. */
interface Folder {
  readonly source: ModelSource;
  readonly signal: AbortSignal | undefined;
}

/** A tokenizer as its folder says it, and the name of its file in messages. */
export interface ReadTokenizer {
  readonly definition: TokenizerDefinition;
  readonly file: string;
}

async function optionalJson({ source, signal }: Folder, name: string, what: string): Promise<unknown> {
  if (!(await hasFile(source, name, signal))) return {};
  const json = await readJsonFile(source, name, what, { signal });
  checkDepth(json, placeOf(source, name));
  return json;
}

async function readBeside(folder: Folder): Promise<Beside> {
  const at = (name: string): string => placeOf(folder.source, name);
  const [configFile, settingsFile, addedTokensFile] = [
    at('config.json'),
    at('tokenizer_config.json'),
    at('added_tokens.json'),
  ];
  const mapFile = at('special_tokens_map.json');
  const json = (name: string, what: string): Promise<unknown> => optionalJson(folder, name, what);
  const config = parseObject(await json('config.json', 'model configuration'), configFile);
  const settings = parseSettings(await json('tokenizer_config.json', 'tokenizer settings'), settingsFile);
  const text = (key: string): string | undefined =>
    Object.hasOwn(config, key) && typeof config[key] === 'string' && config[key] !== ''
      ? config[key]
      : undefined;
  const [modelType, inConfig] = [text('model_type'), text('tokenizer_class')];
  const named = settings.tokenizer_class
    ? { name: settings.tokenizer_class, file: settingsFile }
    : inConfig === undefined
      ? undefined
      : { name: inConfig, file: configFile };
  return {
    ...{ settings, settingsFile, addedTokensFile },
    specialTokensMap: parseObject(await json('special_tokens_map.json', 'map of special tokens'), mapFile),
    addedTokens: parseObject(await json('added_tokens.json', 'added tokens'), addedTokensFile),
    tokenizerClass: tokenizerClassOf({ modelType, named, repository: repositoryOf(folder.source) }),
    isNamed: modelType !== undefined || named !== undefined,
    remedy: isClassFixed(modelType)
      ? `it does so for every ${modelType}`
      : 'if tokenizer.json is right, write "tokenizer_class": "PreTrainedTokenizerFast" into tokenizer_config.json',
  };
}

/** The definition with all added tokens that the files beside it say. */
function withAddedTokens(
  definition: TokenizerDefinition,
  beside: Beside,
  { kept, file }: { kept: boolean; file: string },
): TokenizerDefinition {
  const { model, added_tokens: base } = definition;
  const name = beside.tokenizerClass;
  const added = addedTokensOf({
    ...{ ...beside, base, kept, vocabulary: model.vocabulary },
    defaults: name === 'as it stands' ? {} : REBUILT[name].special,
    allSpecial: name === 'Qwen2Tokenizer',
    vocabularySize: model.type === 'Unigram' ? model.tokens.length : model.vocabulary.size,
  });
  checkAddedTokens(added, model, file);
  return { ...definition, added_tokens: added };
}

function settingsOf({ settings }: Beside, normalizer: unknown): Settings {
  const inner =
    isJsonObject(normalizer) && Array.isArray(normalizer['normalizers'])
      ? normalizer['normalizers']
      : [normalizer];
  const unknown = settings['unk_token'];
  return {
    addPrefixSpace: settings.add_prefix_space ?? undefined,
    legacy: settings.legacy ?? false,
    unknownToken: typeof unknown === 'string' ? unknown : undefined,
    precompiled: inner.find((step) => isJsonObject(step) && step['type'] === 'Precompiled'),
  };
}

/** A vocabulary with the steps that a class of transformers has around it. */
function rebuild(
  name: RebuildingClass,
  { json, beside, file }: { json: Readonly<Record<string, unknown>>; beside: Beside; file: string },
): TokenizerDefinition {
  const { model, options, steps } = REBUILT[name];
  const settings = settingsOf(beside, json['normalizer']);
  const found = withModelType(json['model']);
  const { vocab, merges } = isJsonObject(found) ? found : {};
  return parseDefinition(
    {
      ...steps(settings),
      added_tokens: json['added_tokens'],
      model: { type: model, vocab, ...(model === 'BPE' ? { merges } : {}), ...options(settings) },
    },
    file,
    true,
  );
}

/** @throws UserError if the class cannot be built around what tokenizer.json has */
function checkRebuildable(
  name: RebuildingClass,
  { json, remedy, file }: { json: Readonly<Record<string, unknown>>; remedy: string; file: string },
): void {
  const { model, byteLevel } = REBUILT[name];
  const found = withModelType(json['model']);
  const type = isJsonObject(found) ? found['type'] : undefined;
  const hasByteLevel = JSON.stringify(json['pre_tokenizer'] ?? null).includes('"ByteLevel"');
  const what =
    type !== model
      ? `its model is not ${model}`
      : hasByteLevel === byteLevel
        ? undefined
        : `its pre_tokenizer is ${byteLevel ? 'not ' : ''}byte-level`;
  if (what === undefined) return;
  throw new UserError(`${file}: transformers reads this folder as ${name}, but ${what}; ${remedy}`);
}

async function fromTokenizerJson(
  { source, signal }: Folder,
  beside: Beside,
  warn: (line: string) => void,
): Promise<ReadTokenizer> {
  const file = placeOf(source, 'tokenizer.json');
  const json = await readJsonFile(source, 'tokenizer.json', 'tokenizer', { signal });
  checkDepth(json, file);
  const name = beside.tokenizerClass;
  if (name === 'as it stands' || !isJsonObject(json))
    return { file, definition: withAddedTokens(parseDefinition(json, file), beside, { kept: true, file }) };
  checkRebuildable(name, { json, remedy: beside.remedy, file });
  const definition = rebuild(name, { json, beside, file });
  if (stepsDiffer(json, definition)) {
    warn(
      `${file}: transformers 5 reads this folder as ${name}, with that class's own steps instead of the normalizer and pre_tokenizer here, and so does this program`,
    );
  }
  return { file, definition: withAddedTokens(definition, beside, { kept: false, file }) };
}

async function fromPair({ source, signal }: Folder, beside: Beside): Promise<ReadTokenizer> {
  const vocabFile = placeOf(source, 'vocab.json');
  const name = beside.isNamed ? beside.tokenizerClass : 'GPT2Tokenizer';
  if (name === 'as it stands' || !PAIR_CLASSES.includes(name)) {
    throw new UserError(
      `${placeOf(source, '')}: no tokenizer.json, and transformers does not read vocab.json with merges.txt as ${name === 'as it stands' ? 'the class of this folder' : name}; if it is GPT-2's kind, write "tokenizer_class": "GPT2Tokenizer" into tokenizer_config.json`,
    );
  }
  const merges = mergeLines(await readText(source, 'merges.txt', 'tokenizer merges', { signal }));
  const vocab = await readJsonFile(source, 'vocab.json', 'tokenizer vocabulary', { signal });
  checkDepth(vocab, vocabFile);
  const file = `${vocabFile}, merges.txt`;
  const json = { model: { type: 'BPE', vocab, merges } };
  const definition = rebuild(name, { json, beside, file });
  return { file: vocabFile, definition: withAddedTokens(definition, beside, { kept: false, file }) };
}

/**
 * Reads the tokenizer of a folder as AutoTokenizer of transformers 5.18 does: from tokenizer.json, or else vocab.json and
 * merges.txt, and the files beside them.
 *
 * @throws UserError naming the file that is missing, damaged, contradictory or not supported
 */
export async function readTokenizer(
  source: ModelSource,
  warn: (line: string) => void,
  signal?: AbortSignal,
): Promise<ReadTokenizer> {
  const folder = { source, signal };
  const has = (name: string): Promise<boolean> => hasFile(source, name, signal);
  if (await has('tokenizer.json')) return fromTokenizerJson(folder, await readBeside(folder), warn);
  const hasVocabulary = await has('vocab.json');
  const place = placeOf(source, '');
  for (const name of hasVocabulary ? PREFERRED_FILES : FOREIGN_FILES) {
    if (!(await has(name))) continue;
    throw new UserError(
      `${place}: no tokenizer.json, and ${name} is not read here; make one in Python: AutoTokenizer.from_pretrained(folder).save_pretrained(folder)`,
    );
  }
  if (hasVocabulary) return fromPair(folder, await readBeside(folder));
  throw new UserError(`${place}: no tokenizer: found neither tokenizer.json nor vocab.json with merges.txt`);
}

/** The merges of a merges.txt, without its first line and empty ones. */
function mergeLines(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version'));
}
