import { dirname } from 'node:path';
import { injectFileFaults } from '@icl-gd/transformer/testing/file-faults';
import { BEGUN } from './kill.ts';
import { scenarios } from './scenarios.ts';

// A process that runs one scenario, to be killed: <scenario> <out> <inputs>; with <step>, it kills itself at that one.
const [name, out, inputs, step] = process.argv.slice(2) as [string, string, string, string?];
const scenario = scenarios.find((own) => own.name === name);
if (!scenario) throw new Error(`no scenario ${name}`);
if (step !== undefined)
  injectFileFaults(
    dirname(out),
    (index) => (index === Number(step) ? 'die' : undefined),
    () => process.kill(process.pid, 'SIGKILL'),
  );
process.stdout.write(`${BEGUN}\n`);
const { code } = await scenario.run(out, inputs);
process.exit(code ?? 1);
