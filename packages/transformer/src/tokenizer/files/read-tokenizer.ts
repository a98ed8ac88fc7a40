import { basename, join } from 'node:path';
import { fileExists, readTextFile } from '../../checkpoint/files.ts';
import { isJsonObject, readJsonFile } from '../../checkpoint/json-file.ts';
import { UserError } from '../../errors.ts';
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

/** A tokenizer as its folder says it, and the name of its file in messages. */
export interface ReadTokenizer {
  readonly definition: TokenizerDefinition;
  readonly file: string;
}

async function optionalJson(path: string, what: string): Promise<unknown> {
  if (!(await fileExists(path))) return {};
  const json = await readJsonFile(path, what);
  checkDepth(json, path);
  return json;
}

async function readBeside(directory: string): Promise<Beside> {
  const at = (name: string): string => join(directory, name);
  const [configFile, settingsFile, addedTokensFile] = [
    at('config.json'),
    at('tokenizer_config.json'),
    at('added_tokens.json'),
  ];
  const mapFile = at('special_tokens_map.json');
  const config = parseObject(await optionalJson(configFile, 'model configuration'), configFile);
  const settings = parseSettings(await optionalJson(settingsFile, 'tokenizer settings'), settingsFile);
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
    specialTokensMap: parseObject(await optionalJson(mapFile, 'map of special tokens'), mapFile),
    addedTokens: parseObject(await optionalJson(addedTokensFile, 'added tokens'), addedTokensFile),
    tokenizerClass: tokenizerClassOf({ modelType, named, directory }),
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
  file: string,
  beside: Beside,
  warn: (line: string) => void,
): Promise<ReadTokenizer> {
  const json = await readJsonFile(file, 'tokenizer');
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

async function fromPair(directory: string, beside: Beside): Promise<ReadTokenizer> {
  const [vocabFile, mergesFile] = [join(directory, 'vocab.json'), join(directory, 'merges.txt')];
  const name = beside.isNamed ? beside.tokenizerClass : 'GPT2Tokenizer';
  if (name === 'as it stands' || !PAIR_CLASSES.includes(name)) {
    throw new UserError(
      `${directory}: no tokenizer.json, and transformers does not read vocab.json with merges.txt as ${name === 'as it stands' ? 'the class of this folder' : name}; if it is GPT-2's kind, write "tokenizer_class": "GPT2Tokenizer" into tokenizer_config.json`,
    );
  }
  const merges = mergeLines(await readTextFile(mergesFile, 'tokenizer merges'));
  const vocab = await readJsonFile(vocabFile, 'tokenizer vocabulary');
  checkDepth(vocab, vocabFile);
  const file = `${vocabFile}, ${basename(mergesFile)}`;
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
export async function readTokenizer(directory: string, warn: (line: string) => void): Promise<ReadTokenizer> {
  const has = (name: string): Promise<boolean> => fileExists(join(directory, name));
  if (await has('tokenizer.json'))
    return fromTokenizerJson(join(directory, 'tokenizer.json'), await readBeside(directory), warn);
  const hasVocabulary = await has('vocab.json');
  for (const name of hasVocabulary ? PREFERRED_FILES : FOREIGN_FILES) {
    if (!(await has(name))) continue;
    throw new UserError(
      `${directory}: no tokenizer.json, and ${name} is not read here; make one in Python: AutoTokenizer.from_pretrained(folder).save_pretrained(folder)`,
    );
  }
  if (hasVocabulary) return fromPair(directory, await readBeside(directory));
  throw new UserError(
    `${directory}: no tokenizer: found neither tokenizer.json nor vocab.json with merges.txt`,
  );
}

/** The merges of a merges.txt, without its first line and empty ones. */
function mergeLines(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version'));
}
