import { acquireGpu } from '@icl-gd/gpu-kernels';
import { runZeroShot } from '@icl-gd/methods';
import { loadModel, loadTokenizer, resolveModel } from '@icl-gd/transformer';

/*
 * What the last token of a text makes of a model: by layer the length of the attention block's output (h), and the token
 * with the largest attention score (m) of any head.
 *
 *   npx node examples/probe-model.ts EleutherAI/pythia-70m "The capital of France is"
 *
 * The model is an id of the hub, also `owner/name@revision`, or a directory. HF_HOME, HF_TOKEN and HF_HUB_OFFLINE mean what
 * they mean in Python.
 */
const [id, text] = process.argv.slice(2);
if (id === undefined || text === undefined) throw new Error('say which model and which text');

const { directory, hub } = await resolveModel(id, {
  progress: (file, received, total) => {
    if (received === total) console.error(`downloaded ${file}, ${total} bytes`);
  },
});
if (hub) console.error(`${hub.id} at ${hub.commit}`);
const gpu = await acquireGpu({ adapter: process.env['ICL_GD_ADAPTER'] ?? 'auto', log: console.error });
const tokenizer = await loadTokenizer(directory);
const model = await loadModel(gpu, directory);
const { layers, heads, dModel } = model.config;
const own = tokenizer.encode(text);
const [probe] = await runZeroShot(model, [{ tokens: own, options: [] }]);
if (!probe) throw new Error('unreachable');
console.log('layer\t|h|\tscore\thead\ttoken');
for (let layer = 0; layer < layers; layer++) {
  const h = probe.attentionOutput.subarray(layer * dModel, (layer + 1) * dModel);
  const m = probe.attentionScores.subarray(layer * heads * own.length, (layer + 1) * heads * own.length);
  const best = m.reduce((top, score, i) => (score > (m[top] ?? -Infinity) ? i : top), 0);
  const norm = Math.sqrt(h.reduce((sum, value) => sum + value * value, 0));
  const head = Math.floor(best / own.length);
  const token = JSON.stringify(tokenizer.decode([own[best % own.length] ?? 0]));
  console.log([layer, norm.toFixed(5), m[best]?.toFixed(5), head, token].join('\t'));
}
model.dispose();
gpu.dispose();
