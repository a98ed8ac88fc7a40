import { cpSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build, createLogger } from 'vite';
import type { Tarball } from '../../scripts/packing/pack-all.ts';
import { ROOT } from '../../scripts/packing/packages.ts';
import { openBrowser, watchedPage } from '../browser/browser.ts';
import { serveFolder } from '../browser/static-server.ts';
import type { Fixture } from '../golden.ts';
import { examplesOf } from './examples.ts';
import { npm } from './installing.ts';
import { runProgram, trouble } from './programs.ts';
import { type Place, sizeOptions } from './trials.ts';

/** A folder of examples/ that is a project of its own, with the tarballs where it asks the registry for them. */
export async function installExample(
  folder: string,
  tarballs: readonly Tarball[],
  fixture: Fixture,
): Promise<string> {
  const from = join(ROOT, 'examples', basename(folder));
  cpSync(from, folder, { recursive: true, filter: (path) => !/[\\/](node_modules|dist)$/.test(path) });
  const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const wanted = tarballs.filter(({ name }) => name in dependencies);
  await npm(folder, ['install', ...wanted.map(({ path }) => path)]);
  for (const [name, place] of Object.entries({ model: fixture.model, data: fixture.data }))
    cpSync(place, join(folder, basename(folder) === 'browser' ? join('public', name) : name), {
      recursive: true,
    });
  return folder;
}

/** What the README of examples/plugins prints, command by command; a Node that strips no types does what has none. */
export async function* pluginsOn(
  project: string,
  place: Place,
  strips: boolean,
): AsyncGenerator<[what: string, trouble: string]> {
  for (const command of commandsOf(join(project, 'README.md'))) {
    if (!strips && command.includes('.ts')) continue;
    const filled = command
      .replace('<dir of a model>', 'model')
      .replace('<dir of data>', 'data')
      .replace('--model <dir> --data <dir>', '--model model --data data');
    const size = filled.startsWith('npx icl-gd run') ? ` ${sizeOptions(place.fixture).join(' ')}` : '';
    const { node, env } = place;
    const ended = await runProgram(['bash', '-c', filled + size], { folder: project, node, env });
    yield [`examples/plugins, ${command.slice(0, 24)} …`, trouble(ended)];
  }
}

/** The page of examples/browser, checked and built by its own compiler and Vite. */
export async function buildPage(project: string, { node, env }: Place): Promise<string> {
  const checked = await runProgram(['npm', 'run', 'check'], { folder: project, node, env });
  const ended = await runProgram(['npm', 'run', 'build'], { folder: project, node, env });
  return (
    trouble(checked) ||
    trouble(ended) ||
    (/warn/i.test(ended.stdout + ended.stderr) ? ended.stdout + ended.stderr : '')
  );
}

/** Opens the built page in Chromium. Empty if it finished, and the browser complained of nothing. */
export async function openPage(project: string): Promise<string> {
  const browser = await openBrowser();
  const server = await serveFolder(join(project, 'dist'), '/');
  try {
    const { page, problems } = await watchedPage(browser);
    await page.goto(server.url);
    const status = () => page.$eval('#status', ({ textContent }) => textContent ?? '');
    for (let i = 0; i < 600 && (await status()).endsWith('…'); i++)
      await new Promise((done) => setTimeout(done, 100));
    const said = await status();
    return [...(said.startsWith('Finished') ? [] : [said]), ...problems].join('\n');
  } finally {
    await browser.close();
    server.close();
  }
}

/** What Vite says against a module for pages, which is in a project with the tarballs. */
export async function bundle(project: string, entry: string): Promise<string> {
  const complaints: string[] = [];
  const customLogger = createLogger('warn');
  customLogger.warn = (message) => void complaints.push(message);
  await build({
    ...{ root: project, configFile: false, logLevel: 'warn', customLogger },
    build: { write: false, lib: { entry: join(project, entry), formats: ['es'] } },
  });
  return complaints.join('\n');
}

/** Commands of a README's shell blocks, without the one that installs. */
function commandsOf(readme: string): string[] {
  return examplesOf('readme', readFileSync(readme, 'utf8'))
    .filter(({ language }) => language === 'sh')
    .flatMap(({ code }) => code.replaceAll(/\\\n\s*/g, '').split('\n'))
    .map((line) => line.replace(/\s+#.*$/, ''))
    .filter((line) => line !== '' && line !== 'npm install');
}
