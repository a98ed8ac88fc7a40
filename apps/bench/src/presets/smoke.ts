import { join } from 'node:path';
import { writeNewModel } from '@icl-gd/transformer';
import { writeSyntheticDatasets } from '../synthetic/datasets.ts';
import { writeSyntheticTokenizer } from '../synthetic/tokenizer.ts';

/** Not the default seed of re-initialised variants, which would be the same model. */
const SEED = 1;
const ROWS = { trainRows: 16, validationRows: 16 };
const ARCHITECTURE = {
  architectures: ['XGLMForCausalLM'],
  model_type: 'xglm',
  activation_function: 'gelu',
  attention_heads: 2,
  d_model: 16,
  ffn_dim: 32,
  max_position_embeddings: 512,
  num_layers: 2,
  scale_embedding: true,
  tie_word_embeddings: true,
  torch_dtype: 'float32',
};

/** Makes the smoke run's model, tiny and random, and its synthetic data. The same bytes every time. */
export async function prepareSmoke(folder: string): Promise<{ model: string; data: string }> {
  const model = join(folder, 'random-xglm');
  const data = join(folder, 'data');
  const { vocabularySize, endOfTextToken } = await writeSyntheticTokenizer(model, { seed: SEED });
  const config = {
    ...ARCHITECTURE,
    vocab_size: vocabularySize,
    bos_token_id: endOfTextToken,
    eos_token_id: endOfTextToken,
  };
  await writeNewModel(model, config, SEED);
  await writeSyntheticDatasets(data, { seed: SEED, ...ROWS });
  return { model, data };
}
