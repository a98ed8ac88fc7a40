import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { acquireGpu } from '@icl-gd/gpu-kernels';
import { chooseList, integer, positiveNumber } from '../../src/cli/choose.ts';
import type { Peer } from './contender.ts';
import { HOW_TO_INSTALL, isInstalled } from './installed.ts';
import { jaxPeer } from './libraries/jax.ts';
import { onnxruntimeCpu, onnxruntimeWebGpu } from './libraries/onnxruntime.ts';
import { ours } from './libraries/ours.ts';
import { tfjsPeer } from './libraries/tfjs.ts';
import { type TorchPeer, torchPeer } from './libraries/torch.ts';
import { PARTS, type Part, runPart } from './parts.ts';
import { Report } from './report.ts';
import { shareAdapter } from './shared-adapter.ts';

const PEERS = ['jax-js', 'tfjs', 'ort-webgpu', 'ort-cpu', 'torch'] as const;
const USAGE = `usage: npm run bench:peers -- [options]
  --adapter <name>   as icl-gd run takes it (auto)
  --only <parts>     of ${PARTS.join(', ')} (all)
  --peers <names>    of ${PEERS.join(', ')} (all that are there)
  --python <path>    an interpreter that has PyTorch (python3)
  --repeat <rounds>  rounds in which all take their turns, at least 5 (5)
  --seconds <s>      of work in a turn (0.2)
  --out <folder>     where peers.csv and peers.md go (results/peers)
The libraries are no dependencies of the project; install them with ${HOW_TO_INSTALL}`;

const { values } = parseArgs({
  options: {
    adapter: { type: 'string', default: 'auto' },
    only: { type: 'string', default: PARTS.join(',') },
    peers: { type: 'string', default: PEERS.join(',') },
    python: { type: 'string', default: 'python3' },
    repeat: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '0.2' },
    out: { type: 'string', default: join(import.meta.dirname, '../../../../results/peers') },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit();
}
const wanted = chooseList('--peers', values.peers, PEERS);
const parts = chooseList<Part>('--only', values.only, PARTS);
const rounds = integer('--repeat', values.repeat, 5);
const seconds = positiveNumber('--seconds', values.seconds);
if (wanted.some((name) => name !== 'torch') && !isInstalled()) {
  console.error(
    `the libraries to compare with are not installed; run ${HOW_TO_INSTALL}, or take --peers torch`,
  );
  process.exit(2);
}

const gpu = await acquireGpu({ adapter: values.adapter, log: (line) => console.error(line) });
const heard: string[] = [];
shareAdapter(values.adapter, (message) => heard.push(message));
const peers: Peer[] = [ours(gpu)];
let torch: TorchPeer | undefined;
for (const name of wanted) {
  const peer = await open(name);
  if (peer) peers.push(peer);
}
mkdirSync(values.out, { recursive: true });
const report = new Report(gpu.adapter.description, peers, values.out);
const deviceErrors = (): readonly string[] => heard.splice(0);
for (const part of parts) await runPart(part, { gpu, peers, torch, rounds, seconds, report, deviceErrors });
console.log(`written: ${join(values.out, 'peers.csv')}, peers.md`);
for (const peer of peers) peer.dispose();
// Dawn's bindings and other libraries would keep the process alive.
process.exit();

async function open(name: (typeof PEERS)[number]): Promise<Peer | undefined> {
  switch (name) {
    case 'jax-js':
      return await jaxPeer();
    case 'tfjs':
      return await tfjsPeer();
    case 'ort-webgpu':
      return await onnxruntimeWebGpu();
    case 'ort-cpu':
      return onnxruntimeCpu();
    case 'torch':
      torch = await torchPeer(values.python);
      if (!torch)
        console.error(`${values.python} has no PyTorch: left out; --python names an interpreter that has`);
      return torch;
  }
}
