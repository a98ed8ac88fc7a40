import { defineConfig } from 'vite';
import { pageAssets } from './build/assets.ts';

export default defineConfig({
  // The build works below any address.
  base: './',
  plugins: [pageAssets()],
  worker: { format: 'es' },
  build: {
    target: 'baseline-widely-available',
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,
  },
});
