import { parseArgs } from 'node:util';
import { acquireGpu } from '../src/device/acquire.ts';
import { attentionCases, matmulCases, smallAddition } from './cases.ts';
import { dispatchCost, measure } from './measure.ts';

const { values } = parseArgs({
  options: {
    adapter: { type: 'string', default: 'auto' },
    size: { type: 'string', default: '512' },
    rounds: { type: 'string', default: '7' },
  },
});
const gpu = await acquireGpu({ adapter: values.adapter, log: (line) => console.error(line) });
const cases = [...matmulCases(gpu, Number(values.size)), ...attentionCases(gpu, [16, 32, 64])];
const results = await measure(gpu, cases, { rounds: Number(values.rounds), roundSeconds: 0.15 });
const unit = results[0]?.gflopPerCpuSecond ?? Number.NaN;
console.log(
  `${'kernel (f32)'.padEnd(26)}${'GFLOP/s'.padStart(10)}${'GFLOP/CPU-s'.padStart(13)}${'/ matmul'.padStart(10)}${'first call s'.padStart(14)}`,
);
for (const { name, gflopPerSecond, gflopPerCpuSecond, firstSeconds } of results) {
  const columns = [
    gflopPerSecond.toFixed(2).padStart(10),
    gflopPerCpuSecond.toFixed(2).padStart(13),
    (gflopPerCpuSecond / unit).toFixed(3).padStart(10),
  ];
  console.log(`${name.padEnd(26)}${columns.join('')}${firstSeconds.toFixed(3).padStart(14)}`);
}
const cost = await dispatchCost(gpu, smallAddition(gpu), 4 * Number(values.rounds));
console.log(`a dispatch of three bindings: ${cost.toFixed(1)} µs of CPU time to record and submit`);
gpu.dispose();
