/** Of the model that comes with the page: folder below the page, and the files in it. */
export const BUNDLED_MODEL = {
  folder: 'model',
  files: ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'],
} as const;
