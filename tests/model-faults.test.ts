import { readFileSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FixtureCopy } from './damage.ts';
import { iclGd } from './golden.ts';
import { type Fault, expectRefusal, remove } from './refusal.ts';

const WEIGHTS = 'model.safetensors';
const FUSED = 'transformer.h.0.attn.c_attn.weight';

/** A PyTorch weights file whose pickle would call os.system. */
const MALICIOUS = Buffer.from(
  'UEsDBBQAAAAAACkBeF0R6xIYOQAAADkAAAAKAAAAbS9kYXRhLnBrbIACfXEAWAEAAAB3cQFjcG9zaXgKc3lzdGVtCnECWA0AAABl' +
    'Y2hvIGV4ZWN1dGVkcQOFcQRScQVzLlBLAQIUAxQAAAAAACkBeF0R6xIYOQAAADkAAAAKAAAAAAAAAAAAAACAAQAAAABtL2RhdGEu' +
    'cGtsUEsFBgAAAAABAAEAOAAAAGEAAAAAAA==',
  'base64',
);

function onlyTorchWeights(copy: FixtureCopy, bytes: Uint8Array, file = 'pytorch_model.bin'): void {
  remove(copy, `model/${WEIGHTS}`);
  writeFileSync(join(copy.model, file), bytes);
}

const MODEL_FAULTS: Fault[] = [
  {
    fault: 'no model folder',
    names: /nowhere.*does not exist/,
    options: (copy) => ['--model', join(copy.folder, 'nowhere')],
  },
  {
    fault: 'config.json missing',
    names: /config\.json.*does not exist/,
    damage: (copy) => remove(copy, 'model/config.json'),
  },
  {
    fault: 'config.json truncated',
    names: /config\.json.*JSON/,
    damage: (copy) => truncateSync(join(copy.model, 'config.json'), 100),
  },
  {
    fault: 'config.json garbled',
    names: /config\.json.*UTF-8/,
    damage: (copy) => writeFileSync(join(copy.model, 'config.json'), Buffer.from([0xff, 0xfe, 0x80, 0x7b])),
  },
  {
    fault: 'config.json lacks a key',
    names: /config\.json.*n_layer/,
    damage: (copy) => copy.editConfig({ n_layer: undefined }),
  },
  {
    fault: 'width no multiple of heads',
    names: /config\.json.*24.*5 attention heads/,
    damage: (copy) => copy.editConfig({ n_head: 5 }),
  },
  {
    fault: 'unknown family',
    names: /config\.json.*mamba.*gpt2/,
    damage: (copy) => copy.editConfig({ model_type: 'mamba' }),
  },
  {
    fault: 'unknown activation',
    names: /config\.json.*activation.*snake/,
    damage: (copy) => copy.editConfig({ activation_function: 'snake' }),
  },
  {
    fault: 'BOS outside the vocabulary',
    names: /config\.json.*bos.*454/i,
    damage: (copy) => copy.editConfig({ bos_token_id: 454 }),
  },
  {
    fault: 'weights missing',
    names: /model\.safetensors/,
    damage: (copy) => remove(copy, `model/${WEIGHTS}`),
  },
  {
    fault: 'weights empty',
    names: /model\.safetensors.*empty/,
    damage: (copy) => truncateSync(join(copy.model, WEIGHTS), 0),
  },
  {
    fault: 'weights truncated',
    names: /model\.safetensors.*cut off/,
    damage: (copy) => truncateSync(join(copy.model, WEIGHTS), 100_000),
  },
  {
    fault: 'header longer than the file',
    names: /model\.safetensors.*header claims 18446744073709551615 bytes/,
    damage: (copy) =>
      writeFileSync(join(copy.model, WEIGHTS), Buffer.concat([Buffer.alloc(8, 0xff), Buffer.from('{}')])),
  },
  {
    fault: 'header is no JSON',
    names: /model\.safetensors.*header.*JSON/,
    damage: (copy) => writeFileSync(join(copy.model, WEIGHTS), Buffer.from('\u0004\0\0\0\0\0\0\0{{{{')),
  },
  {
    fault: 'tensors overlap',
    names: /model\.safetensors.*c_attn.*overlaps/,
    damage: (copy) => copy.editWeights((header) => (header[FUSED]!.data_offsets = [0, 6912])),
  },
  {
    fault: 'offsets out of range',
    names: /model\.safetensors.*c_attn.* ends at byte 10000/,
    damage: (copy) => copy.editWeights((header) => (header[FUSED]!.data_offsets = [1e9, 1e9 + 6912])),
  },
  {
    fault: 'unknown dtype',
    names: /model\.safetensors.*c_attn.*F33/,
    damage: (copy) => copy.editWeights((header) => (header[FUSED]!.dtype = 'F33')),
  },
  {
    fault: 'integer weights',
    names: /model\.safetensors.*c_attn.*I32/,
    damage: (copy) => copy.editWeights((header) => (header[FUSED]!.dtype = 'I32')),
  },
  {
    fault: 'tensor missing',
    names: /transformer\.h\.0\.attn\.c_attn\.weight.*missing/,
    damage: (copy) =>
      copy.editWeights((header) => {
        header['transformer.h.0.attn.other'] = header[FUSED]!;
        delete header[FUSED];
      }),
  },
  {
    fault: 'tensor misshapen',
    names: /c_attn.*\[72, 24\].*\[24, 72\]/,
    damage: (copy) => copy.editWeights((header) => (header[FUSED]!.shape = [72, 24])),
  },
  {
    fault: 'NaN weight',
    names: /model\.safetensors.*c_attn.*NaN.*element 100/,
    damage: (copy) =>
      copy.editWeights((header, data) => data.writeFloatLE(Number.NaN, header[FUSED]!.data_offsets[0] + 400)),
  },
  {
    fault: 'PyTorch weights with code',
    names: /pytorch_model\.bin: refused: its pickle names "posix\.system"/,
    damage: (copy) => onlyTorchWeights(copy, MALICIOUS),
  },
  {
    fault: 'PyTorch weights of before 1.6',
    names: /pytorch_model\.bin.*before 1\.6/,
    damage: (copy) => onlyTorchWeights(copy, Buffer.from('80028a0a6cfc9c46f9206aa850192e', 'hex')),
  },
  {
    fault: 'PyTorch shard outside of the folder',
    names: /pytorch_model\.bin\.index\.json.*\.\.\/\.\.\/secret\.bin.*no file of this directory/,
    damage: (copy) =>
      onlyTorchWeights(
        copy,
        Buffer.from('{"weight_map":{"w":"../../secret.bin"}}'),
        'pytorch_model.bin.index.json',
      ),
  },
  {
    fault: 'tokenizer missing',
    names: /tokenizer/,
    damage: (copy) => remove(copy, 'model/tokenizer.json', 'model/vocab.json', 'model/merges.txt'),
  },
  {
    fault: 'tokenizer garbled',
    names: /tokenizer\.json.*JSON/,
    damage: (copy) => truncateSync(join(copy.model, 'tokenizer.json'), 500),
  },
  {
    fault: 'merges missing',
    names: /merges\.txt/,
    damage: (copy) => remove(copy, 'model/tokenizer.json', 'model/merges.txt'),
  },
  { fault: 'tokenizer of another model', names: /token \d+.*vocab_size 4/, damage: shrinkVocabulary },
];

