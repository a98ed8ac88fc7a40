import { collectGarbage } from '#platform/garbage.ts';
import type { BoundRanges } from './dispatch-arguments.ts';
import type { CompiledKernel } from './pipeline-cache.ts';

/** Bind groups of one generation. Two are kept: what was not used for a whole generation is dropped. */
const GENERATION = 4096;

/**
 * Bind groups that are made before those nobody refers to are looked for. Software adapters map memory for each, of which a
 * process may have 65,530 pieces on Linux.
 */
const MADE_AT_ONCE = 8192;
/** Since the last time, for all devices. */
let made = 0;

interface Entry {
  readonly layout: GPUBindGroupLayout;
  readonly buffers: readonly number[];
  readonly offsets: readonly number[];
  readonly sizes: readonly number[];
  readonly group: GPUBindGroup;
  /** Another with the same hash. */
  readonly next: Entry | undefined;
}

/**
 * Bind groups by layout, buffers, offsets and sizes. Making one takes ten times as long as the rest of a dispatch, and work
 * that is repeated binds the same again, since the pool hands out the same buffers in the same order.
 */
export class BindGroupCache {
  readonly #device: GPUDevice;
  readonly #uniforms: GPUBuffer;
  readonly #generation: number;
  #young = new Map<number, Entry>();
  #old = new Map<number, Entry>();

  /** @param uniforms holds the parameters of kernels that have them in a buffer */
  constructor(device: GPUDevice, uniforms: GPUBuffer, generation = GENERATION) {
    this.#device = device;
    this.#uniforms = uniforms;
    this.#generation = generation;
  }

  /** How many are kept, at least; of those with the same hash one counts. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** The bind group of a kernel with these storage ranges. */
  get(compiled: CompiledKernel, ranges: BoundRanges): GPUBindGroup {
    const hash = hashOf(compiled, ranges);
    const young = find(this.#young.get(hash), compiled.layout, ranges);
    if (young !== undefined) return young.group;
    const kept = find(this.#old.get(hash), compiled.layout, ranges);
    const group = kept?.group ?? this.#create(compiled, ranges);
    this.#keep(hash, compiled.layout, ranges, group);
    return group;
  }

  /** Forgets all: buffers are about to be destroyed, and a bind group would hold what is left of them. */
  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }

  #keep(hash: number, layout: GPUBindGroupLayout, ranges: BoundRanges, group: GPUBindGroup): void {
    if (this.#young.size >= this.#generation) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(hash, {
      layout,
      buffers: ranges.ids.slice(0, ranges.count),
      offsets: ranges.offsets.slice(0, ranges.count),
      sizes: ranges.sizes.slice(0, ranges.count),
      group,
      next: this.#young.get(hash),
    });
  }

  #create(
    { kernel, layout, form, uniformBytes }: CompiledKernel,
    { buffers, offsets, sizes, count }: BoundRanges,
  ): GPUBindGroup {
    const entries: GPUBindGroupEntry[] = [];
    if (form === 'uniform')
      entries.push({ binding: 0, resource: { buffer: this.#uniforms, offset: 0, size: uniformBytes } });
    for (let i = 0; i < count; i++) {
      const [buffer, offset, size] = [buffers[i] as GPUBuffer, offsets[i] as number, sizes[i] as number];
      entries.push({ binding: i + 1, resource: { buffer, offset, size } });
    }
    if (++made >= MADE_AT_ONCE) {
      made = 0;
      collectGarbage();
    }
    return this.#device.createBindGroup({ label: kernel.label, layout, entries });
  }
}

function hashOf({ number }: CompiledKernel, { ids, offsets, sizes, count }: BoundRanges): number {
  let hash = number;
  for (let i = 0; i < count; i++) {
    hash = Math.imul(hash ^ (ids[i] as number), 0x9e3779b1);
    hash = Math.imul(hash ^ (hash >>> 15) ^ (offsets[i] as number), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13) ^ (sizes[i] as number), 0xc2b2ae35);
  }
  return hash ^ (hash >>> 16);
}

function find(first: Entry | undefined, layout: GPUBindGroupLayout, ranges: BoundRanges): Entry | undefined {
  for (let entry = first; entry !== undefined; entry = entry.next)
    if (entry.layout === layout && isSame(entry, ranges)) return entry;
  return undefined;
}

function isSame({ buffers, offsets, sizes }: Entry, ranges: BoundRanges): boolean {
  for (let i = 0; i < ranges.count; i++)
    if (buffers[i] !== ranges.ids[i] || offsets[i] !== ranges.offsets[i] || sizes[i] !== ranges.sizes[i])
      return false;
  return true;
}
