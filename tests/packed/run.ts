import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packAll } from '../../scripts/packing/pack-all.ts';
import { fixtures } from '../golden.ts';
import { AnyHub } from './any-hub.ts';
import { COMPILERS, compile } from './consumer.ts';
import { writeInputs } from './example-files.ts';
import { buildPage, bundle, installExample, openPage, pluginsOn } from './projects.ts';
import { install, installNode, weighMetrics } from './installing.ts';
import { runsOn, stripsTypes, writeEntries, writeExamples } from './trials.ts';
import { runProgram } from './programs.ts';

/*
 * Packs every package, installs the tarballs into empty projects, and runs there what the READMEs and examples/ print: as
 * JavaScript and as strict TypeScript, on the oldest Node and on newer ones. It needs the npm registry.
 *
 *   npm run test:packed [-- --node 20 --node 22]
 */
const { values } = parseArgs({
  options: { node: { type: 'string', multiple: true, default: ['20', '22', '24'] } },
});

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'icl-gd-packed-')));
const [fixture] = fixtures();
if (!fixture) throw new Error('unreachable');
const hub = new AnyHub(fixture.model);
let failures = 0;

function report(what: string, trouble: string): void {
  if (trouble !== '') failures++;
  console.log(`${trouble === '' ? 'ok     ' : 'FAILED '} ${what}${trouble === '' ? '' : `\n${trouble}`}`);
}

/** The command is for Node alone. */
const withoutBench = (files: readonly string[]): string[] => files.filter((file) => !file.includes('bench'));

try {
  const endpoint = await hub.start();
  const tarballs = packAll(join(folder, 'tarballs'));
  report(...(await weighMetrics(join(folder, 'metrics'), tarballs)));

  const project = join(folder, 'project');
  await install(project, tarballs, ['@types/node@20', '@webgpu/types']);
  await writeInputs(project, fixture);
  const plugins = await installExample(join(folder, 'plugins'), tarballs, fixture);
  const page = await installExample(join(folder, 'browser'), tarballs, fixture);

  const lib = ['es2022'];
  const dom = [...lib, 'dom', 'dom.iterable'];
  const entries = writeEntries(project);
  const examples = writeExamples(project);
  for (const [name, compiler] of Object.entries(COMPILERS)) {
    for (const libraries of [lib, dom]) {
      const options = { compiler, lib: libraries };
      report(
        `${name} takes all entries with ${libraries.join(', ')} alone`,
        compile(project, { ...options, files: entries, types: [] }),
      );
      report(
        `${name} takes them as a page does, with ${libraries.join(', ')} alone`,
        compile(project, { ...options, files: withoutBench(entries), types: [], browser: true }),
      );
      const pages = libraries === dom ? examples.pages : [];
      const files = [...examples.readmes, ...pages];
      report(
        `${name} takes the READMEs' examples with ${libraries.join(', ')}`,
        compile(project, { ...options, files, types: ['node'], outDir: 'compiled' }),
      );
    }
  }
  for (const entry of entries)
    report(
      `TypeScript 7 takes ${entry} without the others`,
      compile(project, { compiler: COMPILERS['TypeScript 7'], files: [entry], lib, types: [] }),
    );
  // Only from version 7 on are the types of WebGPU those of the DOM.
  for (const [name, types] of [
    ['TypeScript 5.9', ['node', '@webgpu/types']],
    ['TypeScript 7', ['node']],
  ] as const)
    report(
      `${name} takes the files of examples/`,
      compile(project, {
        ...{ compiler: COMPILERS[name], files: examples.files, types, outDir: 'compiled' },
        lib: ['es2023', 'dom', 'dom.iterable'],
      }),
    );

  for (const file of examples.pages) report(`Vite bundles ${file}`, await bundle(project, file));

  for (const version of values.node) {
    const node = await installNode(join(folder, 'nodes'), version);
    const { stdout } = await runProgram([node, '--version'], { folder });
    const env = {
      ...{ HF_ENDPOINT: endpoint, HF_HOME: join(folder, 'cache'), HF_HUB_CACHE: '', HF_TOKEN: '' },
      ...{ HF_HUB_OFFLINE: '', NO_PROXY: '*', no_proxy: '*' },
    };
    const place = { project, node, env, fixture, examples };
    const tell = (what: string, trouble: string): void => report(`Node ${stdout.trim()}: ${what}`, trouble);
    for await (const told of runsOn(place)) tell(...told);
    for await (const told of pluginsOn(plugins, place, await stripsTypes(place))) tell(...told);
    tell('examples/browser, npm run check and build', await buildPage(page, place));
  }
  report('examples/browser finishes in Chromium', await openPage(page));
} finally {
  await hub.stop();
  rmSync(folder, { recursive: true });
}
console.log(failures === 0 ? 'all of it runs' : `${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;
