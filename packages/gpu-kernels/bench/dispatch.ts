import { parseArgs } from 'node:util';
import { dawn } from '../src/platform/node/dawn.ts';
import { acquireGpu } from '../src/device/acquire.ts';
import { describeAdapter } from '../src/device/description.ts';
import { Gpu } from '../src/runtime/gpu.ts';
import type { ParameterForm } from '../src/runtime/parameter-form.ts';
import { TURNS, dispatchCosts } from './dispatch-costs.ts';

/** CPU time of recording and submitting dispatches, this thread's alone: the adapter's own work is on other threads. */
const { values } = parseArgs({
  options: {
    /** `null` is Dawn's backend that does nothing: what remains is our part and Dawn's. */
    adapter: { type: 'string', default: 'null' },
    dispatches: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '7' },
  },
});
const [dispatches, rounds] = [Number(values.dispatches), Number(values.rounds)];

async function open(parameters: ParameterForm): Promise<Gpu> {
  if (values.adapter !== 'null') {
    const { device, adapter } = await acquireGpu({ adapter: values.adapter });
    return Gpu.fromDevice(device, adapter, { parameters, keepDevice: true });
  }
  const adapter = await (await dawn(['backend=null'])).requestAdapter();
  if (!adapter) throw new Error('Dawn has no null backend here');
  return Gpu.fromDevice(await adapter.requestDevice(), describeAdapter(adapter.info, 'given'), {
    parameters,
  });
}

console.log('µs of CPU time a dispatch, best round: recording, submitting, other threads');
for (const parameters of ['immediate', 'uniform'] as const) {
  const gpu = await open(parameters);
  for (const kernels of TURNS) {
    const { recording, submitting, others } = await dispatchCosts(gpu, { kernels, dispatches, rounds });
    const name = `${parameters}, ${kernels} kernel${kernels === 1 ? '' : 's'}`;
    const columns = [recording, submitting, others].map((value) => value.toFixed(2).padStart(8));
    console.log(name.padEnd(24), columns.join(''));
  }
  gpu.dispose();
}
process.exit(0);
