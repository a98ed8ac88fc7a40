import { spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'vite';

/*
 * Puts all that bench:gpu needs on a bare x86-64 Linux machine into a folder: Node, Dawn's bindings, one bundled file.
 *
 *   npm run pack:gpu -- [--out results/gpu-pack] [--level 6]
 */
const { values } = parseArgs({
  options: {
    out: { type: 'string', default: join(import.meta.dirname, '../../../../results/gpu-pack') },
    /** Of xz: 0 is quick, 9 small. */
    level: { type: 'string', default: '6' },
  },
});
const MOST_BYTES = 60e6;
const BUNDLE = 'bench-gpu.mjs';

const README = `# bench:gpu

On an x86-64 Linux machine with a graphics card's driver and the Vulkan loader (libvulkan.so.1, the machine's own matter): ./run, or ./run --quick first. PyTorch is measured too where python3 has it.
It writes results/gpu/gpu.jsonl as it goes and results/gpu/gpu.md at the end of each step; ./run --help has its options.
Only this folder is needed; if no adapter is found, name the driver's manifest in VK_DRIVER_FILES, and ICL_GD_DEBUG=1 shows what the loader says.
`;

const RUN = `#!/bin/sh
# Unpacks Node and Dawn beside this file at the first start, then measures.
here=$(cd "$(dirname "$0")" && pwd)
unpack() {
  [ -e "$2" ] && return
  if command -v xz >/dev/null; then xz -dc "$1" > "$2.part"
  else python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), sys.stdout.buffer)' "$1" > "$2.part"
  fi && chmod +x "$2.part" && mv "$2.part" "$2"
}
unpack "$here/node.xz" "$here/node" || exit 1
unpack "$here/dawn.node.xz" "$here/node_modules/webgpu/dist/linux-x64/dawn.node" || exit 1
exec "$here/node" "$here/${BUNDLE}" "$@"
`;

const out = resolve(values.out);
rmSync(out, { recursive: true, force: true });
const webgpu = join(out, 'node_modules/webgpu');
mkdirSync(join(webgpu, 'dist/linux-x64'), { recursive: true });

await build({
  configFile: false,
  logLevel: 'warn',
  // Everything but what is Node's own.
  ssr: { noExternal: true },
  build: {
    ssr: join(import.meta.dirname, 'main.ts'),
    outDir: out,
    emptyOutDir: false,
    target: 'node24',
    minify: false,
    rolldownOptions: { output: { entryFileNames: BUNDLE, codeSplitting: false } },
  },
});

const require = createRequire(import.meta.url);
const bindings = dirname(require.resolve('webgpu'));
for (const file of ['package.json', 'index.js', 'LICENSE.md'])
  copyFileSync(join(bindings, file), join(webgpu, file));
compress(join(bindings, 'dist/linux-x64/dawn.node'), join(out, 'dawn.node.xz'));
compress(process.execPath, join(out, 'node.xz'));
copyFileSync(join(import.meta.dirname, 'torch_reference.py'), join(out, 'torch_reference.py'));
writeFileSync(join(out, 'README.md'), README);
writeFileSync(join(out, 'run'), RUN, { mode: 0o755 });

const bytes = readdirSync(out, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
console.log(`${out}: ${(bytes / 1e6).toFixed(1)} MB`);
if (bytes > MOST_BYTES && Number(values.level) >= 6) throw new Error(`more than ${MOST_BYTES / 1e6} MB`);
process.exit(0);

function compress(from: string, to: string): void {
  const target = openSync(to, 'w');
  const { status, error } = spawnSync('xz', [`-${values.level}`, '-T0', '-c', from], {
    stdio: ['ignore', target, 'inherit'],
  });
  closeSync(target);
  if (status !== 0) throw new Error(`xz: ${error?.message ?? status}`);
}
