import { closeSync, ftruncateSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '@icl-gd/gpu-kernels';
import { loadModel } from '@icl-gd/transformer';
import { useGpu } from '@icl-gd/gpu-kernels/testing';
import { expect, it } from 'vitest';
import { FixtureCopy } from './damage.ts';

const gpu = useGpu();

it('refuses a tensor larger than a buffer of the adapter, with its name and size', () => {
  const make = (): unknown => gpu().tensor([2 ** 20, 2 ** 20], { label: 'enormous' });
  expect(make).toThrow(UserError);
  expect(make).toThrow(/enormous \[1048576, 1048576\] needs 4398046511104 bytes/);
});

it('refuses a model with such a tensor before reading it, and keeps nothing on the device', async () => {
  using copy = new FixtureCopy('own-text-gpt2');
  const width = 24;
  const tokens = Math.ceil((gpu().device.limits.maxBufferSize + 1) / (4 * width));
  copy.editConfig({ vocab_size: tokens });
  copy.editWeights((header) => {
    const embedding = header['transformer.wte.weight']!;
    const [start] = embedding.data_offsets;
    header['transformer.wte.weight'] = {
      ...embedding,
      shape: [tokens, width],
      data_offsets: [start, start + tokens * width * 4],
    };
  });
  lengthen(join(copy.model, 'model.safetensors'));
  const before = gpu().pool.live;
  const loading = loadModel(gpu(), copy.model);
  await expect(loading).rejects.toThrow(UserError);
  await expect(loading).rejects.toThrow(/embedding\.tokens .* bytes in one buffer/);
  expect(gpu().pool.live).toEqual(before);
});

/** Brings a safetensors file to the length that its header speaks of, with a hole that takes no room on disk. */
function lengthen(path: string): void {
  const bytes = readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.subarray(8, start).toString()) as Record<
    string,
    { data_offsets?: [number, number] }
  >;
  const file = openSync(path, 'r+');
  ftruncateSync(
    file,
    start + Math.max(...Object.values(header).map(({ data_offsets }) => data_offsets?.[1] ?? 0)),
  );
  closeSync(file);
}
