import { describe, expect, it } from 'vitest';
import { findNavigatorAdapter, findNavigatorAdapters, navigatorGpu } from './navigator.ts';

interface Fake {
  readonly info: Partial<GPUAdapterInfo>;
}
const GEFORCE: Fake = { info: { vendor: 'nvidia', architecture: 'ampere', device: '', description: '' } };
const SWIFTSHADER: Fake = { info: { vendor: 'google', architecture: 'swiftshader' } };
/** What Firefox says of any adapter; an old Chromium has no `info` at all. */
const NAMELESS: Fake = { info: { vendor: '', architecture: '', device: '', description: '' } };

/** A page with these adapters: what answers each kind of request, null where there is none. */
function page({ hardware, fallback }: { hardware?: Fake; fallback?: Fake } = {}) {
  const requestAdapter = async (options: GPURequestAdapterOptions): Promise<Fake | null> =>
    (options.forceFallbackAdapter ? fallback : (hardware ?? fallback)) ?? null;
  return { navigator: { gpu: { requestAdapter } as unknown as GPU }, isSecureContext: true };
}

const named = async (choice: string, place: ReturnType<typeof page>) =>
  (await findNavigatorAdapter(choice, place)).description;

describe('an adapter of navigator.gpu', () => {
  const both = page({ hardware: GEFORCE, fallback: SWIFTSHADER });

  it('is hardware before software, and what is asked for', async () => {
    expect(await named('auto', both)).toEqual({
      description: 'nvidia ampere',
      vendor: 'nvidia',
      architecture: 'ampere',
      device: '',
      kind: 'hardware',
      profile: 'nvidia',
      source: 'navigator',
    });
    expect(await named('hardware', both)).toMatchObject({ kind: 'hardware' });
    expect(await named('software', both)).toMatchObject({ kind: 'software', profile: 'swiftshader' });
    expect(await named(' SwiftShader ', both)).toMatchObject({ kind: 'software' });
    expect(await named('auto', page({ fallback: SWIFTSHADER }))).toMatchObject({ kind: 'software' });
    expect((await findNavigatorAdapters(both)).map(({ profile }) => profile)).toEqual([
      'nvidia',
      'swiftshader',
    ]);
  });

  it('has a name though the browser gives it none', async () => {
    expect(await named('auto', page({ hardware: NAMELESS }))).toMatchObject({
      description: 'an adapter without a name',
      kind: 'hardware',
    });
    const warp = page({ fallback: { info: { vendor: 'microsoft', isFallbackAdapter: true } } });
    expect(await named('software', warp)).toMatchObject({ kind: 'software', profile: 'microsoft' });
    expect(await named('auto', page({ hardware: {} as Fake }))).toMatchObject({ vendor: '' });
  });

  it.each(['lavapipe', '', 'hardwear'])('is refused by name where none is called %j', async (choice) => {
    await expect(findNavigatorAdapter(choice, both)).rejects.toMatchObject({
      name: 'UserError',
      code: 'no-adapter',
      message: `no usable adapter for "${choice}" (found only: nvidia ampere (hardware); google swiftshader (software)); here it may be auto, hardware, software or part of an adapter's name`,
    });
  });

  it('is missed in words where there is none', async () => {
    await expect(findNavigatorAdapter('auto', page())).rejects.toThrow(/has WebGPU, but no adapter for it/);
    await expect(findNavigatorAdapter('hardware', page({ fallback: SWIFTSHADER }))).rejects.toThrow(
      /no usable adapter for "hardware" \(found only: google swiftshader \(software\)\)/,
    );
    expect(await findNavigatorAdapters(page())).toEqual([]);
  });
});

describe('a page without WebGPU', () => {
  it('is told which browsers have it', async () => {
    for (const find of [findNavigatorAdapter('auto', { isSecureContext: true }), findNavigatorAdapters({})])
      await expect(find).rejects.toMatchObject({
        code: 'no-adapter',
        message: expect.stringMatching(/^this browser has no WebGPU: Chrome and Edge .* Safari .* Firefox/),
      });
  });

  it('is told that it must come from https:// or localhost where it does not', async () => {
    await expect(findNavigatorAdapter('auto', { navigator: {}, isSecureContext: false })).rejects.toThrow(
      /^WebGPU is there for pages from https:\/\/ or from localhost alone/,
    );
  });

  it('is what Node is by itself', () => {
    expect(navigatorGpu()).toBeUndefined();
  });
});
