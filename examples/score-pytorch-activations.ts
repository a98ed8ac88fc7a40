import { layerMean, type ProbeArrays, similarity } from '@icl-gd/metrics';
import { readSafetensors } from '@icl-gd/transformer';

/*
 * Every metric of a learner, by layer, from activations that PyTorch recorded. No GPU, no model.
 *
 *   npx node examples/score-pytorch-activations.ts icl.safetensors zsl.safetensors ft.safetensors
 *
 * The files are written by, for the same examples in all three settings,
 *
 *   from safetensors.torch import save_file
 *
 *   def save(file, h, m):  # lists by example: h [layers, d], m [layers, heads, length of the query]
 *       tensors = {}
 *       for i in range(len(h)):
 *           tensors[f"h.{i}"] = h[i].float().contiguous()
 *           tensors[f"m.{i}"] = m[i].float().contiguous()
 *       save_file(tensors, file)
 *
 * where h is the attention block's output at the probed token, after the output projection and before the residual is added,
 * and m are the attention scores (scaled q·k, before the softmax) from that token to the tokens of the query alone.
 */
async function readProbes(file: string) {
  const tensors = await readSafetensors(file);
  const probes: ProbeArrays[] = [];
  for (let i = 0; tensors.has(`h.${i}`); i++) {
    const [h, m] = [tensors.get(`h.${i}`), tensors.get(`m.${i}`)];
    if (!h || !m) throw new Error(`${file}: m.${i} is missing`);
    probes.push({ attentionOutput: h.data, attentionScores: m.data });
  }
  const [layers = 0, dModel = 0] = tensors.get('h.0')?.shape ?? [];
  return { probes, shape: { layers, dModel, heads: tensors.get('m.0')?.shape[1] ?? 0 } };
}

const files = process.argv.slice(2);
if (files.length !== 3) throw new Error('three files: in-context, zero-shot, fine-tuned');
const [icl, zsl, ft] = await Promise.all(files.map(readProbes));
if (!icl || !zsl || !ft) throw new Error('unreachable');
const format = (value: number | null): string => value?.toFixed(6) ?? 'undefined';
console.log(
  ['metric', 'mean', ...Array.from({ length: icl.shape.layers }, (_, l) => `layer ${l}`)].join('\t'),
);
const scores = similarity({ icl: icl.probes, zsl: zsl.probes, ft: ft.probes }, icl.shape);
for (const [id, { values }] of Object.entries(scores))
  console.log([id, format(layerMean(values)), ...values.map(format)].join('\t'));
