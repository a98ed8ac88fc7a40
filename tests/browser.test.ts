import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectClose, tolerances, useGpu } from '@icl-gd/gpu-kernels/testing';
import { loadModel, loadTokenizer } from '@icl-gd/transformer';
import axe from 'axe-core';
import { parse } from 'csv-parse/sync';
import type { Browser, ElementHandle, Page } from 'puppeteer-core';
import { type InlineConfig, build, createLogger } from 'vite';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runExperiment } from '../apps/playground/src/experiment/run-experiment.ts';
import { encodeTexts } from '../apps/playground/src/experiment/texts.ts';
import { toCsv } from '../apps/playground/src/page/csv.ts';
import { drawDemonstrations, takeQueries } from '../apps/playground/src/page/ready-made.ts';
import type { ReadyMadeTask } from '../apps/playground/src/page/ready-made-task.ts';
import { nothingTold, take } from '../apps/playground/src/page/told.ts';
import { compare } from '../examples/browser/src/compare.ts';
import { TestHub } from '../packages/transformer/src/hub/test-server.ts';
import { openBrowser, watchedPage } from './browser/browser.ts';
import { type StaticServer, serveFolder } from './browser/static-server.ts';

const ROOT = join(import.meta.dirname, '..');
const OWN_TEXT = join(ROOT, 'tests/fixtures/own-text-gpt2/model');
const TINY = join(ROOT, 'apps/bench/models/tiny');
/** Both pages lie below an address of their own, as a server of many pages would have them. */
const BELOW = '/some/place/';
/** Few queries; as many training steps as the page takes if nothing is changed. */
const SMALL = { shots: 16, queries: 5, seed: 1 };
/** Where the numbers are not looked at. */
const TINIEST = { shots: 4, queries: 4, seed: 1 };
const TOLERANCE = tolerances['browser'].f32;

/** The only hub that the playground of this test knows. */
const hub = new TestHub(TINY);
const gpu = useGpu();
let folder: string;
let browser: Browser;
let example: StaticServer;
let playground: StaticServer;
/** What Vite has warned of. */
const warnings: string[] = [];

/** Builds a project as `npm run build` does. */
async function built(project: string): Promise<string> {
  const outDir = join(folder, project);
  const customLogger = createLogger('warn');
  customLogger.warn = (message) => void warnings.push(message);
  const config: InlineConfig = {
    root: join(ROOT, project),
    customLogger,
    logLevel: 'warn',
    build: { outDir, emptyOutDir: true },
  };
  await build(config);
  return outDir;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'icl-gd-browser-'));
  browser = await openBrowser();
  hub.fault = (_, response) => {
    // As the real one lets every page read.
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Expose-Headers', '*');
    return false;
  };
  vi.stubEnv('VITE_HUB', await hub.start());
  example = await serveFolder(await built('examples/browser'), BELOW);
  const site = await built('apps/playground');
  const [, policy = ''] =
    /Content-Security-Policy" content="([^"]+)"/.exec(await readFile(join(site, 'index.html'), 'utf8')) ?? [];
  // With the header it holds for the worker as well.
  playground = await serveFolder(site, BELOW, {
    'Content-Security-Policy': policy.replaceAll('&#39;', "'"),
  });
});
afterAll(async () => {
  await browser?.close();
  for (const server of [example, playground]) server?.close();
  await hub.stop();
  vi.unstubAllEnvs();
  if (folder) rmSync(folder, { recursive: true });
});

/** Every number in a value, by the path to it. */
function numbersIn(value: unknown, path = ''): [string, number | null][] {
  if (typeof value === 'number' || value === null) return [[path, value]];
  if (typeof value !== 'object') return [];
  return Object.entries(value as object).flatMap(([key, inner]) => numbersIn(inner, `${path}.${key}`));
}

/** Fails unless both have numbers in the same places, and these are alike. */
function expectAlike(
  actual: readonly (readonly [string, number | null])[],
  expected: readonly (readonly [string, number | null])[],
): void {
  const places = (all: typeof actual) =>
    all.map(([place, value]) => (value === null ? `${place} null` : place));
  expect(places(actual)).toEqual(places(expected));
  const defined = (all: typeof actual) => all.flatMap(([, value]) => value ?? []);
  expectClose(defined(actual), defined(expected), TOLERANCE);
}

test('both projects are built without a warning', () => {
  expect(warnings.map(String)).toEqual([]);
});

