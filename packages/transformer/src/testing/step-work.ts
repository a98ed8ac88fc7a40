import { type AdapterDescription, TUNINGS } from '@icl-gd/gpu-kernels';
import type { DecoderConfig } from '../config.ts';
import { recordEvaluation } from '../decoder/evaluate.ts';
import type { Objective } from '../decoder/loss-gradient.ts';
import { FineTuning } from '../fine-tuning.ts';
import { countingGpu } from '../memory/counting-gpu.ts';
import { emptyModel } from '../memory/plan.ts';
import { passOver } from '../model.ts';
import { type RecordedWork, recordedWork } from './recorded-work.ts';

const MAX_BINDING_BYTES = 2 ** 31 - 4;
/** What browsers and Dawn give on GPUs at least; WebGPU's default limit is 8. */
const MOST_BUFFERS = 10;

/** Whose kernels work is recorded with: a graphics card's, by a name of `TUNINGS`; any other's if absent. */
export type Card = keyof typeof TUNINGS;

function countingCard(card: Card = 'hardware') {
  const named: AdapterDescription = {
    ...{ description: card, vendor: '', architecture: '', device: '' },
    ...{ kind: 'hardware', profile: card, source: 'system' },
  };
  const device = { features: new Set<string>(), limits: { maxStorageBuffersPerShaderStage: MOST_BUFFERS } };
  return countingGpu({ maxBindingBytes: MAX_BINDING_BYTES, adapter: named, device });
}

/** What one fine-tuning step of keys and values records on a graphics card, nothing being run. */
export function stepWork(
  config: DecoderConfig,
  objective: Objective,
  tokens: number,
  card?: Card,
): RecordedWork {
  const gpu = countingCard(card);
  using model = emptyModel(gpu, config, 'float32');
  model.parameters.positions?.atLeast(tokens + config.positions.offset);
  const options = { objective, group: 'attention.kv', steps: 1, learningRate: 0 } as const;
  using tuning = new FineTuning(model, options);
  return recordedWork(gpu, () => tuning.step(Array<number>(tokens).fill(0)));
}

/** What a batch of probes records: so many sequences of so many tokens, each probed at its last one. */
export function probeWork(
  config: DecoderConfig,
  sequences: number,
  tokens: number,
  card?: Card,
): RecordedWork {
  const gpu = countingCard(card);
  using model = emptyModel(gpu, config, 'float32');
  model.parameters.positions?.atLeast(tokens + config.positions.offset);
  const row = tokens - 1;
  const requests = Array.from({ length: sequences }, () => ({
    tokens: Array<number>(tokens).fill(0),
    probes: [{ row, firstKey: 1 }],
    logProbs: [{ row, token: 0 }],
  }));
  using pass = passOver(
    model,
    requests.map((request) => request.tokens),
  );
  return recordedWork(gpu, () => void recordEvaluation(pass, requests));
}
