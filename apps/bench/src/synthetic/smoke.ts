import { join } from 'node:path';
import { writeNewModel } from '@icl-gd/transformer';
import { writeEmbeddedDatasets } from './language/datasets.ts';
import { vocabulary, writeTokenizer } from './language/tokenizer.ts';

/** Not 0, the default seed of re-initialised variants: `untrained` would be the same model. */
const SEED = 1;
const ROWS = { seed: SEED, trainRows: 16, validationRows: 16 };
const config = (): Record<string, unknown> => ({
  architectures: ['XGLMForCausalLM'],
  model_type: 'xglm',
  activation_function: 'gelu',
  attention_heads: 2,
  bos_token_id: 0,
  d_model: 16,
  eos_token_id: 1,
  ffn_dim: 32,
  max_position_embeddings: 512,
  num_layers: 2,
  scale_embedding: true,
  tie_word_embeddings: true,
  torch_dtype: 'float32',
  vocab_size: vocabulary().size,
});

/** Writes the smoke preset's tiny random model and its synthetic datasets below a folder, always the same bytes. */
export async function prepareSmoke(folder: string): Promise<{ model: string; data: string }> {
  const model = join(folder, 'random-xglm');
  const data = join(folder, 'data');
  await writeNewModel(model, config(), SEED);
  await writeTokenizer(model);
  await writeEmbeddedDatasets(data, ROWS);
  return { model, data };
}
