import { parseArgs } from 'node:util';
import { acquireGpu } from '../src/device/acquire.ts';
import { attentionBackward } from '../src/kernels/attention/backward.ts';
import { attentionForward } from '../src/kernels/attention/forward.ts';
import { PackedSequences } from '../src/kernels/attention/packed-sequences.ts';
import type { Gpu } from '../src/runtime/gpu.ts';
import { matmulCases, noise } from './cases.ts';
import { type Case, measure } from './measure.ts';

/** Sequences x tokens, heads x head size, and keys of a prefix: a training step's, a long sequence's, a probe batch's. */
const SHAPES = [
  '1x30:4x16',
  '18x30:4x16',
  '1x30:8x32',
  '1x30:8x64',
  '1x256:8x16',
  '1x256:8x32',
  '1x256:8x64',
];
const BEHIND_PREFIX = ['17x30:8x64:1500', '68x30:4x16:375'];

const { values } = parseArgs({
  options: {
    adapter: { type: 'string', default: 'auto' },
    shapes: { type: 'string', default: [...SHAPES, ...BEHIND_PREFIX].join(',') },
    rounds: { type: 'string', default: '5' },
  },
});
const gpu = await acquireGpu({ adapter: values.adapter, log: (line) => console.error(line) });
const register = gpu.with({ tuning: { ...gpu.tuning, attention: { strategy: 'register' } } });

function casesOf(own: Gpu, shape: string): Case[] {
  const [packing = '', size = '', prefix = '0'] = shape.split(':');
  const [count = 0, length = 0] = packing.split('x').map(Number);
  const [heads = 0, headDim = 0] = size.split('x').map(Number);
  const [tokens, keys, width] = [count * length, Number(prefix), heads * headDim];
  const [q, k, v, out, gradOutput, gradQuery, gradKey, gradValue] = Array.from({ length: 8 }, () =>
    noise(own, [tokens, width]),
  );
  const inputs = {
    shape: { heads, kvHeads: heads, headDim, scale: headDim ** -0.5 },
    sequences: new PackedSequences(
      own,
      Array.from({ length: count }, () => length),
    ),
    ...{ q: q!, k: k!, v: v!, out: out!, logSumExp: noise(own, [tokens, heads]) },
  };
  const pairs = (count * heads * (length * (length + 1))) / 2;
  if (keys > 0) {
    const before = { length: keys, k: noise(own, [keys, width]), v: noise(own, [keys, width]) };
    return [
      {
        name: 'forward',
        flops: (pairs + tokens * heads * keys) * (4 * headDim + 4),
        run: () => attentionForward(own, { ...inputs, prefix: before }),
      },
    ];
  }
  const gradients = {
    gradOutput: gradOutput!,
    gradQuery: gradQuery!,
    gradKey: gradKey!,
    gradValue: gradValue!,
  };
  return [
    { name: 'forward', flops: pairs * (4 * headDim + 4), run: () => attentionForward(own, inputs) },
    {
      name: 'backward',
      flops: pairs * (10 * headDim + 6),
      run: () => attentionBackward(own, { ...inputs, ...gradients }),
    },
  ];
}

console.log(
  `${'sequences:heads:prefix'.padEnd(24)}${'pass'.padEnd(10)}${'register'.padStart(10)}${'chosen'.padStart(10)}${'ratio'.padStart(8)}${'/ A B'.padStart(8)}${'first call s'.padStart(14)}   GFLOP per CPU-second`,
);
for (const shape of values.shapes.split(',')) {
  const [before, after] = [casesOf(register, shape), casesOf(gpu, shape)];
  // Interleaved, with a product of 512^3 beside them.
  const cases = [matmulCases(gpu, 512)[0]!, ...before.flatMap((own, i) => [own, after[i]!])];
  const [unit, ...results] = await measure(gpu, cases, { rounds: Number(values.rounds), roundSeconds: 0.1 });
  for (let i = 0; i < results.length; i += 2) {
    const [old, chosen] = [results[i]!, results[i + 1]!];
    const rate = chosen.gflopPerCpuSecond;
    const numbers = [
      old.gflopPerCpuSecond,
      rate,
      rate / old.gflopPerCpuSecond,
      rate / unit!.gflopPerCpuSecond,
    ];
    const columns = numbers.map((number, column) => number.toFixed(2).padStart(column < 2 ? 10 : 8));
    console.log(
      `${shape.padEnd(24)}${chosen.name.padEnd(10)}${columns.join('')}${chosen.firstSeconds.toFixed(2).padStart(14)}`,
    );
  }
}
gpu.dispose();
