import { createHash } from 'node:crypto';
import type { EvaluationResult } from '@icl-gd/transformer';
import { sameBits } from './compare.ts';
import { probes, train } from './end-to-end.ts';
import { randomModel } from './random-model.ts';
import { type Step, open } from './step.ts';

/** The same step twice, and a packed batch against its sequences one by one: the same bits. */
export const determinism: Step = {
  title: 'Determinism',
  seconds: 60,
  async run(plan, report) {
    const gpu = await open(plan);
    const model = randomModel(gpu, plan.shape, 'float32');
    for (const objective of ['output', 'layerwise'] as const) {
      const digests = [];
      for (let i = 0; i < 2; i++) digests.push(digest(await train(model, objective, 2)));
      const name = `${objective === 'output' ? 'GD' : 'LCGD'} steps twice: the same bits`;
      report({ what: 'identity', name, holds: digests[0] === digests[1], digest: digests[0]! });
    }
    const requests = probes(model, 5);
    const packed = await model.evaluate(requests);
    const single: EvaluationResult[] = [];
    for (const request of requests) single.push(...(await model.evaluate([request])));
    const holds = packed.every((result, i) => sameResult(result, single[i]!));
    report({ what: 'identity', name: 'packed = one at a time: the same bits', holds });
    model.dispose();
    gpu.dispose();
  },
};

function sameResult(a: EvaluationResult, b: EvaluationResult): boolean {
  return (
    sameBits(a.logProbs, b.logProbs) &&
    a.probes.every((own, i) => {
      const other = b.probes[i]!;
      return (
        sameBits(own.attentionOutput, other.attentionOutput) &&
        sameBits(own.attentionScores, other.attentionScores)
      );
    })
  );
}

function digest(values: Float32Array): string {
  return createHash('sha256').update(new Uint8Array(values.buffer)).digest('hex').slice(0, 16);
}
