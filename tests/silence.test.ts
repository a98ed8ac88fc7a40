import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestHub } from '../packages/transformer/src/hub/test-server.ts';
import { type CommandResult, type Fixture, fixtures, runNode } from './golden.ts';

const ROOT = join(import.meta.dirname, '..');
const { model } = fixtures().find(({ name }) => name === 'own-text-gpt2') as Fixture;
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'icl-gd-silence-')));
const hub = new TestHub(model);
let endpoint: string;
beforeAll(async () => {
  endpoint = await hub.start();
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
  // With something to warn of.
  cpSync(model, join(folder, 'model'), { recursive: true });
  const config = join(folder, 'model/config.json');
  const json = JSON.parse(readFileSync(config, 'utf8')) as object;
  writeFileSync(config, JSON.stringify({ ...json, an_unknown_key: 1 }));
});
afterAll(async () => {
  await hub.stop();
  rmSync(folder, { recursive: true });
});

/** Goes through all that succeeds, warns, diverges, is refused and is aborted, and hands on nothing. */
const PROGRAM = `
import { strict as assert } from 'node:assert';
import { acquireGpu, listAdapters } from '@icl-gd/gpu-kernels';
import { fineTune, runInContext, runZeroShot, tokenize } from '@icl-gd/methods';
import { bootstrapLayerMeanInterval, similarity } from '@icl-gd/metrics';
import { describeModel, loadModel, loadTokenizer, resolveModel } from '@icl-gd/transformer';

await listAdapters();
const gpu = await acquireGpu({ adapter: process.env.ICL_GD_ADAPTER || 'auto' });
await assert.rejects(acquireGpu({ adapter: 'none of this name' }), { code: 'no-adapter' });
const { directory } = await resolveModel('own/model');
await assert.rejects(resolveModel('own/none'), { code: 'hub-not-found' });
await assert.rejects(loadModel(gpu, './none'), { code: 'file-missing' });
const warnings = [];
await describeModel('model', { warn: (line) => warnings.push(line) });
assert.equal(warnings.length, 1);
(await loadModel(gpu, 'model')).dispose();
const model = await loadModel(gpu, directory);
const { demonstrations, queries } = tokenize(await loadTokenizer(directory), {
  demonstrations: [{ prompt: 'Review: a joy . Sentiment:', label: 'Positive' }],
  queries: ['Review: a dull film . Sentiment:', 'Review: it sparkles . Sentiment:'],
  options: ['Negative', 'Positive'],
});
const zsl = await runZeroShot(model, queries);
const icl = await runInContext(model, demonstrations, queries);
const tuned = await fineTune(model, demonstrations, { method: 'LCGD', learningRate: 0.01 });
const scores = similarity({ zsl, icl, ft: await tuned.probe(queries) }, model.config);
bootstrapLayerMeanInterval(scores.simaou.perExample, { resamples: 10, level: 0.9, random: Math.random });
await assert.rejects(fineTune(model, demonstrations, { learningRate: 1e30 }), { name: 'DivergedError' });
const reason = new Error('enough');
const controller = new AbortController();
const stop = { signal: controller.signal, onProgress: () => controller.abort(reason), tokenBudget: 1 };
await assert.rejects(runZeroShot(model, queries, stop), reason);
const late = new AbortController();
const aborted = fineTune(model, Array(200).fill(demonstrations[0]), { learningRate: 1e-6, signal: late.signal });
setTimeout(() => late.abort(reason), 5);
await assert.rejects(aborted, reason);
for (const owner of [tuned, model]) owner.dispose();
await assert.rejects(tuned.probe(queries), RangeError);
assert.equal(gpu.pool.live.bytes, 0);
gpu.dispose();
`;

function run(program: string, env: NodeJS.ProcessEnv): Promise<CommandResult> {
  const file = join(folder, 'program.mjs');
  writeFileSync(file, program);
  return runNode([file], { cwd: folder, env });
}

it('the libraries print nothing: what there is to say goes to callbacks and into errors', async () => {
  const result = await run(PROGRAM, {
    ...{ HF_ENDPOINT: endpoint, HF_HOME: folder, HF_HUB_CACHE: '', HF_TOKEN: '', HF_HUB_OFFLINE: '' },
    ICL_GD_DEBUG: '',
  });
  expect(result).toEqual({ code: 0, stdout: '', stderr: '' });
});
