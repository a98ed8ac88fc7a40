import { parseArgs } from 'node:util';
import { readers, shares } from './readers.ts';
import { type Fault, soak } from './soak.ts';

const USAGE = `npm run soak -- [options]
  --inputs <n>     damaged inputs, all readers together (default: 100000)
  --seed <s>       the same seed gives the same inputs (default: 1)
  --reader <name>  this reader alone; may be repeated: ${readers.map(({ name }) => `'${name}'`).join(', ')}
  --index <i>      input number i of --reader alone
  --jobs <n>       processes side by side (default: 2)`;

function readOptions() {
  try {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({
      options: {
        inputs: { ...text, default: '100000' },
        seed: { ...text, default: '1' },
        reader: { ...text, multiple: true, default: [] },
        index: text,
        jobs: { ...text, default: '2' },
      },
    });
    const { inputs, seed, index, jobs } = values;
    for (const number of [inputs, seed, jobs, index ?? '0'])
      if (!/^\d{1,9}$/.test(number)) throw new Error(`${number} is no whole number`);
    const unknown = values.reader.find((own) => !readers.some(({ name }) => name === own));
    if (unknown !== undefined) throw new Error(`no reader '${unknown}'`);
    return { ...values, inputs: Number(inputs), seed: Number(seed), jobs: Number(jobs) };
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exit(2);
  }
}

const { inputs, seed, reader: only, index, jobs } = readOptions();
const chosen = readers.filter(({ name }) => only.length === 0 || only.includes(name));
const whole = shares(inputs);
const counts = new Map(
  chosen.map(({ name }) => [name, only.length === 0 ? whole.get(name)! : Math.ceil(inputs / only.length)]),
);
const waiting = [...chosen];
const faults: Fault[] = [];
let tried = 0;

async function work(): Promise<void> {
  for (let reader = waiting.shift(); reader; reader = waiting.shift()) {
    const from = index === undefined ? 0 : Number(index);
    const to = index === undefined ? counts.get(reader.name)! : from + 1;
    const start = performance.now();
    const outcome = await soak(reader.name, { seed, from, to });
    tried += outcome.inputs;
    faults.push(...outcome.faults);
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    console.log(
      `${reader.name}: ${outcome.inputs} inputs, ${outcome.refused} refused, ${outcome.faults.length} faults, ${seconds} s`,
    );
    for (const fault of outcome.faults)
      console.log(`  ${fault.index}: ${JSON.stringify(fault.fault.slice(0, 1500))}`);
  }
}

await Promise.all(Array.from({ length: jobs }, work));
console.log(`${tried} inputs, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
