import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishedPackages } from '../../scripts/packing/packages.ts';
import type { Fixture } from '../golden.ts';
import { entriesOf } from './consumer.ts';
import { type ExampleFile, exampleFiles } from './example-files.ts';
import { type Example, readmeExamples } from './examples.ts';
import { type Ended, runProgram } from './programs.ts';

/** Files to be compiled, relative to the project. */
export interface WrittenExamples {
  readonly readmes: readonly string[];
  readonly files: readonly string[];
}

interface Place {
  readonly project: string;
  /** Path of the Node that runs things. */
  readonly node: string;
  readonly env: NodeJS.ProcessEnv;
  readonly fixture: Fixture;
  readonly examples: WrittenExamples;
}

/** One file an entry of the installed packages, which exports it whole. */
export function writeEntries(project: string): string[] {
  const entries = publishedPackages().flatMap(({ manifest }) =>
    entriesOf(join(project, 'node_modules', manifest.name)),
  );
  return entries.map((entry) => {
    const file = `${entry.slice(1).replaceAll('/', '-')}.ts`;
    writeFileSync(join(project, file), `export * from '${entry}';\n`);
    return file;
  });
}

/** Writes the READMEs' examples, as TypeScript and as JavaScript, word for word. */
export function writeExamples(project: string): WrittenExamples {
  mkdirSync(join(project, 'readmes'), { recursive: true });
  const readmes = readmeExamples().filter(({ language }) => language !== 'sh');
  for (const { name, code } of readmes) {
    writeFileSync(join(project, 'readmes', `${name}.ts`), code);
    writeFileSync(join(project, 'readmes', `${name}.js`), code);
  }
  return {
    readmes: readmes.map(({ name }) => `readmes/${name}.ts`),
    files: exampleFiles().map(({ file }) => `examples/${file}`),
  };
}

/** Runs everything on one Node, and says of each what it was and what went wrong; empty where nothing did. */
export async function* runsOn(place: Place): AsyncGenerator<[what: string, trouble: string]> {
  const { project, node } = place;
  for (const { name, language, code } of readmeExamples()) {
    if (language === 'sh') {
      yield [`${name}, in a shell`, trouble(await inShell(place, { name, language, code }))];
      continue;
    }
    const printed = await run(place, [node, `readmes/${name}.js`]);
    yield [`${name}, as printed`, trouble(printed)];
    const compiled = await run(place, [node, `compiled/readmes/${name}.js`]);
    yield [`${name}, compiled`, trouble(compiled) || sameLines(printed, compiled)];
  }
  const features = await run(place, [node, '-p', 'process.features.typescript || ""']);
  const strips = features.stdout.trim() !== '';
  for (const example of exampleFiles()) {
    const compiled = `compiled/examples/${example.file.replace(/\.ts$/, '.js')}`;
    const file = strips && runsThere(example, node) ? `examples/${example.file}` : compiled;
    yield [file, trouble(await run(place, commandOf(example, place, file)))];
    if (!strips && example.command[0] === 'icl-gd') {
      const refused = await run(place, commandOf(example, place, `examples/${example.file}`));
      const said =
        /runs no TypeScript; give the learner as JavaScript/.test(refused.stderr) && refused.code === 2;
      yield [`examples/${example.file} is refused by name`, said ? '' : trouble(refused) || 'it was not'];
    }
  }
  const manifest = readFileSync(join(project, 'node_modules/@icl-gd/bench/package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const told = await run(place, [node, 'node_modules/@icl-gd/bench/bin/icl-gd.js', '--version']);
  yield ['icl-gd --version', told.stdout.trim() === version ? '' : `${told.stdout}${told.stderr}`];
}

/** `using` is younger than Node 22; compilers lower it. */
function runsThere({ code }: ExampleFile, node: string): boolean {
  return !/^\s*(await )?using /m.test(code) || !/[\\/]22[\\/]/.test(node);
}

/** The command of an example's comment, with a file in its place and this fixture in the place of `…`. */
function commandOf({ file, command }: ExampleFile, { node, fixture }: Place, runs: string): string[] {
  const [program, ...args] = command;
  const { dataset, k, seed, lr } = fixture.run;
  const data = ['--model', 'model', '--data', 'data', '--datasets', dataset, '--variants', 'trained'];
  const size = ['--shots', `${k}`, '--seeds', `${seed}`, '--examples', '2', '--learning-rate', `${lr}`];
  const own = [...data, ...size, '--adapter', process.env['ICL_GD_ADAPTER'] ?? 'auto'];
  const out = ['--out', `results/${file.replaceAll(/\W/g, '-')}`];
  const filled = args.flatMap((word) => {
    if (word === '…') return [...own, ...out];
    return word === `examples/${file}` ? [runs] : [word];
  });
  return program === 'icl-gd'
    ? [node, 'node_modules/@icl-gd/bench/bin/icl-gd.js', ...filled]
    : [node, ...filled];
}

/** Without the lines that install what is installed. */
function inShell(place: Place, { code }: Example): Promise<Ended> {
  const lines = code.split('\n').filter((line) => !/^npm (i|install) /.test(line));
  return run(place, ['bash', '-euo', 'pipefail', '-c', lines.join('\n')]);
}

function run({ project, node, env }: Place, command: readonly string[]): Promise<Ended> {
  return runProgram(command, { folder: project, node, env });
}

function trouble({ code, stdout, stderr }: Ended): string {
  if (code === 0 && stdout !== '') return '';
  return `exit code ${code}\n${stdout.slice(-2000)}\n${stderr.slice(-2000)}`;
}

/** Numbers may differ where an adapter adds up in another order, lines do not. */
function sameLines(one: Ended, other: Ended): string {
  const lines = ({ stdout }: Ended): number => stdout.split('\n').length;
  return lines(one) === lines(other) ? '' : `printed ${lines(one)} lines, compiled ${lines(other)}`;
}
