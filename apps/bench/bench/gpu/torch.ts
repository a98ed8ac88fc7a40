import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PRODUCTS, productName } from './matmul.ts';
import { type Row, type Step, sized } from './step.ts';

const SCRIPT = join(import.meta.dirname, 'torch_reference.py');

/** PyTorch on the same card, before anything of ours runs; nothing where there is no PyTorch. */
export const torch: Step = {
  title: 'PyTorch',
  seconds: 120,
  async run(plan, report) {
    if (!existsSync(SCRIPT)) throw new Error(`${SCRIPT} is missing`);
    const shapes = PRODUCTS.map((product) => [
      productName(product),
      ...[product.m, product.n, product.k].map((size) => sized(plan, size)),
      product.layout,
    ]);
    const child = spawn('python3', [SCRIPT, JSON.stringify(shapes), plan.quick ? 'quick' : 'full'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let complaint = '';
    child.stderr.on('data', (text: Buffer) => (complaint += text.toString()));
    const ended = new Promise<number | null>((resolve) => {
      child.on('error', () => resolve(null));
      child.on('close', resolve);
    });
    for await (const line of createInterface({ input: child.stdout })) report(JSON.parse(line) as Row);
    const code = await ended;
    if (code === 0) return;
    if (code === null || /No module named 'torch'/.test(complaint)) {
      report({ what: 'torch', name: 'not installed' });
      return;
    }
    throw new Error(`python3 ended with ${code}: ${complaint.trim().split('\n').at(-1)}`);
  },
};
