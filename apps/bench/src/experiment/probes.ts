import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Probe } from '@icl-gd/methods';
import { type DecoderConfig, type NamedTensor, writeSafetensors } from '@icl-gd/transformer';
import type { Group } from './plan.ts';
import type { PreparedRun } from '../tasks/prompts/prepare-run.ts';
import type { ProbesBySetting } from './compute-group.ts';

/** Its file tells that the others are there. */
const LAST_WRITTEN = 'ZSL';

/** The key keeps apart what was computed with other settings. */
function probesPath(out: string, group: Group, key: string, setting: string): string {
  const name = `${group.variant}-${group.dataset}-seed${group.seed}-${key.slice(0, 8)}-${setting}`;
  return join(out, 'probes', `${name}.safetensors`);
}

/** Whether {@link writeProbes} came to its end for this group. */
export function haveProbes(out: string, group: Group, key: string): boolean {
  return existsSync(probesPath(out, group, key, LAST_WRITTEN));
}

/**
 * One file a setting (ZSL, ICL and each method that finished), float32: `attention_output` [examples, layers, d_model]
 * (h) and `attention_logits.<row>` [layers, heads, query length] (m), row = row of validation.jsonl.
 */
export async function writeProbes(
  out: string,
  group: Group,
  key: string,
  prepared: PreparedRun,
  probes: ProbesBySetting,
  { layers, heads, dModel }: DecoderConfig,
): Promise<void> {
  await mkdir(join(out, 'probes'), { recursive: true });
  const settings = [...probes].sort(([a], [b]) => Number(a === LAST_WRITTEN) - Number(b === LAST_WRITTEN));
  for (const [setting, own] of settings) {
    const outputs = new Float32Array(own.length * layers * dModel);
    for (const [i, { attentionOutput }] of own.entries()) outputs.set(attentionOutput, i * layers * dModel);
    const logits = own.map((probe: Probe, i): NamedTensor => ({
      name: `attention_logits.${prepared.validationRows[i]}`,
      shape: [layers, heads, probe.queryLength],
      dtype: 'float32',
      data: probe.attentionScores,
    }));
    const tensors: NamedTensor[] = [
      { name: 'attention_output', shape: [own.length, layers, dModel], dtype: 'float32', data: outputs },
      ...logits,
    ];
    await writeSafetensors(probesPath(out, group, key, setting), tensors, {
      setting,
      validation_rows: prepared.validationRows.join(','),
    });
  }
}
