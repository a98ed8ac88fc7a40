import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishedPackages } from '../../scripts/packing/packages.ts';
import type { Fixture } from '../golden.ts';
import { entriesOf } from './consumer.ts';
import { type ExampleFile, exampleFiles } from './example-files.ts';
import { type Example, readmeExamples } from './examples.ts';
import { type Ended, runProgram, trouble } from './programs.ts';

/** Files to be compiled, relative to the project. */
export interface WrittenExamples {
  readonly readmes: readonly string[];
  /** Those of `readmes` that are for a page in a browser. */
  readonly pages: readonly string[];
  readonly files: readonly string[];
}

export interface Place {
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
  const named = (language: string): string[] =>
    readmes.flatMap((one) => (one.language === language ? [`readmes/${one.name}.ts`] : []));
  return {
    readmes: named('ts'),
    pages: named('js'),
    files: exampleFiles().map(({ file }) => `examples/${file}`),
  };
}

/** Runs everything on one Node, and says of each what it was and what went wrong; empty where nothing did. */
export async function* runsOn(place: Place): AsyncGenerator<[what: string, trouble: string]> {
  const { project, node } = place;
  for (const example of readmeExamples()) {
    const { name, language } = example;
    if (language === 'sh') {
      const commands = commandsOf(example);
      if (commands === '') continue;
      yield [`${name}, in a shell`, trouble(await run(place, ['bash', '-euo', 'pipefail', '-c', commands]))];
    }
    if (language !== 'ts') continue;
    const printed = await run(place, [node, `readmes/${name}.js`]);
    yield [`${name}, as printed`, trouble(printed)];
    const compiled = await run(place, [node, `compiled/readmes/${name}.js`]);
    yield [`${name}, compiled`, trouble(compiled) || sameLines(printed, compiled)];
  }
  const strips = await stripsTypes(place);
  for (const example of exampleFiles()) {
    const compiled = `compiled/examples/${example.file.replace(/\.ts$/, '.js')}`;
    for (const file of strips ? [`examples/${example.file}`, compiled] : [compiled])
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

/** Whether this Node runs TypeScript, from 22.18 on. */
export async function stripsTypes(place: Place): Promise<boolean> {
  const { stdout } = await run(place, [place.node, '-p', 'process.features.typescript || ""']);
  return stdout.trim() !== '';
}

/** The command of an example's comment, with a file in its place and this fixture in the place of `…`. */
function commandOf({ file, command }: ExampleFile, { node, fixture }: Place, runs: string): string[] {
  const [program, ...args] = command;
  const data = ['--model', 'model', '--data', 'data', '--datasets', fixture.run.dataset];
  const own = [...data, ...sizeOptions(fixture)];
  const out = ['--out', `results/${file.replaceAll(/\W/g, '-')}`];
  const filled = args.flatMap((word) => {
    if (word === '…') return [...own, ...out];
    return word === `examples/${file}` ? [runs] : [word];
  });
  return program === 'icl-gd'
    ? [node, 'node_modules/@icl-gd/bench/bin/icl-gd.js', ...filled]
    : [node, ...filled];
}

/** A run that takes seconds, on what the fixture has. */
export function sizeOptions({ run: { k, seed, lr } }: Fixture): string[] {
  const size = ['--shots', `${k}`, '--seeds', `${seed}`, '--examples', '2', '--learning-rate', `${lr}`];
  return ['--variants', 'trained', ...size, '--adapter', process.env['ICL_GD_ADAPTER'] ?? 'auto'];
}

/** Without the lines that install what is installed. */
function commandsOf({ code }: Example): string {
  const lines = code.split('\n').filter((line) => !/^npm (i|install) /.test(line));
  return lines.join('\n').trim();
}

function run({ project, node, env }: Place, command: readonly string[]): Promise<Ended> {
  return runProgram(command, { folder: project, node, env });
}

/** Numbers may differ where an adapter adds up in another order, lines do not. */
function sameLines(one: Ended, other: Ended): string {
  const lines = ({ stdout }: Ended): number => stdout.split('\n').length;
  return lines(one) === lines(other) ? '' : `printed ${lines(one)} lines, compiled ${lines(other)}`;
}