test('the example computes in Chromium what it computes in Node: h, m, log-probabilities, training, similarities', async () => {
  const { page, problems, requests } = await watchedPage(browser);
  await page.goto(example.url);
  await page.waitForFunction('/^[^…]+$/.test(document.querySelector("#status").textContent)');
  const found = await page.evaluate(() =>
    // Typed arrays do not pass as they are.
    JSON.stringify((globalThis as { results?: unknown }).results, (_, value: unknown) =>
      ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : value,
    ),
  );
  expect(await page.$eval('#status', (status) => status.textContent)).toMatch(/^Finished/);
  const shown = await page.$$eval('td', (cells) => cells.map(({ textContent }) => Number(textContent)));
  await page.close();
  using model = await loadModel(gpu(), OWN_TEXT);
  const expected = await compare(model, await loadTokenizer(OWN_TEXT));
  const numbers = numbersIn(expected);
  expectAlike(numbersIn(JSON.parse(found)), numbers);
  expect(numbers.length).toBeGreaterThan(1000);
  const logProbs = expected.ZSL.probes.flatMap(({ optionLogProbs }, query) =>
    optionLogProbs.flatMap((_, option) =>
      Object.values(expected).map(({ probes }) => probes[query]?.optionLogProbs[option] ?? Number.NaN),
    ),
  );
  expectClose(shown.slice(0, logProbs.length), logProbs, TOLERANCE);
  expect(problems).toEqual([]);
  expect(requests.filter((url) => url.includes('model.safetensors'))).toHaveLength(1);
});

/** Opens the playground and waits until the form is filled. */
async function openPlayground(prepare?: (page: Page) => Promise<unknown>): ReturnType<typeof watchedPage> {
  const watched = await watchedPage(browser);
  await prepare?.(watched.page);
  await watched.page.goto(playground.url);
  await watched.page.waitForSelector('#demonstrations li');
  return watched;
}

const setNumber = (page: Page, id: string, value: number): Promise<void> =>
  page.$eval(
    `#${id}`,
    (input, text) => {
      (input as unknown as { value: string }).value = text;
      input.dispatchEvent(new Event('change'));
    },
    String(value),
  );

async function choose(page: Page, { shots, queries, seed }: typeof SMALL): Promise<void> {
  await setNumber(page, 'shots', shots);
  await setNumber(page, 'query-limit', queries);
  await setNumber(page, 'seed', seed);
}

const says = (page: Page, id: string): Promise<string> =>
  page.$eval(`#${id}`, ({ textContent }) => textContent ?? '');
const until = (page: Page, said: RegExp): Promise<unknown> =>
  page.waitForFunction(`${String(said)}.test(document.querySelector('#doing').textContent)`);

