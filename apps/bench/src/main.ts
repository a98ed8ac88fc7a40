import { runCommand } from './cli/run-command.ts';

const INTERRUPTED = { SIGINT: 130, SIGTERM: 143 } as const;

for (const [signal, code] of Object.entries(INTERRUPTED)) {
  process.once(signal, () => {
    console.error('\nicl-gd: stopped; finished parts are kept, the same command goes on from there');
    process.exit(code);
  });
}

// Dawn's bindings would keep the process alive.
process.exit(await runCommand(process.argv.slice(2)));
