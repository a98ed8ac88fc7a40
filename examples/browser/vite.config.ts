import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/*
 * A folder with a folder `model` in it: config.json, model.safetensors and the files of the tokenizer. MODEL_PARENT names
 * another; in a copy of this example it is `public`, as usual with Vite.
 */
const fixture = fileURLToPath(new URL('../../tests/fixtures/own-text-gpt2', import.meta.url));

export default defineConfig({
  base: './',
  // A program that computes is one chunk.
  build: { chunkSizeWarningLimit: 1000 },
  publicDir: process.env['MODEL_PARENT'] ?? (existsSync(fixture) ? fixture : 'public'),
});
