import { add } from '@icl-gd/gpu-kernels';
import { simAOU, simAOUNorm } from '@icl-gd/metrics';
import { Pcg64 } from '@icl-gd/transformer';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { expect, it } from 'vitest';

const WIDTH = 512;

const gpu = useGpu();

/** Three orthogonal vectors; the second and third with three times the squared norm of the first. */
function orthogonalVectors(seed: number): Float32Array[] {
  const random = new Pcg64(seed);
  const vectors: Float64Array[] = [];
  for (let i = 0; i < 3; i++) {
    const vector = Float64Array.from({ length: WIDTH }, () => random.normal());
    for (const other of vectors) {
      const overlap = dot(vector, other) / dot(other, other);
      for (let j = 0; j < WIDTH; j++) vector[j] = (vector[j] as number) - overlap * (other[j] as number);
    }
    const scale = Math.sqrt((i === 0 ? 1 : 3) / dot(vector, vector));
    vectors.push(vector.map((value) => value * scale));
  }
  return vectors.map((vector) => Float32Array.from(vector));
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
}

it('gives SimAOU_norm = 1/4 where two updates have nothing in common, from GPU tensors', async () => {
  const [z, r, s] = orthogonalVectors(7) as [Float32Array, Float32Array, Float32Array];
  using scope = gpu().scope();
  const [zsl, noise, otherNoise] = [z, r, s].map((values) => scope.upload(values, [1, WIDTH]));
  const icl = scope.tensor([1, WIDTH]);
  const ft = scope.tensor([1, WIDTH]);
  add(gpu(), { x: zsl!, y: noise!, out: icl });
  add(gpu(), { x: zsl!, y: otherNoise!, out: ft });
  const [hZsl, hIcl, hFt] = await Promise.all([zsl!, icl, ft].map((tensor) => gpu().read(tensor)));
  const probes = [hZsl!, hIcl!, hFt!].map((attentionOutput) => [
    { attentionOutput, attentionScores: new Float32Array(0) },
  ]);
  const shape = { layers: 1, heads: 1, dModel: WIDTH };
  expect(simAOU(probes[1]!, probes[0]!, probes[2]!, shape).values[0]).toBeCloseTo(0, 6);
  expect(simAOUNorm(probes[1]!, probes[0]!, probes[2]!, shape).values[0]).toBeCloseTo(0.25, 6);
});
