import { type Mutant, mutantsOf } from '../mutant.ts';

const SRC = 'packages/transformer/src';
const http = [`${SRC}/source/http.test.ts`];
const hub = [`${SRC}/source/hub.test.ts`];
const loading = [`${SRC}/source/loading.test.ts`];

/** Where models are read from: folders, servers, the hub, memory. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf({ file: `${SRC}/source/ranged-file.ts`, tests: http }, [
    {
      id: 'range-inclusive',
      kind: 'off by one',
      find: 'Range: `bytes=${start}-${end - 1}`',
      replace: 'Range: `bytes=${start}-${end}`',
    },
    {
      id: 'range-version-ignored',
      kind: 'check dropped',
      find: '|| version === opened.version;',
      replace: '|| true;',
    },
    {
      id: 'range-block-start',
      kind: 'off by one',
      find: 'Math.max(0, Math.min(offset, opened.bytes - BLOCK))',
      replace: 'offset',
    },
    {
      id: 'range-kept-too-short',
      kind: 'bound dropped',
      find: 'start <= offset && end <= start + bytes.length',
      replace: 'start <= offset && offset < start + bytes.length',
    },
    {
      id: 'range-short-answer',
      kind: 'check dropped',
      find: 'if (bytes.length < length)\n',
      replace: 'if (bytes.length === 0)\n',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/source/http.ts`, tests: http }, [
    {
      id: 'page-for-file',
      kind: 'check dropped',
      find: '(status === 200 || status === 206) && !isPage',
      replace: 'status === 200 || status === 206',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/source/hub.ts`, tests: hub }, [
    {
      id: 'hub-secret-elsewhere',
      kind: 'secret',
      find: "...(isOwn ? { endpoint: href.replace(/\\/+$/, '') } : secrets),",
      replace: "...secrets,\n    ...(isOwn ? { endpoint: href.replace(/\\/+$/, '') } : {}),",
    },
  ]),
  ...mutantsOf({ file: `${SRC}/weights/load.ts`, tests: loading }, [
    {
      id: 'load-signal-at-end',
      kind: 'check dropped',
      find: 'await gpu.finish();\n    signal?.throwIfAborted();',
      replace: 'await gpu.finish();',
    },
  ]),
  ...mutantsOf({ file: `${SRC}/source/source.ts`, tests: loading }, [
    {
      id: 'signal-not-raced',
      kind: 'check dropped',
      find: 'return await Promise.race([work(), aborted]);',
      replace: 'return await work();',
    },
  ]),
];