/** Leaves only four tokens in model and weights, not in the tokenizer. */
function shrinkVocabulary(copy: FixtureCopy): void {
  copy.editConfig({ vocab_size: 4, bos_token_id: 0, eos_token_id: 0 });
  copy.editWeights((header, data) => {
    const embedding = header['transformer.wte.weight']!;
    const start = embedding.data_offsets[0];
    header['transformer.wte.weight'] = { ...embedding, shape: [4, 24], data_offsets: [start, start + 384] };
    // Nothing is said of a stored mask.
    header['transformer.h.0.attn.masked_bias'] = {
      dtype: 'F32',
      shape: [450, 24],
      data_offsets: [start + 384, data.length],
    };
  });
}

it.each(MODEL_FAULTS)('refuses: $fault', (fault) => expectRefusal(fault));

it('leaves the tables of an earlier run as they are when a later one is refused', async () => {
  using copy = new FixtureCopy('own-text-gpt2');
  expect((await iclGd(copy.arguments('--examples', '1', '--shots', '1'))).code).toBe(0);
  const before = fileTexts(copy.out);
  copy.editWeights((header, data) => data.writeFloatLE(Number.NaN, header[FUSED]!.data_offsets[0]));
  expect((await iclGd(copy.arguments('--examples', '1', '--shots', '1'))).code).toBe(2);
  expect(fileTexts(copy.out)).toEqual(before);
});

function fileTexts(folder: string): [string, string][] {
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map(({ name }) => [name, readFileSync(join(folder, name), 'utf8')]);
}