describe('playground', () => {
  test('a run gives the numbers of Node, is cancelled and run again, and leaves nothing to complain of', async () => {
    const { page, problems } = await openPlayground();
    const downloads = await browser.target().createCDPSession();
    await downloads.send('Browser.setDownloadBehavior', {
      ...{ behavior: 'allow', downloadPath: folder, eventsEnabled: true },
    });
    // Twice the whole list of queries, to be cancelled in the middle.
    await setNumber(page, 'query-limit', 60);
    await page.click('#run');
    await page.waitForSelector('.cell.positive');
    await page.click('#cancel');
    await until(page, /^Cancelled/);
    expect(await page.$eval('#bar', (bar) => (bar as unknown as { hidden: boolean }).hidden)).toBe(true);
    await choose(page, SMALL);
    await page.click('#run');
    await until(page, /^(Finished|Stopped)/);
    expect(await says(page, 'error')).toBe('');
    const saved = new Promise((resolve) => {
      downloads.on('Browser.downloadProgress', ({ state }) => state === 'completed' && resolve(state));
    });
    await page.click('#download');
    await saved;
    const expected = await ofNode();
    expectAlike(numbersOfCsv(await readFile(join(folder, 'icl-gd.csv'), 'utf8')), numbersOfCsv(expected.csv));
    const accuracies = await page.$$eval('[data-accuracy]', (cells) =>
      cells.map((cell) => [cell.getAttribute('data-accuracy'), cell.getAttribute('value')]),
    );
    expect(accuracies.map(([setting, value]) => [setting, Number(value)])).toEqual(expected.accuracies);
    expect(await seriousViolations(page)).toEqual([]);
    expect(problems).toEqual([]);
    expect(await page.evaluate('fetch("https://example.org/").catch(({ name }) => name)')).toBe('TypeError');
    expect(problems.join()).toMatch(/Content Security Policy/);
    await page.close();
  });

  test('says in words that there is no WebGPU, and which browsers have it', async () => {
    const { page, problems } = await openPlayground((fresh) =>
      fresh.evaluateOnNewDocument(() => {
        Object.defineProperty(
          Object.getPrototypeOf((globalThis as unknown as { navigator: object }).navigator),
          'gpu',
          { get: () => undefined },
        );
      }),
    );
    expect(await says(page, 'unsupported')).toMatch(/no WebGPU.*Chrome.*Safari.*Firefox/);
    expect(await page.$eval('#run', (button) => button.hasAttribute('disabled'))).toBe(true);
    expect(await seriousViolations(page)).toEqual([]);
    expect(problems).toEqual([]);
    await page.close();
  });

  test('says in words what is wrong with a model or texts, and can be run after that', async () => {
    const { page, problems } = await openPlayground();
    await choose(page, TINIEST);
    await page.$eval(
      '#template',
      (input) => ((input as unknown as { value: string }).value = 'no place for it'),
    );
    await page.click('#run');
    await until(page, /^Stopped/);
    expect(await says(page, 'error')).toMatch(/\{text\}/);
    // In a closed list, which has to open for the browser to show what is lacking.
    const firstText = '#demonstrations input';
    const text = await page.$eval(firstText, (input) => {
      const field = input as unknown as { value: string };
      const before = field.value;
      field.value = '';
      return before;
    });
    await page.click('#run');
    expect(await page.$eval(firstText, (input) => input.matches('details[open] :focus'))).toBe(true);
    await page.$eval(
      firstText,
      (input, value) => ((input as unknown as { value: string }).value = value),
      text,
    );
    await page.$eval(
      '#template',
      (input) => ((input as unknown as { value: string }).value = 'Hello {text} Topic:'),
    );
    await page.click('#run');
    await until(page, /^Finished/);
    expect(await says(page, 'error')).toBe('');
    expect(await says(page, 'notes')).toMatch(/vocabulary lacks Hello:/);
    expect(problems).toEqual([]);
    await page.close();
  });

  test('reads a model of the hub by ranges, or files of this computer, and says where there is none', async () => {
    const { page, problems } = await openPlayground();
    await choose(page, TINIEST);
    const accuracy = (): Promise<string | null> =>
      page.$eval('[data-accuracy="ICL"]', (cell) => cell.getAttribute('value'));
    const run = async (): Promise<string> => {
      await page.click('#run');
      await until(page, /^(Finished|Stopped)/);
      return says(page, 'error');
    };
    await page.click('input[value="files"]');
    await page.click('#run');
    expect(await says(page, 'error')).toMatch(/config\.json/);
    const input = (await page.$('#model-files')) as ElementHandle<never>;
    await input.uploadFile(TINY);
    // A folder is read after that call.
    await page.waitForFunction('document.querySelector("#model-files").files.length > 0');
    expect(await run()).toBe('');
    const ofFiles = await accuracy();
    await page.click('input[value="hub"]');
    await page.type('#hub-id', 'own/model');
    expect(await run()).toBe('');
    expect(await accuracy()).toBe(ofFiles);
    expect(hub.downloads).toContain('model.safetensors');
    expect(problems).toEqual([]);
    await page.type('#hub-id', '-less');
    expect(await run()).toMatch(/own\/model-less.*404/);
    await page.close();
  });
});

/** Violations of serious kind that axe finds. */
async function seriousViolations(page: Page): Promise<unknown> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof axe }).axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]);
  });
}

/** What Node computes for the small run. */
async function ofNode() {
  const tasks = JSON.parse(
    await readFile(join(folder, 'apps/playground/tasks.json'), 'utf8'),
  ) as ReadyMadeTask[];
  const [task] = tasks as [ReadyMadeTask];
  const experiment = {
    ...{ template: task.template, labelWords: task.labelWords, learningRate: task.learningRate },
    ...{ learners: ['GD', 'LCGD'], seed: SMALL.seed },
    demonstrations: drawDemonstrations(task, SMALL.shots, SMALL.seed),
    queries: takeQueries(task, SMALL.queries),
  };
  using model = await loadModel(gpu(), TINY);
  const told = nothingTold(experiment);
  const texts = encodeTexts(experiment, await loadTokenizer(TINY), model.config);
  expect(texts.unknownWords).toEqual([]);
  await runExperiment(model, experiment, texts, (event) => take(told, event), new AbortController().signal);
  const accuracies = [...told.outcomes].map(([setting, outcomes]) => {
    const right = outcomes.filter(({ query, predicted }) => experiment.queries[query]?.label === predicted);
    return [setting, right.length / outcomes.length];
  });
  return { csv: toCsv(told), accuracies };
}

function numbersOfCsv(text: string): [string, number | null][] {
  const rows = parse(text, { fromLine: 2 }) as string[][];
  return rows.map((row) => [row.slice(0, -1).join(), row.at(-1) === '' ? null : Number(row.at(-1))]);
}
