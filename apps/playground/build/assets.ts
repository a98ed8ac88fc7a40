import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EMBEDDED_MODEL } from '@icl-gd/bench';
import type { Plugin } from 'vite';
import { BUNDLED_MODEL } from '../src/bundled-model.ts';
import { readyMadeTasks } from './ready-made-tasks.ts';

/** Of a build for another hub than huggingface.co, as VITE_HUB names it; the page itself reads that too. */
function hubAddresses(): string {
  const own = process.env['VITE_HUB'];
  return own ? new URL(own).origin : 'https://huggingface.co https://*.huggingface.co https://*.hf.co';
}

/** What may be loaded, and from where: the page itself, and the hub when it is asked for. No text is made into code. */
function policy(): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "worker-src 'self'",
    `connect-src 'self' ${hubAddresses()}`,
    "form-action 'self'",
    "base-uri 'none'",
  ].join('; ');
}

/** The bundled model and the ready-made tasks beside the page: copied into a build, answered by the development server. */
export function pageAssets(): Plugin {
  const make = new Map<string, () => Promise<string | Uint8Array>>([
    ...BUNDLED_MODEL.files.map(
      (file) => [`${BUNDLED_MODEL.folder}/${file}`, () => readFile(join(EMBEDDED_MODEL, file))] as const,
    ),
    ['tasks.json', async () => JSON.stringify(await readyMadeTasks())],
  ]);
  return {
    name: 'icl-gd-playground',
    async generateBundle() {
      for (const [fileName, contents] of make)
        this.emitFile({ type: 'asset', fileName, source: await contents() });
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        const contents = make.get((request.url ?? '').slice(1).split('?')[0] ?? '');
        if (!contents) return next();
        return void contents().then((body) => response.end(body), next);
      });
    },
    transformIndexHtml: {
      order: 'post',
      handler: (_, { server }) =>
        // The development server puts scripts and styles into the page itself.
        server
          ? []
          : [
              {
                tag: 'meta',
                attrs: { 'http-equiv': 'Content-Security-Policy', content: policy() },
                injectTo: 'head-prepend',
              },
            ],
    },
  };
}
